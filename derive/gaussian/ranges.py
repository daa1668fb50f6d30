"""Between which numbers an expression of real symbols lies, as far as its form shows it.

Intervals are carried through sums, products, powers and monotone functions.  What is found is
enough to see that 1 + exp(z), cosh(z), erfc(z) or 1 - tanh(z)^2 never vanish.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    Add,
    Expr,
    Heaviside,
    Interval,
    Max,
    Min,
    Mul,
    Pow,
    S,
    asinh,
    atan,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    log,
    oo,
    sech,
    sign,
    sin,
    sinh,
    tanh,
)

__all__ = ["never_zero", "positive", "values"]

REALS = Interval(-oo, oo)
POSITIVE = Interval.open(0, oo)
RISING = (tanh, erf, exp, atan, sinh, asinh, log)
FIXED = {
    cosh: Interval(1, oo),
    sech: Interval.Lopen(0, 1),
    sin: Interval(-1, 1),
    cos: Interval(-1, 1),
    sign: Interval(-1, 1),
    Heaviside: Interval(0, 1),
}


def positive(expr: Expr) -> bool:
    """Whether an expression is seen to be positive for all real values of its symbols."""
    low, _, left_out, _ = _point(values(expr))
    return bool(low > 0 or (low == 0 and left_out))


def never_zero(expr: Expr) -> bool:
    """Whether an expression is seen not to vanish for any real values of its symbols."""
    return expr.is_nonzero is True or positive(expr) or positive(-expr)


def values(expr: Expr) -> Interval:
    """An interval that holds every value of an expression at finite values of its symbols.

    Examples
    --------
    >>> from sympy import Symbol, exp, tanh
    >>> z = Symbol("z", real=True)
    >>> values(1 - tanh(z)**2), values(1 + exp(z))
    (Interval.Lopen(0, 1), Interval.open(1, oo))
    """
    if expr.is_number and expr.is_real and not expr.free_symbols:
        return Interval(expr, expr) if expr.is_comparable else REALS
    kind = type(expr)
    if kind in RISING:
        return _rising(kind, values(expr.args[0]))
    if kind is erfc:
        return _negated(_rising(lambda end: -erfc(end), values(expr.args[0])))
    if kind in FIXED:
        return FIXED[kind]
    if hasattr(expr, "integrand"):  # an average lies strictly between what it averages
        low, high, *_ = _point(values(expr.integrand))
        return Interval.open(low, high) if low < high else Interval(low, high)
    rule = RULES.get(kind)
    return _declared(expr) if rule is None else rule(expr).intersect(_declared(expr))


def _declared(expr: Expr) -> Interval:
    """What the assumptions of SymPy say."""
    if expr.is_positive:
        return POSITIVE
    if expr.is_negative:
        return Interval.open(-oo, 0)
    if expr.is_nonnegative:
        return Interval(0, oo)
    return Interval(-oo, 0) if expr.is_nonpositive else REALS


def _point(interval: Any) -> tuple[Any, Any, bool, bool]:
    """Ends, and whether they are left out."""
    if isinstance(interval, Interval):
        return interval.start, interval.end, bool(interval.left_open), bool(interval.right_open)
    (value,) = interval.args
    return value, value, False, False


def _negated(interval: Any) -> Any:
    low, high, open_low, open_high = _point(interval)
    return Interval(-high, -low, open_high, open_low)


def _rising(function: Any, interval: Any) -> Any:
    low, high, open_low, open_high = _point(interval)
    if function is log and low <= 0:
        low, open_low = S.Zero, True
    start, end = (-oo if function is log and side == 0 else function(side) for side in (low, high))
    return Interval(start, end, open_low, open_high)


def _sum(expr: Add) -> Any:
    low, high, open_low, open_high = S.Zero, S.Zero, False, False
    for term in expr.args:
        start, end, no_start, no_end = _point(values(term))
        low, high = low + start, high + end
        open_low, open_high = open_low or no_start, open_high or no_end
    return Interval(low, high, open_low, open_high)


def _times(left: Any, right: Any) -> Any:
    """The product of two intervals."""
    flips = 0
    sides = []
    for interval in (left, right):
        low, high, *_ = _point(interval)
        if low < 0 and high > 0:
            return _corners(left, right)
        flips += bool(low < 0)
        sides.append(_point(_negated(interval) if low < 0 else interval))
    (a, b, no_a, no_b), (c, d, no_c, no_d) = sides
    zero_reached = (a == 0 and not no_a) or (c == 0 and not no_c)
    open_low = not zero_reached if 0 in (a, c) else no_a or no_c
    low = S.Zero if 0 in (a, c) else a * c
    high = S.Zero if 0 in (b, d) else b * d
    product = Interval(low, high, open_low, no_b or no_d)
    return _negated(product) if flips == 1 else product


def _corners(left: Any, right: Any) -> Any:
    """The product of two intervals of which one holds zero: between the products of ends."""
    corners = [(a * b, a, b) for a in _point(left)[:2] for b in _point(right)[:2]]
    if any(abs(a) == oo or abs(b) == oo for _, a, b in corners):
        return REALS
    products = [product for product, _, _ in corners]
    inside = any(flag for side in (left, right) for flag in _point(side)[2:])
    return Interval(min(products), max(products), inside, inside)


def _product(expr: Mul) -> Any:
    found: Any = Interval(1, 1)
    number, factors = expr.as_coeff_mul()
    for factor in factors:
        found = _times(found, values(factor))
    low, high, open_low, open_high = _point(found)
    scaled = Interval(abs(number) * low, abs(number) * high, open_low, open_high)
    return _negated(scaled) if number < 0 else scaled


def _magnitude(interval: Any) -> Any:
    low, high, open_low, open_high = _point(interval)
    if low >= 0:
        return interval
    if high <= 0:
        return _negated(interval)
    higher = max((-low, open_low), (high, open_high), key=lambda end: (end[0], not end[1]))
    return Interval(0, higher[0], False, higher[1])


def _power(expr: Pow) -> Any:
    base, power = values(expr.base), expr.exp
    if power.is_integer and power.is_even:
        base = _magnitude(base)
    low, high, open_low, open_high = _point(base)
    if not power.is_Rational or (low < 0 and not (power.is_Integer and power > 0)):
        return POSITIVE if low > 0 or (low == 0 and open_low) else REALS
    if power > 0:
        return Interval(low**power, high**power, open_low, open_high)
    start = S.Zero if high == oo else high**power
    end = oo if low == 0 else low**power
    return Interval(start, end, open_high, open_low)


def _largest(expr: Max) -> Any:
    sides = [_point(values(arg)) for arg in expr.args]
    low, open_low = max(((s[0], s[2]) for s in sides), key=lambda end: (end[0], end[1]))
    return Interval(low, max(s[1] for s in sides), open_low, False)


def _smallest(expr: Min) -> Any:
    return _negated(_largest(Max(*(-arg for arg in expr.args), evaluate=False)))


RULES: dict[Any, Any] = {
    Add: _sum,
    Mul: _product,
    Pow: _power,
    Abs: lambda expr: _magnitude(values(expr.args[0])),
    Max: _largest,
    Min: _smallest,
}
