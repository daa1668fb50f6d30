"""Values of derived free entropies at points, and averages in mpmath to compare them with."""

import mpmath as mp
from sympy import Rational

from tests.replica.quadrature import trapezoid

DIGITS = 25


def evaluated(expr, digits=DIGITS + 5, **at):
    """The value of an expression at named numbers, given as strings."""
    numbers = {s: Rational(at[s.name]) for s in expr.free_symbols}
    with mp.workdps(digits + 5):
        return mp.mpf(str(expr.subs(numbers).evalf(digits)))


def numbers(at):
    """The same numbers for mpmath."""
    return {name: mp.mpf(value) for name, value in at.items()}


def normal(f, variance=1):
    """The average of f over a centred Gaussian."""
    return trapezoid(lambda z: f(mp.sqrt(variance) * z))


def log_tail(x):
    """log H(x)."""
    return mp.log(mp.erfc(x / mp.sqrt(2)) / 2)


def agree(found, wanted, digits=DIGITS):
    """Whether two numbers agree, relative to the larger of them or one."""
    return abs(found - wanted) < mp.mpf(10) ** -digits * max(1, abs(wanted))
