"""Where an integrand is not analytic: the complex singularities nearest to the real line.

Each is a centre on the line and a distance from it, expressions in the parameters.  They set the
step of a rule; what is read off wrongly, or not at all, costs nodes and never accuracy, for rules
are judged by the reference at samples of the box.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from sympy import (
    Abs,
    Add,
    Expr,
    Float,
    Mul,
    Poly,
    PolynomialError,
    Pow,
    S,
    acos,
    acosh,
    acot,
    asin,
    asinh,
    atan,
    atanh,
    cosh,
    coth,
    csch,
    erf,
    erfc,
    exp,
    log,
    loggamma,
    pi,
    sech,
    sinh,
    sqrt,
    sympify,
    tanh,
)

from numerics.exponentials import LogSumExp, SoftAverage
from numerics.node_sum import NodeSum, tables_of
from numerics.quadrature.order import unmoved
from numerics.special import (
    Log2Cosh,
    LogCosh,
    Logistic,
    Sech2,
    Softplus,
    SpinEntropy,
    StableFunction,
)

__all__ = ["Singularity", "singularities"]


@dataclass(frozen=True)
class Singularity:
    """A point of the complex plane and its mirror image: ``centre +- I*distance``."""

    centre: Expr
    distance: Expr


# of functions of one argument: real and imaginary part of their nearest singularities
HALF_PI = ((S.Zero, pi / 2),)
PI = ((S.Zero, pi),)
UNIT = ((S.Zero, S.One),)
ENDS = ((S.One, S.Zero), (S.NegativeOne, S.Zero))
ORIGIN = ((S.Zero, S.Zero),)
# the zero of erfc nearest to the origin (H. E. Fettis, J. C. Caslin and K. R. Cramer 1973)
ERFC_ZERO = ((Float("-1.354810128112006"), Float("1.991466843203806")),)
# entire functions that vary on the scale of their argument, as if singular at this distance
STEEP = ((S.Zero, S(3)),)

POINTS: dict[Any, tuple[tuple[Expr, Expr], ...]] = {
    tanh: HALF_PI,
    sech: HALF_PI,
    Sech2: HALF_PI,
    LogCosh: HALF_PI,
    Log2Cosh: HALF_PI,
    SpinEntropy: HALF_PI,
    Logistic: PI,
    Softplus: PI,
    coth: ORIGIN,
    csch: ORIGIN,
    atan: UNIT,
    acot: UNIT,
    asinh: UNIT,
    asin: ENDS,
    acos: ENDS,
    atanh: ENDS,
    acosh: ENDS,
    log: ORIGIN,
    loggamma: ORIGIN,
    erf: STEEP,
    erfc: STEEP,
}
# zeros of entire functions, where a power or a logarithm of them is singular
ZEROS: dict[Any, tuple[tuple[Expr, Expr], ...]] = {
    cosh: HALF_PI,
    sinh: ORIGIN,
    erfc: ERFC_ZERO,
    erf: (
        (Float("1.4506161632"), Float("1.8809430002")),
        (Float("-1.4506161632"), Float("1.8809430002")),
    ),
    exp: (),
}
FLAT = Float("1.23e-10")  # keeps what a quadratic form tends to finite where it is none
NODES = (0.1, 0.3, 0.5, 0.7, 0.9)  # parts of a table of inner nodes that are looked at
SMALL = 30  # below |Im|/SMALL a slope is none: the singularity is far away


def singularities(integrand: Expr, z: Expr) -> tuple[Singularity, ...]:
    """The singularities of an integrand in the complex plane of its variable, as far as seen.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> from numerics.quadrature.singularities import singularities
    >>> z = symbols("z")
    >>> singularities(tanh(2*z - 1)**2, z)[0].distance
    pi/4
    """
    return tuple(dict.fromkeys(_walk(integrand, z)))


def _walk(expr: Expr, z: Expr) -> Iterator[Singularity]:
    if not expr.has(z) or expr == z:
        return
    if isinstance(expr, NodeSum):  # an inner average is singular where its summands are
        for numbers in _at_nodes(expr):
            yield from _walk(unmoved(expr.body.xreplace(numbers)), z)
        return
    if isinstance(expr, Pow) and not (expr.exp.is_Integer and expr.exp > 0):
        yield from _zeros(expr.base, z)
        yield from _walk(expr.exp, z)
    elif isinstance(expr, log):
        yield from _zeros(expr.args[0], z)
    elif isinstance(expr, exp):
        yield from _gaussian(expr.args[0], z)
    elif isinstance(expr, LogSumExp | SoftAverage):
        yield from _of_exponentials(expr, z)
    elif points := POINTS.get(expr.func) or getattr(expr, "singularities", ()):
        for (real, imaginary), arg in product(points, expr.args):
            yield from _solved(arg, z, sympify(real), sympify(imaginary))
    elif isinstance(expr, StableFunction):
        yield from _walk(expr.naive(*expr.args), z)
        return
    for arg in expr.args:
        yield from _walk(arg, z)


def _at_nodes(expr: NodeSum) -> Iterator[dict[Expr, Expr]]:
    """The entries of the tables at a few nodes."""
    entries = [e for e in tables_of(expr) if e.has(*expr.indices)]
    count = min((len(e.label.values) for e in entries), default=0)
    for k in sorted({round(part * (count - 1)) for part in NODES}) if count else ():
        yield {e: Float(e.label.values[k]) for e in entries}


def _zeros(expr: Expr, z: Expr) -> Iterator[Singularity]:
    """Where an expression vanishes; where it is singular itself, the walk finds out."""
    if not expr.has(z):
        return
    if isinstance(expr, Mul):
        for factor in expr.args:
            yield from _zeros(factor, z)
    elif isinstance(expr, Pow):
        yield from _zeros(expr.base, z)
    elif expr.func in ZEROS:
        for point in ZEROS[expr.func]:
            yield from _solved(expr.args[0], z, *point)
    elif isinstance(expr, Add) and (one := _one_function(expr, z)) is not None:
        yield from _sum_zero(*one, z)
    else:
        yield from _solved(expr, z, S.Zero, S.Zero)


def _one_function(expr: Add, z: Expr) -> tuple[Expr, Expr, Expr] | None:
    """A + B f(u) as A, B and f(u); None if it is another sum."""
    rest, moving = expr.as_independent(z, as_Add=True)
    factor, function = moving.as_independent(z, as_Add=False)
    if function.is_Function and len(function.args) == 1:
        return rest, factor, function
    return None


def _sum_zero(rest: Expr, factor: Expr, function: Expr, z: Expr) -> Iterator[Singularity]:
    ratio, argument = -rest / factor, function.args[0]
    if isinstance(function, exp):  # exp(u) = -|r|
        yield from _solved(argument, z, log(Abs(ratio)), pi)
    elif isinstance(function, cosh):  # cosh(u) = -r: pi away where r > 1, at the two sides
        size = Abs(ratio)
        side = acosh((size + 1 + Abs(size - 1)) / 2)  # the larger of |r| and 1
        yield from _solved(argument, z, side, pi)
        yield from _solved(argument, z, -side, pi)
    elif isinstance(function, tanh | erf):  # beyond the range of the function: beside its poles
        yield from _solved(argument, z, S.Zero, pi / 2)


def _solved(argument: Expr, z: Expr, real: Expr, imaginary: Expr) -> Iterator[Singularity]:
    """Where an argument takes a complex value, if it is of first or second degree in z.

    Real singularities are found as kinks.
    """
    try:
        coefficients = Poly(argument, z).all_coeffs()
    except PolynomialError:
        return
    if len(coefficients) == 2 and imaginary != 0:
        slope, constant = coefficients
        least = imaginary / SMALL
        if slope.is_number:
            yield Singularity((real - constant) / slope, imaginary / Abs(slope))
        else:  # (r - c)/b without a pole at b = 0, where the singularity is at infinity
            square = slope**2 + least**2
            yield Singularity((real - constant) * slope / square, imaginary / sqrt(square))
    elif len(coefficients) == 3:
        a, b, c = coefficients
        inverse = 1 / (a - FLAT if a.is_nonpositive else a + FLAT)
        middle = -b * inverse / 2
        spread = (c - real) * inverse - middle**2  # (z - middle)**2 = -spread + I*part
        part = imaginary * inverse
        length = sqrt(spread**2 + part**2)
        away, shift = (sqrt(Abs(length + side * spread) / 2) for side in (1, -1))
        yield Singularity(middle + shift, away)
        yield Singularity(middle - shift, away)


def _gaussian(exponent: Expr, z: Expr) -> Iterator[Singularity]:
    """exp(-k (z - m)**2/2) varies on the scale of 1/sqrt(k)."""
    try:
        coefficients = Poly(exponent, z).all_coeffs()
    except PolynomialError:
        return
    if len(coefficients) == 3:
        a, b, _ = coefficients
        flat = FLAT if a.is_nonnegative else -FLAT
        yield Singularity(-b / (2 * (a + flat)), 3 / sqrt(Abs(a) + FLAT))


def _of_exponentials(expr: Expr, z: Expr) -> Iterator[Singularity]:
    """A sum of exponentials vanishes near to where two of them are opposite."""
    stride = 2 if isinstance(expr, LogSumExp) else 3
    terms = list(zip(expr.args[stride - 2 :: stride], expr.args[stride - 1 :: stride], strict=True))
    for k, (first, a) in enumerate(terms):
        for second, b in terms[:k]:
            if (a - b).expand().has(z):
                weight = S.Zero if first.has(z) or second.has(z) else log(Abs(second / first))
                yield from _solved((a - b).expand(), z, weight, pi)
