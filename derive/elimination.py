"""Remove an unknown from a free entropy through its own stationarity condition.

Integrating a field out at its saddle leaves ``phi`` at the solution, and at order N**0 the Gaussian
factor ``sqrt(2 pi/N) / sqrt(-s phi_uu)``.  If ``-s phi_uu`` is negative the field could not be
integrated before its partner (``m`` before its conjugate when the energy is convex in m): the two
contours turn together, and the partner's sign changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr, Matrix, Rational, S, log, pi

from derive.errors import DeriveError
from derive.inversion import NotInvertible, solve_for
from derive.laplace import wick_corrections
from derive.linear import sample_point
from derive.stationarity import terms_of

__all__ = ["Reduced", "eliminate", "sample_sign", "split_correction"]


@dataclass(frozen=True)
class Reduced:
    """A free entropy with one unknown fewer, and what that unknown became."""

    density: Expr
    signs: tuple[int, ...]
    correction: Expr
    value: Expr


def eliminate(
    density: Expr,
    unknowns: Sequence[Expr],
    signs: Sequence[int],
    correction: Expr,
    size: Expr,
    unknown: Expr,
    gradient: Expr,
) -> Reduced:
    """Solve one stationarity condition explicitly and substitute.

    Parameters
    ----------
    density, unknowns, signs, correction, size
        As in `FreeEntropy`.
    unknown : Expr
        What to eliminate.
    gradient : Expr
        The derivative of the density by it.

    Raises
    ------
    DeriveError
        If the condition has no closed-form solution, or more than one real one.
    """
    value = _stationary_value(gradient, unknown)
    position = list(unknowns).index(unknown)
    kept = [k for k in range(len(unknowns)) if k != position]
    curvature = density.diff(unknown, 2).subs(unknown, value)
    own = signs[position]
    turned = sample_sign(-own * curvature) < 0
    new_signs = list(signs)
    if turned:
        partner = _partner(density, unknowns, signs, position)
        new_signs[partner] = -new_signs[partner]
    gaussian = log(2 * pi / size) / 2 - log((own if turned else -own) * curvature) / 2
    # the exponent's own O(1/N) term is substituted with the rest of the correction, not again here
    levels = [density, *split_correction(correction, (unknown,), size)[1][:1]]
    covariance = Matrix([[-1 / curvature]])
    (beyond,) = wick_corrections(levels, (unknown,), {unknown: value}, covariance, 1)
    return Reduced(
        density.subs(unknown, value),
        tuple(new_signs[k] for k in kept),
        correction.subs(unknown, value) + gaussian + beyond / size,
        value,
    )


def _stationary_value(gradient: Expr, unknown: Expr) -> Expr:
    try:
        roots = solve_for(gradient, unknown)
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
    symbols = sorted(root.free_symbols, key=str)
    values = (root.xreplace(sample_point(symbols, k)).evalf(20) for k in range(18))
    return any(value.is_real for value in values)


def sample_sign(expr: Expr) -> int:
    """The sign at the first sample point at which the expression is real and not zero."""
    symbols = sorted(expr.free_symbols, key=str)
    for k in range(18):
        value = expr.xreplace(sample_point(symbols, k)).evalf(20)
        if value.is_real and abs(value) > Rational(1, 10**15):
            return 1 if value > 0 else -1
    raise DeriveError(f"the sign of {expr} cannot be determined: give numbers to its symbols first")


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
