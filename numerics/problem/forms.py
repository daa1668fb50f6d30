"""The symbolic forms that a solver needs, each derived from the equations by differentiation."""

from __future__ import annotations

from functools import lru_cache

from sympy import Add, Expr, count_ops, default_sort_key, expand_mul, factor

from derive.equations import Element, Equations, GaussianAverage, free_indices
from numerics.problem.errors import ProblemError

__all__ = ["columns_of", "gradient", "hessian", "jacobian", "residuals", "sign_of_changes", "terms"]


@lru_cache(maxsize=128)
def residuals(equations: Equations) -> tuple[Expr, ...]:
    """What vanishes at a solution: as given, else unknown - update, else the gradient.

    Raises
    ------
    ProblemError
        If there is none of the three, or not one residual for each unknown.
    """
    if equations.residuals:
        found = equations.residuals
    elif equations.update:
        found = tuple(u - f for u, f in zip(equations.unknowns, equations.update, strict=True))
    else:
        found = gradient(equations)
    if len(found) != len(equations.unknowns):
        raise ProblemError(
            f"{len(found)} residuals for {len(equations.unknowns)} unknowns: give one for each"
        )
    return tuple(map(_oriented, map(_joined, found)))


@lru_cache(maxsize=128)
def sign_of_changes(equations: Equations) -> int:
    """1 or -1 if the residuals are the changes by one update up to that sign, else 0."""
    changes = [f - u for u, f in zip(equations.unknowns, equations.update, strict=False)]
    for sign in (1, -1):
        if changes and all(
            r - sign * c == 0 for r, c in zip(residuals(equations), changes, strict=True)
        ):
            return sign
    return 0


@lru_cache(maxsize=128)
def gradient(equations: Equations) -> tuple[Expr, ...]:
    """The first derivatives of the potential."""
    if equations.potential is None:
        raise ProblemError("these equations have no residuals, no update and no potential")
    slopes = (equations.potential.diff(unknown) for unknown in equations.unknowns)
    return tuple(map(_oriented, map(_joined, slopes)))


@lru_cache(maxsize=128)
def jacobian(equations: Equations) -> tuple[tuple[Expr, ...], ...]:
    """The derivative of each residual by each unknown, a vector unknown under a second index."""
    columns = columns_of(equations)
    return tuple(tuple(_joined(r.diff(u)) for u in columns) for r in residuals(equations))


@lru_cache(maxsize=128)
def hessian(equations: Equations) -> tuple[tuple[Expr, ...], ...]:
    """The second derivatives of the potential, rows under the first index, columns the second."""
    columns = columns_of(equations)
    return tuple(tuple(_joined(g.diff(u)) for u in columns) for g in gradient(equations))


def _joined(expr: Expr) -> Expr:
    """With one average for each law; what stands beside it in factors, which vanish without loss.

    ``2 - 4 q + 2 q**2`` has no digit left at q = 1 - 1e-8, where ``2 (1 - q)**2`` has all.
    """
    if not expr.has(GaussianAverage):
        return expr
    parts = Add.make_args(GaussianAverage.joined(expr))
    plain = Add(*(part for part in parts if not part.has(GaussianAverage)))
    if plain.is_rational_function():
        plain = min(factor(plain), Add(*map(factor, Add.make_args(plain))), key=count_ops)
    return Add(plain, *(part for part in parts if part.has(GaussianAverage)))


def _oriented(expr: Expr) -> Expr:
    """Of averages over x and -x, whose laws are the same, always the same one.

    Derivatives stay as they come: they are summed over the nodes of what was differentiated.
    """
    return expr.xreplace({a: _mirrored(a) for a in expr.atoms(GaussianAverage)})


def _mirrored(average: Expr) -> Expr:
    if len(average.variables) > 1 or average.mean[0] != 0:
        return average
    (x,) = average.variables
    forms = (average.integrand, average.integrand.xreplace({x: -x}))
    return average.func(min(forms, key=default_sort_key), x, 0, average.covariance)


def columns_of(equations: Equations) -> tuple[Expr, ...]:
    """The unknowns, vector unknowns with an index that occurs nowhere else.

    Its name does not depend on those of summed indices, in which equal equations may differ.
    """
    return tuple(map(_reindexed, equations.unknowns))


def _reindexed(unknown: Expr) -> Expr:
    if not isinstance(unknown, Element) or not free_indices(unknown):
        return unknown
    (old,) = free_indices(unknown)
    return unknown.xreplace({old: old.renamed(f"\0column {old.name}")})


def terms(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum: their magnitudes bound the rounding error of adding them up."""
    return tuple(Add.make_args(expand_mul(expr, deep=False)))
