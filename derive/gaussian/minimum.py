"""Envelopes and proximal operators as numbers, to any number of digits.

Between the kinks of the loss, stationary points are bracketed on a grid and refined; a kink is a
minimum where the slope changes sign.  Of several the lowest is taken: a convex loss has only one,
and that of another loss is found if the grid separates them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import mpmath
from mpmath import mp
from sympy import DiracDelta, Expr, Float, Function, Symbol, preorder_traversal

from derive.errors import MoveError
from derive.gaussian.kinks import kinks

__all__ = ["digits", "place", "solver", "with_minima"]

GUARD = 20  # bits
GRID = 6  # intervals between kinks
DOUBLINGS = 200


def digits(node: Any, prec: int) -> Expr:
    """A node without free symbols, to `prec` bits."""
    with mp.workprec(prec + GUARD):
        where = [mpmath.mpmathify(a.evalf(mp.dps)._to_mpmath(mp.prec)) for a in node.args[2:]]
        return Float._new(mpmath.mpf(solver(node, ())(*where))._mpf_, prec)


def with_minima(expr: Any, table: dict[str, Any]) -> Any:
    """The same with functions instead of the nodes, by names that the table gets."""
    if getattr(expr, "is_minimum", False):
        inside = expr.loss.free_symbols - set(expr.variables)
        names = tuple(sorted(inside, key=str))
        name = f"minimum_{abs(hash(expr))}"
        table[name] = _remembered(solver(expr, names))
        return Function(name)(*(with_minima(a, table) for a in expr.args[2:]), *names)
    if not any(getattr(node, "is_minimum", False) for node in preorder_traversal(expr)):
        return expr
    return expr.func(*(with_minima(a, table) for a in expr.args))


def _remembered(solved: Callable[..., Any]) -> Callable[..., Any]:
    """An integrand asks for the same minimum several times."""
    known = lru_cache(maxsize=64)(lambda prec, *values: solved(*values))
    return lambda *values: known(mp.prec, *values)


def solver(node: Any, names: tuple[Symbol, ...]) -> Callable[..., Any]:
    """The node as a function of centre, width and the symbols of its loss, in mpmath."""
    (u,) = node.variables
    value, slope, points = _functions(node.loss, u, names)
    is_place = type(node).__name__ == "Proximal"

    def solved(centre: Any, width: Any, *given: Any) -> Any:
        def objective(x: Any) -> Any:
            return value(x, *given) + (x - centre) ** 2 / (2 * width)

        def force(x: Any) -> Any:
            return slope(x, *given) + (x - centre) / width

        sharp = sorted({mpmath.mpf(point(*given)) for point in points})
        best = place(objective, force, centre, sharp)
        return best if is_place else objective(best)

    return solved


@lru_cache(maxsize=256)
def _functions(loss: Expr, u: Symbol, names: tuple[Symbol, ...]) -> tuple[Any, Any, list[Any]]:
    from derive.gaussian.digits import compiled

    slope = loss.diff(u)
    if slope.has(DiracDelta):
        raise MoveError(f"the loss {loss} jumps: its minimum is not found by its slope")
    points = [compiled(point, names) for point in kinks(loss, u)]
    return compiled(loss, (u, *names)), compiled(slope, (u, *names)), points


def place(
    objective: Callable[[Any], Any], force: Callable[[Any], Any], centre: Any, sharp: Sequence[Any]
) -> Any:
    """Where an objective that grows on both sides is least, given its slope and its kinks.

    Raises
    ------
    MoveError
        If the objective is not seen to grow on both sides.
    """
    target = mp.prec
    with mp.extraprec(target):
        tiny = mpmath.ldexp(1, -target)
        low = _outside(force, min([centre, *sharp]), -1)
        high = _outside(force, max([centre, *sharp]), +1)
        found = [t for t in sharp if _turns(force, t, tiny * (1 + abs(t)))]
        for left, right in pairwise([low, *sharp, high]):
            beside = [tiny * (1 + abs(end)) if end in sharp else 0 for end in (left, right)]
            found += _stationary(force, left + beside[0], right - beside[1])
        if not found:
            raise MoveError("no minimum was found: the loss may not be continuous")
        return min(found, key=objective)


def _outside(force: Callable[[Any], Any], start: Any, side: int) -> Any:
    """A point on one side at which the objective grows outwards."""
    step = mpmath.mpf(1)
    for _ in range(DOUBLINGS):
        if side * force(start + side * step) > 0:
            return start + side * step
        step *= 2
    raise MoveError("the loss falls faster than the parabola grows: there is no minimum")


def _turns(force: Callable[[Any], Any], point: Any, tiny: Any) -> bool:
    return bool(force(point - tiny) <= 0 <= force(point + tiny))


def _stationary(force: Callable[[Any], Any], left: Any, right: Any) -> Iterator[Any]:
    """Where the slope changes from below to above zero."""
    grid = [left + (right - left) * k / GRID for k in range(GRID + 1)]
    for (a, at_a), (b, at_b) in pairwise([(x, force(x)) for x in grid]):
        if at_a == 0:
            yield a
        elif at_a < 0 < at_b:
            yield mpmath.findroot(force, (a, b), solver="anderson", tol=mp.eps**2, verify=False)
    if at_b == 0:
        yield b
