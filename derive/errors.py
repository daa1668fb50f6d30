"""Typed errors: each says what is wrong, which symbol, and which call would mend it."""

from __future__ import annotations

__all__ = [
    "CouplingError",
    "DeclarationError",
    "DeriveError",
    "IndexRangeError",
    "KinkError",
    "MoveError",
    "NotExtensiveError",
    "ParameterError",
    "UnboundedError",
]


class DeriveError(ValueError):
    """Base class of everything that `derive` refuses."""


class DeclarationError(DeriveError):
    """A declaration that cannot stand: a name used twice, an empty range, a malformed measure."""


class IndexRangeError(DeclarationError):
    """An element was given an index of another range, or the wrong number of indices."""


class ParameterError(DeriveError):
    """A parameter has no admissible value: zero temperature, a complex or nan number, no value."""


class UnboundedError(DeriveError):
    """The exponent grows without bound over an unbounded measure, so that Z diverges."""


class MoveError(DeriveError):
    """A move does not apply to the ensemble that it was given."""


class CouplingError(MoveError):
    """A variable cannot be traced because a term couples different sites of it."""


class NotExtensiveError(MoveError):
    """The exponent is not proportional to the size in which a saddle point was asked for."""


class KinkError(MoveError):
    """The points where an integrand is not analytic cannot be found."""
