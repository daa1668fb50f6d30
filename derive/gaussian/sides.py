"""The sides of kinks: on each, steps, signs, moduli, maxima and Piecewise are analytic.

A kinked integrand is the sum over sides of an analytic value times the steps that say where the
side is.  It is linear in each step, so that the derivative of a step is a delta function at a jump
whatever function the step stood in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from sympy import Abs, Add, Expr, Heaviside, Max, Min, Mul, Piecewise, S, Symbol, cancel, sign
from sympy.core.relational import Eq, Ge, Gt, Ne, Relational

from derive.gaussian.covariance import sign_of
from derive.gaussian.kinks import real_roots

__all__ = ["KINKED", "in_steps", "sides"]

KINKED = (Heaviside, sign, Abs, Max, Min, Piecewise)
Side = tuple[tuple[Expr, ...], Expr]  # forms that are positive there, and the value


def in_steps(integrand: Expr, variables: Iterable[Symbol]) -> Expr:
    """An integrand as a sum of analytic values times steps.

    Examples
    --------
    >>> from sympy import Abs, Max, symbols
    >>> a, z = symbols("a z", real=True)
    >>> in_steps(Max(a, z), [z])
    a*Heaviside(a - z) + z*Heaviside(-a + z)
    """
    return Add(
        *(value * Mul(*map(Heaviside, where)) for where, value in sides(integrand, variables))
    )


def sides(integrand: Expr, variables: Iterable[Symbol]) -> list[Side]:
    """The sides, as (forms that are positive there, value)."""
    bound = frozenset(variables)
    done: list[Side] = []
    left: list[Side] = [((), integrand)]
    while left:
        where, value = left.pop()
        form = next(_forms(value, bound), None)
        if form is None:
            done.append((where, value))
            continue
        form = _without_factor(form, bound)
        for side in (-1, 1):
            chosen = _on_side(value, form, side, bound)
            reached = [(*where, *linear) for linear in _linear(side * form, bound)]
            left.extend((w, chosen) for w in reached if chosen != 0 and not _empty(w, bound))
    return done[::-1]


def _forms(expr: Any, bound: frozenset[Symbol]) -> Iterator[Expr]:
    """The forms whose sign decides something, those inside others first."""
    if bound.isdisjoint(expr.free_symbols):
        return
    hidden = set(getattr(expr, "variables", ()))
    for arg in expr.args:
        yield from (form for form in _forms(arg, bound) if hidden.isdisjoint(form.free_symbols))
    if isinstance(expr, Relational):
        yield expr.lhs - expr.rhs
    elif isinstance(expr, (Max, Min)):
        differences = (a - b for a, b in combinations(expr.args, 2))
        yield from (d for d in differences if not bound.isdisjoint(d.free_symbols))
    elif isinstance(expr, (Heaviside, sign, Abs)):
        yield expr.args[0]


def _without_factor(form: Expr, bound: frozenset[Symbol]) -> Expr:
    """A form of the same sign, or of the opposite sign everywhere."""
    factor, rest = form.as_independent(*bound, as_Add=False)
    return form if sign_of(factor) in (None, 0) else rest


def _on_side(expr: Expr, form: Expr, side: int, bound: frozenset[Symbol]) -> Expr:
    """An expression where `form` has the sign `side`."""

    def is_decided(node: Any) -> bool:
        return isinstance(node, (*KINKED, Relational)) and not bound.isdisjoint(node.free_symbols)

    def decide(node: Any) -> Any:
        if isinstance(node, (Max, Min)):
            return _without_loser(node, form, side, bound)
        if isinstance(node, Piecewise):
            return node
        inner = node.lhs - node.rhs if isinstance(node, Relational) else node.args[0]
        positive = _relative_sign(inner, form, bound)
        return node if positive is None else _value(node, inner, positive * side)

    return expr.replace(is_decided, decide)


def _value(node: Any, inner: Expr, positive: int) -> Any:
    """What a decided node is, given the sign of its argument; an equality never holds."""
    if isinstance(node, Relational):
        if isinstance(node, (Eq, Ne)):
            return S.true if isinstance(node, Ne) else S.false
        return S.true if isinstance(node, (Gt, Ge)) == (positive > 0) else S.false
    if isinstance(node, Heaviside):
        return S.One if positive > 0 else S.Zero
    return positive * inner if isinstance(node, Abs) else S(positive)


def _without_loser(node: Any, form: Expr, side: int, bound: frozenset[Symbol]) -> Expr:
    sense = 1 if isinstance(node, Max) else -1
    for a, b in combinations(node.args, 2):
        positive = _relative_sign(a - b, form, bound)
        if positive is not None:
            loser = b if positive * side * sense > 0 else a
            return node.func(*(arg for arg in node.args if arg != loser))
    return node


def _relative_sign(inner: Expr, form: Expr, bound: frozenset[Symbol]) -> int | None:
    """The sign of inner/form if the form decides it."""
    if inner.free_symbols & bound != form.free_symbols & bound:
        return None
    ratio = S.One if inner == form else S.NegativeOne if inner == -form else cancel(inner / form)
    return None if ratio.free_symbols & bound else sign_of(ratio)


def _linear(form: Expr, bound: frozenset[Symbol]) -> list[tuple[Expr, ...]]:
    """Where a form is positive, by linear forms where a quadratic one has known real roots."""
    names = tuple(form.free_symbols & bound)
    polynomial: Any = form.as_poly(*names)
    if len(names) != 1 or polynomial is None or polynomial.degree() != 2:
        return [(form,)]
    leading, roots = sign_of(polynomial.LC()), real_roots(form, names[0])
    if not leading or any(root.has(Max) for root in roots):
        return [(form,)]
    if len(roots) < 2:
        return [()] if leading > 0 else []
    low, high = roots if sign_of(roots[1] - roots[0]) == 1 else roots[::-1]
    if sign_of(high - low) != 1:
        return [(form,)]
    (name,) = names
    return [(low - name,), (name - high,)] if leading > 0 else [(name - low, high - name)]


def _empty(where: Sequence[Expr], bound: frozenset[Symbol]) -> bool:
    """Whether two of the forms cannot be positive at once, their sum being a number below zero."""
    for first, second in combinations(where, 2):
        total = first + second
        if not total.free_symbols & bound and sign_of(total) in (-1, 0):
            return True
    return False
