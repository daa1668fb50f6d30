"""What machine code adds to the errors of `numerics`."""

from __future__ import annotations

from numerics.errors import MissingBackendError, NumericsError

__all__ = ["CompilationError", "MissingBackendError"]


class CompilationError(NumericsError):
    """A generated unit does not compile: a defect of ours or of the compiler, not of the user."""
