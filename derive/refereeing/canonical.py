"""Whether two expressions are the same as canonical forms.

Averages are evaluated where they have a closed form, standardised, and known up to names, to the
sign of a variable and to factors; roots, error functions and hyperbolic functions are written in
one way.  What is left must cancel as a rational function.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Add,
    Dummy,
    Expr,
    Integral,
    Mul,
    Pow,
    S,
    cancel,
    cosh,
    coth,
    erf,
    erfc,
    exp,
    expand,
    log,
    sinh,
    tanh,
    together,
)
from sympy.polys.polyerrors import PolynomialError

from derive.errors import DeriveError, UnboundedError
from derive.gaussian.average import GaussianAverage
from derive.gaussian.substitution import outermost, put
from derive.gaussian.terms import distributed
from derive.refereeing.integral_forms import in_averages

__all__ = ["cancels", "canonical_form", "ratio"]

_MOST_OPERATIONS = 200  # beyond which cancelling is not tried


def canonical_form(expr: Expr) -> Expr:
    """An expression with its averages evaluated, standardised, and its functions in one way."""
    return _in_one_way(_evaluated(in_averages(expr)))


def cancels(first: Expr, second: Expr) -> bool:
    """Whether two canonical forms are seen to be equal."""
    difference = _with_marks(first - second)
    expanded = expand(difference)
    if expanded == 0:
        return True
    return expanded.count_ops() <= _MOST_OPERATIONS and _cancelled(expanded) == 0


def ratio(first: Expr, second: Expr) -> Expr | None:
    """The quotient of two canonical forms; None if it is not short, or holds an average."""
    if second == 0 or (first.count_ops() + second.count_ops()) > _MOST_OPERATIONS:
        return None
    found = _cancelled(_with_marks(first / second))
    return None if found is None or found.has(Dummy) else found


def _cancelled(expr: Expr) -> Expr | None:
    try:
        return _one_exponential(cancel(together(_one_exponential(expr))))
    except (PolynomialError, NotImplementedError):
        return None


def _one_exponential(expr: Expr) -> Expr:
    """exp(a) exp(b) = exp(a + b), in lowest terms: cancelling writes exp(x/(1 - q)) in two ways."""
    exponents = [f.args[0] for f in Mul.make_args(expr) if isinstance(f, exp)]
    if len(exponents) < 2:
        return expr
    rest = Mul(*(f for f in Mul.make_args(expr) if not isinstance(f, exp)))
    return rest * exp(cancel(together(Add(*exponents))))


def _evaluated(expr: Any) -> Any:
    """Averages in closed form, or standardised and linear; inner ones first."""
    if not expr.has(GaussianAverage):
        return expr
    if not isinstance(expr, GaussianAverage):
        return expr.func(*(_evaluated(arg) for arg in expr.args))
    try:
        whole = expr.doit()
        return whole.xreplace({node: node.standardised() for node in outermost(whole)})
    except DeriveError:
        return expr


def _in_one_way(expr: Any) -> Any:
    """Roots without content, error functions as erf, hyperbolic functions as exponentials."""
    if isinstance(expr, GaussianAverage):
        return _linear(expr.func(_in_one_way(expr.integrand), *expr.args[1:]))
    if not expr.args:
        return expr
    new = expr.func(*(_in_one_way(arg) for arg in expr.args))
    rule = _FORMS.get(type(new))
    return new if rule is None else rule(new)


def _linear(expr: Expr) -> Expr:
    """An average of a sum as a sum of averages, if each converges."""
    if not isinstance(expr, GaussianAverage):
        return expr
    try:
        terms = distributed(expr.integrand, expr.variables)
        return Add(*(expr.func(term, *expr.args[1:]) for term in terms))
    except UnboundedError:
        return expr


def _logarithm(node: Expr) -> Expr:
    """log(2 x + 2 y) = log(2) + log(x + y)."""
    content, primitive = node.args[0].as_content_primitive()
    return log(content) + log(primitive) if content not in (0, 1) else node


def _root(power: Pow) -> Expr:
    """sqrt(2 - 2 q) = sqrt(2) sqrt(1 - q)."""
    base, exponent = power.args
    if not base.is_Add or not exponent.is_Rational or exponent.is_Integer:
        return power
    content, primitive = base.as_content_primitive()
    return content**exponent * primitive**exponent


def _hyperbolic(function: Expr) -> Expr:
    x = expand(function.args[0])
    whole = exp(x)
    return {
        tanh: lambda: (whole**2 - 1) / (whole**2 + 1),
        coth: lambda: (whole**2 + 1) / (whole**2 - 1),
        cosh: lambda: (whole + 1 / whole) / 2,
        sinh: lambda: (whole - 1 / whole) / 2,
    }[type(function)]()


_FORMS: dict[Any, Any] = {
    Pow: _root,
    log: _logarithm,
    exp: lambda node: exp(expand(node.args[0])),
    erf: lambda node: erf(expand(node.args[0])),
    erfc: lambda node: 1 - erf(expand(node.args[0])),
    **dict.fromkeys((tanh, coth, cosh, sinh), _hyperbolic),
}


def _with_marks(expr: Expr) -> Expr:
    """Averages as symbols, those that are proportional to each other as multiples of one.

    Integrals are symbols too: SymPy would evaluate them to see their signs.
    """
    known: list[tuple[Any, Expr]] = []
    marks: dict[Any, Expr] = {}
    integrals = expr.atoms(Integral)
    outer = {n for n in integrals if not any(n in m.atoms(Integral) - {m} for m in integrals)}
    for node in outer:
        marks.setdefault(node.as_dummy(), Dummy("integral", real=True))
    rule: dict[Any, Expr] = {node: marks[node.as_dummy()] for node in outer}
    for node in dict.fromkeys(outermost(expr)):
        for other, mark in known:
            multiple = _multiple(node, other)
            if multiple is not None:
                rule[node] = multiple * mark
                break
        else:
            rule[node] = Dummy("average", real=True)
            known.append((node, rule[node]))
    return expr.xreplace(rule)


def _multiple(node: Any, other: Any) -> Expr | None:
    """node/other if it does not depend on the variable, after a change of its sign perhaps."""
    if len(node.variables) != len(other.variables) or node.args[2:] != other.args[2:]:
        return None
    mine, theirs = node.variables, other.variables
    names = [Dummy(f"z{k}", real=True) for k in range(len(mine))]
    target = put(other.integrand, dict(zip(theirs, names, strict=True)))
    centred = all(mean == 0 for mean in node.mean)
    for sign in (1, -1) if centred else (1,):
        source = put(node.integrand, dict(zip(mine, (sign * n for n in names), strict=True)))
        source, target = _in_one_way(source), _in_one_way(target)
        if (source.count_ops() + target.count_ops()) > _MOST_OPERATIONS:
            return None
        quotient = _cancelled(Mul(source, Pow(target, S.NegativeOne)))
        if quotient is not None and quotient.free_symbols.isdisjoint(names):
            return quotient
    return None
