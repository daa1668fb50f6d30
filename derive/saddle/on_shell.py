"""Put the saddle values of unknowns, in terms of the others, into a free entropy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sympy import Add, Expr, Matrix, Mul, expand_log, log, nan, pi

from derive.errors import DeriveError
from derive.saddle.elimination import Reduced
from derive.saddle.index_notation import marks, replaced_everywhere
from derive.saddle.linear import determinant, sample_sign
from derive.saddle.stationarity import distributed, gathered, tidy
from derive.saddle.vector_fluctuations import components_of, log_determinant, with_joined_logarithms

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["at_saddle_value", "at_saddle_values"]

_READABLE = 60  # operations


def at_saddle_value(free_entropy: FreeEntropy, unknown: Expr) -> Reduced:
    """Put the saddle value of one scalar unknown, in terms of the others, into a free entropy.

    The density keeps its stationary points and their values.  The Gaussian fluctuations are
    kept through the ratio of the two determinants.

    Raises
    ------
    DeriveError
        If there is no saddle equation for the unknown, or its value depends on itself.
    """
    unknowns = free_entropy.unknowns
    value = _given(free_entropy, unknown)
    if value is None or value.has(unknown):
        raise _not_given(unknown)
    kept = [u for u in unknowns if u != unknown]
    signs = [s for u, s in zip(unknowns, free_entropy.signs, strict=True) if u != unknown]
    density = replaced_everywhere(free_entropy.density, unknown, value)
    correction = replaced_everywhere(free_entropy.correction, unknown, value)
    before = Mul(*free_entropy.signs) * determinant(-free_entropy.hessian)
    slopes = [tidy(density.diff(a), kept) for a in kept]
    after = determinant(Matrix([[-slope.diff(b) for b in kept] for slope in slopes]))
    ratio = before.subs(unknown, value) / (Mul(*signs) * after)
    if kept and sample_sign(ratio) < 0:
        signs[0], ratio = -signs[0], -ratio
    correction += log(2 * pi / free_entropy.size) / 2 - log(ratio) / 2
    return Reduced((unknown,), density, tuple(signs), correction)


def at_saddle_values(free_entropy: FreeEntropy, wanted: Sequence[Expr]) -> Reduced:
    """The same for several unknowns at once, where some have an index.

    All values are taken from the saddle equations before any is used: putting in one conjugate
    field of ``a A b`` alone leaves an exponent that no longer depends on its partner.

    Raises
    ------
    DeriveError
        If the saddle equations do not give one of them in terms of the unknowns that are kept, or
        what is left no longer depends on one of these.
    """
    values = _resolved(free_entropy, wanted)
    density, correction = free_entropy.density, free_entropy.correction
    for unknown, value in values.items():
        density = replaced_everywhere(density, unknown, value)
        correction = replaced_everywhere(correction, unknown, value)
    density = distributed(gathered(distributed(density)))
    pairs = zip(free_entropy.unknowns, free_entropy.signs, strict=True)
    kept = {u: sign for u, sign in pairs if u not in values}
    if lost := [str(u) for u in kept if not density.has(*marks((u,)))]:
        raise DeriveError(
            f"with {', '.join(map(str, wanted))} on shell nothing depends on {', '.join(lost)} any "
            "more: put the conjugates of all fields on shell in one call, on_shell('Ah', 'Bh')"
        )
    return Reduced(
        tuple(wanted),
        density,
        tuple(kept.values()),
        correction + _lost_fluctuations(free_entropy, density, kept, values),
    )


def _lost_fluctuations(
    free_entropy: FreeEntropy, density: Expr, kept: Mapping[Expr, int], values: Mapping[Expr, Expr]
) -> Expr:
    """What keeps the Gaussian fluctuations as they were; nan where it is not known.

    Without a natural form the Hessian holds the saddle equations inside of themselves, and that of
    a long density cannot be read: fluctuations are then taken before.
    """
    reduced = free_entropy.func(density, tuple(kept), tuple(kept.values()), *free_entropy.args[3:])
    if density.count_ops() > _READABLE or reduced.natural_form is None:
        return nan
    try:
        before, after = log_determinant(free_entropy), log_determinant(reduced)
    except DeriveError:
        return nan
    for unknown, value in values.items():
        before = replaced_everywhere(before, unknown, value)
    count = Add(*map(components_of, values))
    change = count * expand_log(log(2 * pi)) - before + after
    return with_joined_logarithms(distributed(change / 2))


def _given(free_entropy: FreeEntropy, unknown: Expr) -> Expr | None:
    natural = free_entropy.natural_form
    return natural.updates[free_entropy.unknowns.index(unknown)] if natural else None


def _not_given(unknown: Expr) -> DeriveError:
    return DeriveError(
        f"the saddle equations do not give {unknown} in terms of the other unknowns: "
        f"use eliminate('{unknown}'), or keep it"
    )


def _resolved(free_entropy: FreeEntropy, wanted: Sequence[Expr]) -> dict[Expr, Expr]:
    """The saddle values, in terms of the unknowns that are kept."""
    values: dict[Expr, Expr] = {}
    for unknown in wanted:
        value = _given(free_entropy, unknown)
        for other, known in values.items():
            value = None if value is None else replaced_everywhere(value, other, known)
        if value is None or value.has(*marks((unknown,))):
            raise _not_given(unknown)
        values = {u: replaced_everywhere(v, unknown, value) for u, v in values.items()}
        values[unknown] = value
    if unresolved := [u for u, v in values.items() if v.has(*marks(wanted))]:
        raise _not_given(unresolved[0])
    return values
