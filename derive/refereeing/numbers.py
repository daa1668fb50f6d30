"""Values of expressions at points, to any number of digits; integrals as they are printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import mpmath
from mpmath import mp
from sympy import Dummy, Expr, Function, Integral, Symbol, exp, oo, pi, sqrt

from derive.errors import DeriveError, KinkError, UnboundedError
from derive.gaussian.digits import Values, compiled, features
from derive.gaussian.kinks import kinks
from derive.gaussian.moves import standardised
from derive.gaussian.substitution import outermost
from derive.refereeing.no_value import DivergesError, NoValueError
from derive.refereeing.quadrature import integral

__all__ = ["value_at"]

GUARD = 6  # digits


def value_at(expr: Expr, point: Mapping[Symbol, Expr], digits: int) -> Any:
    """The value of an expression where its symbols have the values given.

    Raises
    ------
    DivergesError
        If an integral in it has no finite value.
    NoValueError
        If it is not finite, or not known how to evaluate it.
    """
    names = tuple(sorted(expr.free_symbols, key=str))
    with mp.workdps(digits + GUARD):
        args = [point[name].evalf(mp.dps + 3)._to_mpmath(mp.prec) for name in names]
        try:
            found = mpmath.mpmathify(_function(expr, names, mp.prec)(*args))
        except UnboundedError as error:
            raise DivergesError(str(error), _cut_off(expr, names, args)) from None
        except ZeroDivisionError:
            raise NoValueError("it divides by zero there") from None
        except NoValueError:
            raise
        except (DeriveError, ValueError, TypeError, NameError, ArithmeticError) as error:
            raise NoValueError(f"it is not known how to evaluate it: {error}") from None
    if not mpmath.isfinite(found):
        raise NoValueError("it has no finite value there")
    return found.real if mpmath.im(found) == 0 else found


@lru_cache(maxsize=256)
def _function(expr: Expr, names: tuple[Symbol, ...], prec: int) -> Values:
    """The expression in mpmath; its constants have this precision."""
    del prec
    return _compiled(expr, names)


def _compiled(expr: Expr, given: tuple[Symbol, ...]) -> Values:
    nodes = dict.fromkeys(_integrals(expr))
    known = {f"integral_{k}": _integral(node, given) for k, node in enumerate(nodes)}
    rule = {node: Function(name)(*given) for node, name in zip(nodes, known, strict=True)}
    return compiled(expr.xreplace(rule), given, known)


def _integrals(expr: Any) -> Iterator[Any]:
    """The integrals that stand in no other integral."""
    if isinstance(expr, Integral):
        yield expr
    else:
        for arg in expr.args:
            yield from _integrals(arg)


def _integral(node: Any, given: tuple[Symbol, ...]) -> Values:
    """An integral as a function of the symbols that are given, the inner variables first."""
    *inner, (variable, low, high) = [tuple(limits) for limits in node.limits]
    name = Dummy(variable.name, real=True)
    body = Integral(node.function, *inner) if inner else node.function
    body = body.subs(variable, name)
    function = _compiled(body, (*given, name))
    ends = _compiled(low, given), _compiled(high, given)
    plain = not body.has(Integral)
    cuts = [_compiled(point, given) for point in (_kinks(body, name) if plain else ())]
    hints = [
        (_compiled(at, given), _compiled(width, given))
        for at, width in (dict.fromkeys(features(body, name, ())) if plain else ())
    ]

    def value(*values: Any) -> Any:
        a, b = (mpmath.mpf(end(*values)) for end in ends)
        at = [_number(cut, values) for cut in cuts]
        near = [(_number(place, values), _number(width, values)) for place, width in hints]
        return integral(lambda x: function(*values, x), a, b, at, near)

    return value


def _kinks(body: Expr, name: Symbol) -> tuple[Expr, ...]:
    """Where an integrand is not analytic; what is not seen makes the rule converge slowly."""
    try:
        return kinks(body, name)
    except KinkError:
        return ()


def _number(function: Values, values: tuple[Any, ...]) -> Any:
    try:
        return function(*values)
    except ZeroDivisionError:
        return mpmath.inf


def _cut_off(expr: Expr, names: tuple[Symbol, ...], args: list[Any]) -> tuple[Any, ...]:
    """Where an average diverges: the same integral over growing parts of the line."""
    for average in outermost(expr):
        plain = standardised(average)
        if len(getattr(plain, "variables", ())) != 1:
            continue
        (z,) = plain.variables
        weighted = plain.integrand * _density(z)
        try:
            _compiled(Integral(weighted, (z, -oo, oo)), names)(*args)
        except DivergesError as error:
            return error.cut_off
        except (NoValueError, ArithmeticError, ValueError):
            continue
    return ()


def _density(z: Symbol) -> Expr:
    """The density of a standard normal."""
    return exp(-(z**2) / 2) / sqrt(2 * pi)
