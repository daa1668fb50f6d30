"""Typed errors of the numeric half: what is wrong, which symbol, and what mends it."""

from __future__ import annotations

__all__ = [
    "AmbiguousNameError",
    "DomainError",
    "MissingBackendError",
    "MissingParameterError",
    "NonFiniteError",
    "NotANumberError",
    "NumericsError",
    "OutputError",
    "PrecisionError",
    "ShapeError",
    "SymmetryError",
    "UnknownParameterError",
    "UnsupportedExpressionError",
]


class NumericsError(ValueError):
    """Base class of everything that `numerics` refuses."""


class UnsupportedExpressionError(NumericsError):
    """An expression holds something that has no numeric meaning, such as an undefined function."""


class MissingParameterError(NumericsError):
    """A kernel was called without a value for one of its parameters."""


class UnknownParameterError(NumericsError):
    """A kernel was given a value for something that it does not depend on."""


class AmbiguousNameError(NumericsError):
    """Two parameters are written alike, so that a keyword cannot tell them apart."""


class NotANumberError(NumericsError):
    """An input is complex, nan, infinite, or no number at all."""


class DomainError(NumericsError):
    """An input lies outside of what its symbol was declared to be: a temperature of zero."""


class ShapeError(NumericsError):
    """Arrays do not broadcast, or disagree about the size of an index."""


class SymmetryError(NumericsError):
    """An array that was declared symmetric is not equal to its transpose."""


class OutputError(NumericsError):
    """An `out` array has the wrong shape or type, or cannot be written."""


class NonFiniteError(NumericsError):
    """A result is infinite or nan although every input was finite."""


class PrecisionError(NumericsError):
    """No two precisions of the reference agree, so that no digit can be vouched for."""


class MissingBackendError(NumericsError, ImportError):
    """A package that a backend needs is not installed; the message names the extra that has it."""
