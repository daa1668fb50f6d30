"""The hooks by which notebooks typeset an object."""

from __future__ import annotations

import os

__all__ = ["Typeset"]


class Typeset:
    """Mix in before the other bases: the object shows itself typeset.

    JupyterLab takes the page fragment, whose formulas it typesets without a network.  VS Code does
    not typeset formulas in page fragments: there the fragment is withheld, and it takes the
    Markdown.
    """

    __slots__ = ()

    def _repr_latex_(self) -> str:
        from derive.latex import latex_of

        return f"$\\displaystyle {latex_of(self)}$"

    def _repr_markdown_(self) -> str:
        from derive.html import markdown_of

        return markdown_of(self)

    def _repr_html_(self) -> str | None:
        from derive.html import html_of

        return None if "VSCODE_PID" in os.environ else html_of(self)
