"""The value of an average without free symbols, to any number of digits.

The average over several variables becomes one over independent standard normals, one inside the
other, and averages in the integrand are functions of what stands outside of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import mpmath
from mpmath import mp
from sympy import (
    Add,
    Dummy,
    Expr,
    Float,
    Function,
    I,
    Integer,
    Mul,
    Rational,
    S,
    Symbol,
    lambdify,
    sqrt,
)

from derive.gaussian.kinks import kinks
from derive.gaussian.line import line_average
from derive.gaussian.minimum import with_minima
from derive.gaussian.moves import standardised
from derive.gaussian.substitution import outermost, put
from derive.gaussian.tails import TAIL, with_tails

__all__ = ["compiled", "features", "value"]

GUARD = 24  # bits
Values = Callable[..., Any]


def value(average: Any, prec: int) -> Expr:
    """An average without free symbols, to `prec` bits.

    Raises
    ------
    MoveError
        If a kink is not found, or the digits are not reached.
    UnboundedError
        If the integrand grows faster than the Gaussian falls.
    """
    real, imaginary = _value(average, prec)
    return real + I * imaginary if imaginary else real


@lru_cache(maxsize=1024)
def _value(average: Any, prec: int) -> tuple[Float, Float | None]:
    with mp.workprec(prec + GUARD):
        number = mpmath.mpmathify(_function(average, ())())
        imaginary = Float._new(number.imag._mpf_, prec) if isinstance(number, mpmath.mpc) else None
        return Float._new(number.real._mpf_, prec), imaginary


def _function(average: Any, given: tuple[Symbol, ...]) -> Values:
    """An average as a function of the symbols that are given."""
    expr = standardised(average)
    nodes = [factor for factor in Mul.make_args(expr) if isinstance(factor, average.func)]
    if not nodes:
        return compiled(expr, given)
    (node,) = nodes
    outside = compiled(expr / node, given)
    names = [Dummy(f"x{k}", real=True) for k in range(len(node.variables))]
    integrand = put(node.integrand, dict(zip(node.variables, names, strict=True)))
    inner = compiled(integrand, (*given, *names))
    for k in reversed(range(len(names))):
        inner = _line(integrand, names[k], (*given, *names[:k]), names[k + 1 :], inner)
    return lambda *values: outside(*values) * inner(*values)


def _line(
    integrand: Expr,
    name: Symbol,
    given: tuple[Symbol, ...],
    within: Sequence[Symbol],
    inner: Values,
) -> Values:
    """The average over one variable, as a function of the symbols that are given."""
    sharp = [p for p in kinks(integrand, name) if p.free_symbols.isdisjoint(within)]
    cuts = [compiled(point, given) for point in sharp]
    places = dict.fromkeys(features(integrand, name, within))
    varying = [(compiled(at, given), compiled(width, given)) for at, width in places]

    def average(*values: Any) -> Any:
        at = [_number(cut, values) for cut in cuts]
        near = [(_number(place, values), _number(width, values)) for place, width in varying]
        return line_average(lambda x: inner(*values, x), at, near)

    return average


def _number(point: Values, values: tuple[Any, ...]) -> Any:
    """A point, infinite where the coefficient of the variable vanishes."""
    try:
        return point(*values)
    except ZeroDivisionError:
        return mpmath.inf


def features(
    integrand: Expr, name: Symbol, within: Sequence[Symbol]
) -> Iterator[tuple[Expr, Expr]]:
    """Where something varies fast, and over which width."""
    origin = dict.fromkeys(within, S.Zero)
    for node in integrand.atoms(Function):
        for arg in (arg for arg in node.args if isinstance(arg, Expr)):
            polynomial: Any = arg.as_poly(name) if name in arg.free_symbols else None
            if polynomial is None or polynomial.degree() > 2:
                continue
            spread = put(Add(1, *(abs(arg.diff(v)) for v in within)), {name: S.Zero, **origin})
            *curved, slope, constant = (put(c, origin) for c in polynomial.all_coeffs())
            if not curved:
                yield -constant / slope, spread / abs(slope)
                continue
            root = sqrt(abs(slope**2 - 4 * curved[0] * constant))
            yield -slope / (2 * curved[0]), 1 / sqrt(abs(curved[0]))
            yield (-slope + root) / (2 * curved[0]), spread / (1 + root)
            yield (-slope - root) / (2 * curved[0]), spread / (1 + root)


def compiled(
    expr: Expr, given: tuple[Symbol, ...], known: Mapping[str, Values] | None = None
) -> Values:
    """An expression as a function in mpmath, averages in it by quadrature.

    `known` holds values of undefined functions in it.
    """
    table: dict[str, Values] = {"Heaviside": _step, TAIL.__name__: mpmath.erfc, **(known or {})}
    rule = {}
    for node in outermost(expr):
        name = f"average_{len(table)}"
        table[name] = _function(node, given)
        rule[node] = Function(name)(*given)
    for function in expr.atoms(Function):
        kind = type(function)
        if not (kind.__module__ or "sympy.").startswith("sympy."):
            table.setdefault(kind.__name__, _by_evalf(kind))
    expr = with_tails(with_minima(expr.xreplace(rule), table))
    numbers = {number: Dummy("c") for number in _numbers(expr)}
    constants = lambdify((), list(numbers), modules=[table, "mpmath"])()
    names = (*numbers.values(), *given)
    function = lambdify(names, expr.xreplace(numbers), modules=[table, "mpmath"], dummify=True)
    return partial(function, *constants)


def _numbers(expr: Any) -> Iterator[Any]:
    """The largest parts without symbols, which need to be computed once only."""
    if not expr.args or expr.free_symbols or not isinstance(expr, Expr):
        if isinstance(expr, Rational) and not isinstance(expr, Integer):
            yield expr
        for arg in expr.args:
            yield from _numbers(arg)
    elif expr.is_number:
        yield expr


def _step(x: Any, at_zero: Any = 0.5) -> Any:
    return mpmath.mpf(1 if x > 0 else 0) if x != 0 else mpmath.mpf(at_zero)


def _by_evalf(kind: Any) -> Values:
    def function(*values: Any) -> Any:
        args = [Float._new(mpmath.mpf(v)._mpf_, mp.prec) for v in values]
        return kind(*args).evalf(mp.dps)._to_mpmath(mp.prec)

    return function
