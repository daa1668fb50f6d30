"""What the search for a closed form raises, and `closed_form` turns into None."""

from __future__ import annotations

__all__ = ["NoClosedForm"]


class NoClosedForm(Exception):
    """The average has no closed form in the table."""
