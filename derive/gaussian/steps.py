"""Functions with kinks, by their cases on either side; steps of products, by steps of factors."""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    And,
    Eq,
    Expr,
    Heaviside,
    Max,
    Min,
    Mul,
    Ne,
    Not,
    Or,
    Piecewise,
    S,
    Symbol,
    expand,
    factor,
    factor_terms,
    sign,
)
from sympy.core.relational import GreaterThan, Relational, StrictGreaterThan

from derive.gaussian.no_closed_form import NoClosedForm

__all__ = ["cases", "positive_parts"]

Case = tuple[Expr, Expr]


def cases(kinked: Expr) -> list[Case]:
    """(indicator, value) pairs; everywhere one of the indicators is one and the others zero."""
    first = kinked.args[0]
    if isinstance(kinked, Piecewise):
        return _branches(kinked)
    if isinstance(kinked, Max | Min):
        return [(_largest(kinked, chosen), chosen) for chosen in kinked.args]
    above, below = {Abs: (first, -first), sign: (1, -1), Heaviside: (1, 0)}[kinked.func]
    return [(Heaviside(first), S(above)), (Heaviside(-first), S(below))]


def _largest(kinked: Expr, chosen: Expr) -> Expr:
    """Whether this argument is the extreme one."""
    side = 1 if isinstance(kinked, Max) else -1
    return Mul(*(Heaviside(side * (chosen - other)) for other in kinked.args if other != chosen))


def _branches(kinked: Piecewise) -> list[Case]:
    if kinked.args[-1].cond != True:  # noqa: E712 (SymPy's true)
        raise NoClosedForm
    left, found = S.One, []
    for value, condition in kinked.args:
        here = _indicator(condition)
        found.append((left * here, value))
        left *= 1 - here
    return found


def _indicator(condition: Any) -> Expr:
    """One where a condition holds, zero where it does not; points have no mass."""
    if isinstance(condition, And):
        return Mul(*(_indicator(part) for part in condition.args))
    if isinstance(condition, Or):
        return 1 - Mul(*(1 - _indicator(part) for part in condition.args))
    if isinstance(condition, Not):
        return 1 - _indicator(condition.args[0])
    if isinstance(condition, Eq):
        return S.Zero
    if isinstance(condition, Ne) or condition == True:  # noqa: E712
        return S.One
    if not isinstance(condition, Relational):
        raise NoClosedForm
    difference = condition.lhs - condition.rhs
    return Heaviside(
        difference if isinstance(condition, GreaterThan | StrictGreaterThan) else -difference
    )


def positive_parts(argument: Expr, variables: tuple[Symbol, ...]) -> list[tuple[Expr, Any]]:
    """theta(argument) as a sum of factors times products of theta(form).

    theta(c f) = theta(f) for c > 0; where the sign of c is not known, or there are several forms,
    2 theta(c f g) - 1 = sgn(c) (2 theta(f) - 1) (2 theta(g) - 1).
    """
    orientation, forms = _oriented_factors(argument, variables)
    if len(forms) == 1 and orientation in (1, -1):
        return [(S.One, (expand(orientation * forms[0]),))]
    products: list[tuple[Expr, Any]] = [(orientation / 2, ())]
    for form in forms:
        longer = [(2 * factor, (*steps, expand(form))) for factor, steps in products]
        products = longer + [(-factor, steps) for factor, steps in products]
    return [(S.Half, ()), *products]


def _oriented_factors(argument: Expr, variables: tuple[Symbol, ...]) -> tuple[Expr, list[Expr]]:
    """The sign of the constant factors, and the factors with the variables, of odd power."""
    bound = set(variables)
    linear = argument.is_polynomial(*variables) and _is_linear(argument, variables)
    product = factor_terms(argument) if linear else factor(argument)
    orientation, forms = S.One, []
    for base, power in product.as_powers_dict().items():
        if power.is_Integer and power.is_even:
            continue
        if not base.free_symbols & bound or base.is_positive or base.is_negative:
            turned = base.could_extract_minus_sign()
            orientation *= -sign(-base) if turned else sign(base)
        elif power.is_Integer:
            forms.append(base)
        else:
            raise NoClosedForm
    return orientation, forms


def _is_linear(expr: Expr, variables: tuple[Symbol, ...]) -> bool:
    return all(not expr.diff(v, w) for v in variables for w in variables)
