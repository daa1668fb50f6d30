"""The tail of a Gaussian: H(x), its logarithm, and the moments of what lies beyond x.

H(x) = erfc(x/sqrt 2)/2 is the probability that a standard normal variable z exceeds x, and
G(x) = exp(-x**2/2)/sqrt(2 pi) its density.  All recipes share one rational approximation: of the
mean excess D = G/H - x at x >= -1/2, where it falls to 1/x.  Further left they go through
H(x) = 1 - H(-x), which does not cancel.
"""

from __future__ import annotations

from functools import lru_cache
from math import pi as PI
from math import sqrt as root
from typing import Any

from sympy import Dummy, Expr, erfc, exp, expand, log, pi, sqrt

from numerics.arithmetic import integer_power
from numerics.builder import Builder, Value
from numerics.errors import UnsupportedExpressionError
from numerics.special.base import StableFunction
from numerics.special.tail_fits import FITS

__all__ = [
    "GaussianTail",
    "InverseMills",
    "InverseMillsSlope",
    "LogErfc",
    "LogGaussianTail",
    "LogMillsRatio",
    "MillsRatio",
    "TailCumulant",
    "TailPower",
    "gaussian_tail",
    "log_gaussian_tail",
]

# Constants as a double and what it leaves: half a unit would count several times
NORM = (0.3989422804014327, -2.49232720227773e-17)  # 1/sqrt(2 pi), of the density
ROOT = (2.5066282746310007, -1.8328579980459167e-16)  # sqrt(2 pi)
LOG_NORM = 0.9189385332046727  # log sqrt(2 pi)
AT_ZERO = 0.22579135264472744  # log sqrt(pi/2), the log of the Mills ratio at x = 0
NEAR = 0.7
LOW = FITS[1].low
LARGE = 1e12  # beyond, the n-th cumulant is (n - 1)!/x**n to the last digit
# The zero of erfc next to the real axis (Fettis, Caslin and Cramer 1973), in units of x = sqrt(2) t
ZERO = (-1.354810128112006 * root(2), 1.991466843203806 * root(2))


def _horner(y: Value, coefficients: tuple[float, ...]) -> Value:
    result = coefficients[-1] * y + coefficients[-2]
    for coefficient in reversed(coefficients[:-2]):
        result = result * y + coefficient
    return result


def _fitted(n: int, x: Value) -> Value:
    """The n-th cumulant of the excess, at x >= low of its fit and up to `LARGE`."""
    fit = FITS[n]
    y = x if fit.low == 0 else x - fit.low
    value = _horner(y, fit.above) / _horner(y, fit.below)
    return value if fit.zero is None else (x - fit.zero) * value


def _fraction(b: Builder, x: Value) -> tuple[Value, Value]:
    """G/H = x + D at x >= low of its fit and up to `LARGE`, over one denominator."""
    fit, at = FITS[1], b.emit("minimum", x, LARGE)
    below = _horner(at - fit.low, fit.below)
    return at * below + _horner(at - fit.low, fit.above), below


def _inverse(b: Builder, x: Value) -> Value:
    """G/H at x >= low of its fit."""
    above, below = _fraction(b, x)
    return b.emit("maximum", x, above / below)  # x itself beyond `LARGE`


def _density(b: Builder, x: Value) -> Value:
    return _times(b.emit("exp", -0.5 * b.emit("square", x)), NORM)


def _times(value: Value, constant: tuple[float, float]) -> Value:
    return value * constant[0] + value * constant[1]


def _tail(b: Builder, x: Value) -> Value:
    """H at |x|."""
    above, below = _fraction(b, abs(x))
    return _density(b, x) * below / above


def _folded(b: Builder, x: Value) -> Value:
    """x, or -x far enough on the left that H(-x) is well below one."""
    return b.emit("select", x, LOW, -x, x)


def _inverse_mills(b: Builder, x: Value) -> Value:
    """One division serves both sides: G/(1 - G/R) = G P/(P - G Q), where R = P/Q on the right."""
    above, below = _fraction(b, _folded(b, x))
    density = _density(b, x)
    above, below = (
        b.emit("select", x, LOW, density * above, above),
        b.emit("select", x, LOW, above - density * below, below),
    )
    return b.emit("maximum", x, above / below)


def _excess(b: Builder, x: Value) -> Value:
    """G/H - x."""
    place = _folded(b, x)
    beyond = LARGE / b.emit("maximum", place, LARGE)
    right = _fitted(1, b.emit("minimum", place, LARGE)) * beyond
    return b.emit("select", x, LOW, _inverse_mills(b, x) - x, right)


def gaussian_tail(b: Builder, x: Value) -> Value:
    """H(x)."""
    tail = _tail(b, x)
    return b.emit("select", x, 0.0, 1.0 - tail, tail)


class GaussianTail(StableFunction):
    """H(x) = erfc(x/sqrt 2)/2, the probability that a standard normal variable exceeds x."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return erfc(x / sqrt(2)) / 2

    def fdiff(self, argindex: int = 1) -> Expr:
        return -exp(-(self.args[0] ** 2) / 2) / sqrt(2 * pi)

    def recipe(self, b: Builder, x: Value) -> Value:
        return gaussian_tail(b, x)


class LogGaussianTail(StableFunction):
    """log H(x), the logarithm of the tail of a standard normal variable.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from numerics.special import LogGaussianTail
    >>> x = Symbol("x")
    >>> LogGaussianTail(x).diff(x)
    -InverseMills(x)
    """

    singularities = (ZERO,)

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return log(erfc(x / sqrt(2)) / 2)

    def fdiff(self, argindex: int = 1) -> Expr:
        return -InverseMills(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        return log_gaussian_tail(b, x)


def log_gaussian_tail(b: Builder, x: Value) -> Value:
    """log H(x)."""
    left = b.emit("log1p", -_tail(b, x))
    far = b.emit("log", _times(_inverse(b, abs(x)), ROOT))
    return b.emit("select", x, 0.0, left, -0.5 * b.emit("square", x) - far)


class LogErfc(StableFunction):
    """log(erfc(t)), to full relative accuracy near t = 0."""

    singularities = ((ZERO[0] / root(2), ZERO[1] / root(2)),)

    @classmethod
    def naive(cls, t: Expr) -> Expr:
        return log(erfc(t))

    def fdiff(self, argindex: int = 1) -> Expr:
        return -sqrt(2) * InverseMills(sqrt(2) * self.args[0])

    def recipe(self, b: Builder, t: Value) -> Value:
        near = b.emit("log1p", -b.emit("erf", b.emit("minimum", t, 0.5)))
        size = b.emit("maximum", t, 0.5)
        far = b.emit("log", root(PI / 2) * _inverse(b, root(2) * size))
        return b.emit("select", t, 0.5, near, -b.emit("square", size) - far)


class InverseMills(StableFunction):
    """G/H, the inverse Mills ratio: the mean of a standard normal variable beyond x.

    G is the density exp(-x**2/2)/sqrt(2 pi) and H the tail erfc(x/sqrt 2)/2.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from numerics.special import InverseMills
    >>> x = Symbol("x")
    >>> InverseMills(x).diff(x)
    InverseMillsSlope(x)
    """

    singularities = (ZERO,)

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return sqrt(2 / pi) * exp(-(x**2) / 2) / erfc(x / sqrt(2))

    def fdiff(self, argindex: int = 1) -> Expr:
        return InverseMillsSlope(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        return _inverse_mills(b, x)


class InverseMillsSlope(StableFunction):
    """(G/H)(G/H - x), the derivative of the inverse Mills ratio and minus that of log H, twice.

    It is one less the variance beyond x: the square of it is averaged in the stability condition of
    de Almeida and Thouless for the perceptron.
    """

    singularities = (ZERO,)

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        ratio = InverseMills.naive(x)
        return ratio * (ratio - x)

    def fdiff(self, argindex: int = 1) -> Expr:
        return TailCumulant(3, self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        low = FITS[2].low
        half, outer = _halves(b, x)
        return b.emit(
            "select", x, low, outer * (half * (_inverse_mills(b, x) - x)), 1.0 - _by_fit(b, 2, x)
        )


class MillsRatio(StableFunction):
    """H/G, the Mills ratio; exp(t**2) erfc(t) is sqrt(2/pi) times it at x = sqrt(2) t."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return sqrt(pi / 2) * exp(x**2 / 2) * erfc(x / sqrt(2))

    def fdiff(self, argindex: int = 1) -> Expr:
        return -self * TailCumulant(1, self.args[0])  # x H/G - 1 = (x - G/H) H/G

    def recipe(self, b: Builder, x: Value) -> Value:
        # on the left the density is divided by, so that its exponential is one of a positive number
        growth = b.emit("exp", 0.5 * b.emit("square", b.emit("minimum", x, LOW)))
        right = _inverse(b, _folded(b, x))
        left = _times(growth, ROOT) * (1.0 - _density(b, x) / right)
        return b.emit("select", x, LOW, left, 1.0 / right)


class LogMillsRatio(StableFunction):
    """log(H/G), the logarithm of the Mills ratio."""

    singularities = (ZERO,)

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return log(MillsRatio.naive(x))

    def fdiff(self, argindex: int = 1) -> Expr:
        return -TailCumulant(1, self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        square = b.emit("square", b.emit("minimum", x, NEAR))
        left = 0.5 * square + (LOG_NORM + b.emit("log1p", -_tail(b, x)))
        far = b.emit("select", x, 0.0, left, -b.emit("log", _inverse(b, abs(x))))
        # by what it adds to its value at x = 0, near its own zero there
        small = b.emit("maximum", b.emit("minimum", x, NEAR), -NEAR)
        near = 0.5 * b.emit("square", small) + b.emit("log1p", -b.emit("erf", root(0.5) * small))
        return b.emit("select", abs(x), NEAR, AT_ZERO + near, far)


class TailPower(StableFunction):
    """exp(a) H(x)**p for an integer p, where neither factor overflows before the product does.

    Arguments a, c, p, x, with c = a - p x**2/2 in simplified form: at x > 0 the tail's own
    exponential, taken out of it, cancels in symbols.
    """

    @classmethod
    def naive(cls, a: Expr, c: Expr, p: Expr, x: Expr) -> Expr:
        return exp(a) * GaussianTail.naive(x) ** p

    def _eval_derivative(self, other: Any) -> Expr:
        _, c, p, x = self.args
        return self * (c.diff(other) - p * TailCumulant(1, x) * x.diff(other))

    def recipe(self, b: Builder, a: Value, c: Value, p: Value, x: Value) -> Value:
        power = int(self.args[2])
        right = _inverse(b, abs(x))
        left = 1.0 - _tail(b, x)
        if power > 0:
            base = b.emit("select", x, 0.0, left, NORM[0] / right)
        else:
            base = b.emit("select", x, 0.0, 1.0 / left, ROOT[0] * right)
        exponent = b.emit("select", x, 0.0, a, c)
        return integer_power(b, base, abs(power)) * b.emit("exp", exponent)


class TailCumulant(StableFunction):
    """The n-th cumulant of the excess z - x of a standard normal variable z beyond x.

    The first is the mean excess G/H - x, the second the variance 1 - (G/H)(G/H - x) of a truncated
    Gaussian.  Each is minus the derivative of the one before, and minus (-1)**n times the n-th
    derivative of log H, to which the first adds -x and the second one.  They fall like
    (n - 1)!/x**n for x -> oo, where the textbook formulas cancel.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from numerics.special import TailCumulant
    >>> x = Symbol("x")
    >>> TailCumulant(1, x).diff(x)
    -TailCumulant(2, x)
    """

    singularities = (ZERO,)

    @classmethod
    def naive(cls, n: Expr, x: Expr) -> Expr:
        return _cumulant(int(n)).xreplace({_RATIO: InverseMills.naive(x), _X: x})

    def fdiff(self, argindex: int = 2) -> Expr:
        n, x = self.args
        return -TailCumulant(n + 1, x)

    def recipe(self, b: Builder, n: Value, x: Value) -> Value:
        order = int(self.args[0])
        if order == 1:
            return _excess(b, x)
        if order not in FITS:
            raise UnsupportedExpressionError(
                f"{self}: cumulants of a truncated Gaussian are evaluated up to order {max(FITS)}"
            )
        left = _by_recursion(b, order, x)
        return b.emit("select", x, FITS[order].low, left, _by_fit(b, order, x))


def _by_fit(b: Builder, order: int, x: Value) -> Value:
    """A cumulant at x >= low of its fit, (n - 1)!/x**n far out."""
    at = b.emit("maximum", x, FITS[order].low)
    beyond = LARGE / b.emit("maximum", at, LARGE)
    return _fitted(order, b.emit("minimum", at, LARGE)) * integer_power(b, beyond, order)


def _by_recursion(b: Builder, order: int, x: Value) -> Value:
    """The second to the fourth cumulant at x < low, where nothing cancels."""
    ratio = _inverse_mills(b, x)
    excess = ratio - x
    variance = 1.0 - ratio * excess
    if order == 2:
        return variance
    # D**2 - variance and 3 variance - D**2, by powers of x, which is exact, and not of D = R - x
    square = b.emit("square", b.emit("maximum", x, -40.0))  # both are zero below
    rest = (square - 1.0) + ratio * (2.0 * excess - x)
    other = (3.0 - square) - ratio * (4.0 * excess - x)
    half, outer = _halves(b, x)
    return outer * (half * (rest if order == 3 else excess * other - ratio * rest))


def _halves(b: Builder, x: Value) -> tuple[Value, Value]:
    """G/H at x < low as a product, so that large factors come before it underflows."""
    half = b.emit("exp", -0.25 * b.emit("square", x))
    tail = _density(b, x) / _inverse(b, _folded(b, x))
    return half, NORM[0] * half / (1.0 - tail)


_RATIO, _X = Dummy("ratio"), Dummy("x")


@lru_cache
def _cumulant(n: int) -> Expr:
    """As a polynomial in the ratio R = G/H and x, each minus the derivative of the one before."""
    if n == 1:
        return _RATIO - _X
    last = _cumulant(n - 1)
    return expand(-last.diff(_X) - last.diff(_RATIO) * _RATIO * (_RATIO - _X))
