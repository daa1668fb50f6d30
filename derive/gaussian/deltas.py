"""Delta functions under an average: conditioning on the root of a linear form.

The average of g(x) delta(a.x + b) is the density of a.x + b at zero times the average of g given
that a.x + b = 0.  For the k-th derivative of delta, both are taken at a.x + b = t, and what is
asked for is (-d/dt)^k of their product at t = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import (
    Add,
    DiracDelta,
    Dummy,
    Expr,
    Mul,
    Pow,
    S,
    Symbol,
    default_sort_key,
    exp,
    expand,
    pi,
    sqrt,
)

from derive.errors import MoveError
from derive.gaussian.covariance import given_form, sign_of
from derive.gaussian.kinks import real_roots
from derive.gaussian.substitution import put
from derive.gaussian.terms import distributed, linear_form

__all__ = ["has_delta", "without_continuous_jumps", "without_deltas"]


def has_delta(average: Any) -> bool:
    """Whether a delta function of the variables stands in the integrand."""
    bound = set(average.variables)
    found = average.integrand.atoms(DiracDelta)
    return any(not bound.isdisjoint(delta.args[0].free_symbols) for delta in found)


def without_deltas(average: Any) -> Expr:
    """The same average with its delta functions integrated out.

    Raises
    ------
    MoveError
        If one is not a factor, or its argument is no linear form of positive variance.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import DiracDelta, symbols, tanh
    >>> x, y, k = symbols("x y k", real=True)
    >>> without_deltas(dv.GaussianAverage(DiracDelta(x - k) * tanh(x), x))
    sqrt(2)*exp(-k**2/2)*tanh(k)/(2*sqrt(pi))
    """
    if not has_delta(average):
        return average
    terms = distributed(average.integrand, average.variables)
    smooth = [term for term in terms if not _deltas(term, average)]
    rest = [term for term in terms if _deltas(term, average)]
    law = average.args[1:]
    return Add(average.func(Add(*smooth), *law), *(_integrated(average, term) for term in rest))


def _deltas(term: Expr, average: Any) -> list[Expr]:
    bound = set(average.variables)
    return [d for d in term.atoms(DiracDelta) if not bound.isdisjoint(d.args[0].free_symbols)]


def _integrated(average: Any, term: Expr) -> Expr:
    """The average of a product of which one factor is a delta function."""
    delta = _deltas(term, average)[0]
    factors = list(Mul.make_args(term))
    if delta not in factors:
        raise MoveError(f"{term} is not linear in {delta}: no average of it exists")
    factors.remove(delta)
    rest, form = Mul(*factors), delta.args[0]
    order = int(delta.args[1]) if len(delta.args) > 1 else 0
    linear = linear_form(form, average.variables)
    if linear is None:
        return _at_roots(average, rest, form, order)
    value = _given(average, rest, *linear, order)
    return Add(*(_opened(average, part) for part in Add.make_args(value)))


def _opened(average: Any, part: Expr) -> Expr:
    """Delta functions that are left in the averages of a product."""
    inner = [f for f in Mul.make_args(part) if isinstance(f, average.func)]
    return Mul(part / Mul(*inner), *(without_deltas(node) for node in inner)) if inner else part


def _given(average: Any, rest: Expr, slopes: list[Expr], constant: Expr, order: int) -> Expr:
    t = Dummy("t", real=True) if order else S.Zero
    variance, excess, means, matrix = given_form(
        average.mean, average.covariance, slopes, t - constant
    )
    variance, excess = expand(variance), expand(excess)
    if sign_of(variance) == 0:
        raise MoveError(f"a delta function of {constant}, which does not vary, has no average")
    pivot = _pivot(slopes)
    others = [k for k in range(len(slopes)) if k != pivot]
    names = average.variables
    shift = Add(*(slopes[k] * names[k] for k in others))
    inside = put(rest, {names[pivot]: (t - constant - shift) / slopes[pivot]})
    kept = [names[k] for k in others]
    law = [means[k] for k in others], matrix.extract(others, others).applyfunc(expand)
    conditional = average.func(inside, kept, *law) if kept else inside
    density = exp(-(excess**2) / (2 * variance)) / sqrt(2 * pi * variance)
    value = density * conditional
    for _ in range(order):
        value = -value.diff(t)
    return value.xreplace({t: S.Zero}) if order else value


def without_continuous_jumps(integrand: Expr, variables: Sequence[Symbol]) -> Expr:
    """The derivative of a function without the delta functions at which it does not jump.

    g(x) delta(l(x)) depends on g at the root of l only, where the values on both sides cancel.
    """
    if not integrand.has(DiracDelta):
        return integrand
    rest: list[Expr] = []
    jumps: dict[Expr, Expr] = {}
    for term in distributed(integrand, variables):
        deltas = [f for f in Mul.make_args(term) if isinstance(f, DiracDelta)]
        linear = linear_form(deltas[0].args[0], variables) if len(deltas) == 1 else None
        if linear is None or len(deltas[0].args) > 1:
            rest.append(term)
            continue
        form = expand(deltas[0].args[0])
        form = max(form, -form, key=default_sort_key)
        slopes, constant = linear_form(form, variables) or ([], form)
        pivot = _pivot(slopes)
        others = Add(*(a * v for k, (a, v) in enumerate(_pairs(slopes, variables)) if k != pivot))
        root = -(constant + others) / slopes[pivot]
        at_root = put(term / deltas[0], {variables[pivot]: root})
        jumps[form] = jumps.get(form, S.Zero) + at_root
    return Add(*rest, *(expand(jump) * DiracDelta(form) for form, jump in jumps.items()))


def _pairs(slopes: Sequence[Expr], variables: Sequence[Symbol]) -> Any:
    return zip(slopes, variables, strict=True)


def _pivot(slopes: Sequence[Expr]) -> int:
    """The variable to eliminate: one of a coefficient that is a number, the first such."""
    sure = [k for k, slope in enumerate(slopes) if slope.is_number and slope != 0]
    return sure[0] if sure else next(k for k, slope in enumerate(slopes) if slope != 0)


def _at_roots(average: Any, rest: Expr, form: Expr, order: int) -> Expr:
    """delta(q(x)) as the sum of delta(x - r)/|q'(r)| over the roots of q."""
    names = [v for v in average.variables if v in form.free_symbols]
    if order or len(names) > 1:
        raise MoveError(f"the root of {form} in {names} is not found: no average of a delta there")
    (name,) = names
    total = S.Zero
    for root in real_roots(form, name):
        slope = form.diff(name).xreplace({name: root})
        sure = sign_of(slope)
        if sure is None or sure == 0:
            raise MoveError(f"whether {form} crosses zero at {name} = {root} is not known")
        total += DiracDelta(name - root) * Pow(sure * slope, -1)
    return without_deltas(average.func(expand(total) * rest, *average.args[1:]))
