"""What machine code adds to the errors of `numerics`."""

from __future__ import annotations

from numerics.errors import NumericsError

__all__ = ["CompilationError", "MissingBackendError"]


class MissingBackendError(NumericsError):
    """A package that a backend needs is not installed; the message names the extra that has it."""


class CompilationError(NumericsError):
    """A generated unit does not compile: a defect of ours or of the compiler, not of the user."""
