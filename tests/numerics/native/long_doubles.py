"""Elementary functions in long doubles, which carry 64 bits, and errors in units of the last place.

The C library has most of them.  The error function is summed here: near zero its series, farther
out the continued fraction of erfcx.  Every one is checked against mpmath in test_functions.py.
"""

import numpy as np

LONG = np.longdouble
PI = LONG("3.14159265358979323846264338327950288")
TERMS, LEVELS = 40, 320  # of the series up to 1, and of the continued fraction from 1 on
SPLIT = LONG(2) ** 32 + 1
END = LONG(2) ** 1024


def series(a):
    """erf(a) = 2/sqrt(pi) exp(-a**2) sum of 2**n a**(2 n + 1)/(1 3 ... (2 n + 1)), a <= 1."""
    square = a * a
    term = a * np.exp(-square)
    total = term.copy()
    for n in range(1, TERMS):
        term *= 2 * square / (2 * n + 1)
        total += term
    return 2 * total / np.sqrt(PI)


def fraction(a):
    """erfcx(a) = 1/sqrt(pi) / (a + (1/2)/(a + (2/2)/(a + (3/2)/...))), a >= 1."""
    below = a.copy()
    for n in range(LEVELS, 0, -1):
        below = a + LONG(n) / 2 / below
    return 1 / (below * np.sqrt(PI))


def gauss(a, sign):
    """exp(sign a**2); the square of a double has up to 106 bits and is taken in two parts."""
    upper = a * SPLIT
    upper = upper - (upper - a)
    lower = a - upper
    square = a * a
    rest = ((upper * upper - square) + 2 * upper * lower) + lower * lower
    return np.exp(sign * square) * (1 + sign * rest)


def erfcx_right(a):
    near = np.minimum(a, 1)
    return np.where(a < 1, gauss(near, 1) * (1 - series(near)), fraction(np.maximum(a, 1)))


def erf(x):
    a = np.abs(x)
    middle = np.clip(a, 1, 40)
    far = 1 - gauss(middle, -1) * fraction(middle)
    return np.copysign(np.where(a < 1, series(np.minimum(a, 1)), far), x)


def erfc(x):
    a = np.abs(x)
    middle = np.clip(a, 1, 40)
    far = gauss(middle, -1) * fraction(middle)
    left, right = 1 + series(np.minimum(a, 1)), 1 - series(np.minimum(a, 1))
    return np.where(a < 1, np.where(x < 0, left, right), np.where(x < 0, 2 - far, far))


def erfcx(x):
    a = np.abs(x)
    right = erfcx_right(a)
    return np.where(x < 0, 2 * gauss(np.minimum(a, 40), 1) - right, right)


OWN = {"erf": erf, "erfc": erfc, "erfcx": erfcx}


def exact(name, x):
    """A function of doubles, in long doubles."""
    name = name.removesuffix("_summed")
    with np.errstate(all="ignore"):
        return OWN.get(name, getattr(np, name, None))(np.asarray(x, dtype=LONG))


def units(got, wanted):
    """How far doubles are from long doubles, in units of the last place of a double there.

    Infinity counts as 2**1024, which follows the largest double.  What is nan must agree, and so
    must the sign of a zero.
    """
    with np.errstate(all="ignore"):
        got, wanted = (np.clip(x, -END, END) for x in (got.astype(LONG), wanted))
        exponent = np.clip(np.frexp(wanted)[1], -1021, 1024)
        error = np.ldexp(np.abs(got - wanted), 53 - exponent)
    wrong = (np.isnan(got) != np.isnan(wanted)) | (
        (got == 0) & (np.signbit(got) != np.signbit(wanted))
    )
    return np.where(wrong, np.inf, np.where(np.isnan(wanted), 0, error)).astype(float)
