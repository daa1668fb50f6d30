"""Integrate an unknown out of a free entropy.

Integrating a field out at its saddle leaves ``phi`` at the solution of its own stationarity
condition, and at order N**0 the Gaussian factor ``sqrt(2 pi/N) / sqrt(-s phi_uu)``.  If
``-s phi_uu`` is negative the field could not be integrated before its partner (``m`` before its
conjugate when the energy is convex in m): the two contours turn together, and the partner's sign
changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sympy import Dummy, Expr, Matrix, S, expand_log, log, pi

from derive.errors import DeriveError
from derive.saddle.index_notation import index_of, marks, replaced_everywhere
from derive.saddle.inversion import NotInvertible, solve_for
from derive.saddle.laplace import wick_corrections
from derive.saddle.linear import numbered, sample_point, sample_sign
from derive.saddle.orientation import oriented
from derive.saddle.stationarity import terms_of, tidy
from derive.total import Total

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["Reduced", "eliminate", "eliminate_sites", "split_correction", "stationary_value"]


@dataclass(frozen=True)
class Reduced:
    """What is left of a free entropy without some unknowns."""

    removed: tuple[Expr, ...]
    density: Expr
    signs: tuple[int, ...]
    correction: Expr


def eliminate(free_entropy: FreeEntropy, unknown: Expr) -> Reduced:
    """Integrate one scalar unknown out, at its own stationary point.

    Raises
    ------
    DeriveError
        If its stationarity condition has no closed-form solution, or more than one real one.
    """
    unknowns, signs = free_entropy.unknowns, free_entropy.signs
    density, correction, size = free_entropy.density, free_entropy.correction, free_entropy.size
    position = unknowns.index(unknown)
    value = stationary_value(free_entropy.gradient[position], unknown, unknown)
    curvature = density.diff(unknown, 2).subs(unknown, value)
    own, new_signs = signs[position], list(signs)
    turned = sample_sign(-own * curvature) < 0
    if turned:
        partner = _partner(density, unknowns, signs, position)
        new_signs[partner] = -new_signs[partner]
    gaussian = log(2 * pi / size) / 2 - log((own if turned else -own) * curvature) / 2
    # the exponent's own O(1/N) term is substituted with the rest of the correction, not again here
    levels = [density, *split_correction(correction, (unknown,), size)[1][:1]]
    covariance = Matrix([[-1 / curvature]])
    (beyond,) = wick_corrections(levels, (unknown,), {unknown: value}, covariance, 1)
    del new_signs[position]
    return Reduced(
        (unknown,),
        density.subs(unknown, value),
        tuple(new_signs),
        correction.subs(unknown, value) + gaussian + beyond / size,
    )


def eliminate_sites(free_entropy: FreeEntropy, unknown: Expr) -> Reduced:
    """Eliminate a vector of unknowns whose stationarity conditions do not couple its components.

    The Gaussian factor of each component, ``sqrt(2 pi)`` over the root of its curvature, goes into
    the correction.

    Raises
    ------
    DeriveError
        If the conditions couple the components, or have no unique closed-form solution.
    """
    unknowns, signs = free_entropy.unknowns, free_entropy.signs
    position = unknowns.index(unknown)
    row = free_entropy.gradient[position]
    single = Dummy("component", real=True)
    local = row.xreplace({unknown: single})
    if local.has(*marks((unknown,))):
        raise DeriveError(
            f"stationarity in {unknown} couples its components: use on_shell('{unknown.name}'), "
            "which takes its value from another saddle equation, or eliminate its conjugate"
        )
    value = stationary_value(local, single, unknown)
    new_signs = list(signs)
    curvature = tidy(local.diff(single)).subs(single, value)
    turned = sample_sign(-signs[position] * curvature) < 0
    if turned:
        partner = _partner(free_entropy.density, unknowns, signs, position)
        new_signs[partner] = -new_signs[partner]
    del new_signs[position]
    width = oriented(
        (signs[position] if turned else -signs[position]) * free_entropy.size * curvature
    )
    gaussian = (expand_log(log(2 * pi)) - log(width)) / 2
    return Reduced(
        (unknown,),
        replaced_everywhere(free_entropy.density, unknown, value),
        tuple(new_signs),
        replaced_everywhere(free_entropy.correction, unknown, value)
        + Total(gaussian, *index_of(unknown)),
    )


def stationary_value(gradient: Expr, variable: Expr, unknown: Expr) -> Expr:
    """The variable that stands for an unknown, where the gradient vanishes."""
    try:
        roots = solve_for(gradient, variable)
    except NotInvertible as problem:
        raise DeriveError(
            f"{unknown} cannot be eliminated: {problem}; keep it, or eliminate another unknown"
        ) from None
    real = [root for root in roots if _is_real_branch(root)] if len(roots) > 1 else list(roots)
    if len(real) != 1:
        raise DeriveError(
            f"stationarity in {unknown} has {len(real)} real solutions {real or list(roots)}: "
            "the elimination is not unique; keep it as an unknown"
        )
    return real[0]


def _is_real_branch(root: Expr) -> bool:
    """Whether a branch is real at some point of the parameters and the other unknowns."""
    root = numbered(root)
    symbols = sorted(root.free_symbols, key=str)
    values = (root.xreplace(sample_point(symbols, k)).evalf(20) for k in range(18))
    return any(value.is_real for value in values)


def _partner(density: Expr, unknowns: Sequence[Expr], signs: Sequence[int], position: int) -> int:
    """The field of the other kind that is coupled to the one eliminated."""
    coupled = [
        k
        for k in range(len(unknowns))
        if signs[k] == -signs[position] and density.diff(unknowns[position], unknowns[k]) != 0
    ]
    if len(coupled) != 1:
        raise DeriveError(
            f"{unknowns[position]} cannot be integrated along its contour, and no single partner "
            f"turns with it (candidates {[unknowns[k] for k in coupled]}): eliminate its conjugate"
        )
    return coupled[0]


def split_correction(
    correction: Expr, unknowns: Sequence[Expr], size: Expr
) -> tuple[Expr, list[Expr]]:
    """Split into what is free of unknowns and, for the rest, the coefficients of N**0, N**-1...

    Raises
    ------
    DeriveError
        If a term that depends on an unknown is no power N**(-k) with k = 0, 1, 2, ...
    """
    constant: Expr = S.Zero
    levels: dict[int, Expr] = {}
    for function, coefficient in terms_of(correction, unknowns).items():
        term = coefficient * function
        if not term.has(*unknowns):
            constant += term
            continue
        rest, power = term.as_independent(size, as_Add=False)
        base, exponent = power.as_base_exp() if power != 1 else (size, S.Zero)
        if base != size or not (exponent.is_Integer and exponent <= 0):
            raise DeriveError(
                f"the term {term} of the correction is no power of 1/{size}: a correction holds "
                "what is left of log Z beyond order N"
            )
        levels[-int(exponent)] = levels.get(-int(exponent), S.Zero) + rest
    return constant, [levels.get(k, S.Zero) for k in range(max(levels, default=-1) + 1)]
