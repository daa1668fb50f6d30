"""Typed errors of the solvers, beside those of `numerics.errors` for wrong numbers."""

from __future__ import annotations

from numerics.errors import NumericsError

__all__ = ["BranchError", "ProblemError"]


class ProblemError(NumericsError):
    """The equations lack what the call needs: no potential, no update, an unknown name."""


class BranchError(NumericsError):
    """A branch was asked for where there is none."""
