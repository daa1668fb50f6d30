"""The visible table: the averages that all other closed forms are reduced to.

Each row is a model-free identity with its source and sample points, at which the tests compare both
sides to 30 digits.  Everything else follows by moves: exponentials and delta functions condition
and tilt the Gaussian (`gram`), polynomials are removed by Stein's lemma (`stein`), and erf, sign,
Abs, Max, Min and Piecewise are written in steps (`normal_form`).

Phi(h) = erfc(-h/sqrt(2))/2 is the normal distribution function; x, y and z are standard normals
with the correlations given.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import (
    Expr,
    Heaviside,
    ImmutableMatrix,
    Rational,
    Symbol,
    asin,
    atan2,
    erfc,
    eye,
    pi,
    sign,
    sqrt,
    symbols,
)

from derive.gaussian.bivariate import BivariateNormal
from derive.gaussian.special import OrthantProbability, OwenT

__all__ = [
    "CENTRED_STEP",
    "FOUR_STEPS",
    "ODD_SIGNS",
    "ONE_STEP",
    "TABLE",
    "TWO_CENTRED_STEPS",
    "TWO_STEPS",
    "TWO_STEPS_AT_AN_ANGLE",
    "TWO_STEPS_OPPOSITE",
    "TWO_STEPS_SAME",
    "Row",
]

Sample = tuple[Rational, ...]


@dataclass(frozen=True)
class Row:
    """One identity: the average of the integrand over standard normals is the value.

    Attributes
    ----------
    source : str
        Where it is proved.
    integrand : Expr
        What is averaged.
    variables : tuple of Symbol
        The standard normals.
    correlation : Matrix
        Their correlations, in the parameters.
    parameters : tuple of Symbol
        What the identity holds for.
    value : Expr
        In the parameters and the abbreviations.
    samples : tuple of tuple of Rational
        Values of the parameters at which the identity is tested.
    abbreviations : tuple of (Symbol, Expr)
        Names in the value for combinations of the parameters.
    """

    source: str
    integrand: Expr
    variables: tuple[Symbol, ...]
    correlation: ImmutableMatrix
    parameters: tuple[Symbol, ...]
    value: Expr
    samples: tuple[Sample, ...]
    abbreviations: tuple[tuple[Symbol, Expr], ...] = ()

    def at(self, **values: Expr) -> Expr:
        """The value where its symbols take these values, given by name."""
        return self.value.xreplace({s: values[s.name] for s in self.value.free_symbols})


def _numbers(*samples: str) -> tuple[Sample, ...]:
    return tuple(tuple(Rational(number) for number in sample.split()) for sample in samples)


x, y, z, v = symbols("x y z v", real=True)
h, k, rho, s, a, b, c, d = symbols("h k rho s a b c d", real=True)
_pair = ImmutableMatrix([[1, rho], [rho, 1]])
_slope = rho / sqrt(1 - rho**2)
_slopes = ((a, (k - rho * h) / (h * sqrt(1 - rho**2))), (b, (h - rho * k) / (k * sqrt(1 - rho**2))))
_two = Heaviside(x + h) * Heaviside(y + k)
_halves = erfc(-h / sqrt(2)) / 4 + erfc(-k / sqrt(2)) / 4
r12, r13, r14, r23, r24, r34 = six = symbols("r12 r13 r14 r23 r24 r34", real=True)

# <theta(x + h)> = Phi(h)
ONE_STEP = Row(
    "NIST DLMF 7.2.2, 7.18.1",
    Heaviside(x + h),
    (x,),
    ImmutableMatrix(eye(1)),
    (h,),
    erfc(-h / sqrt(2)) / 2,
    _numbers("0", "13/10", "-7/5", "-9"),
)

# <theta(x) theta(y)> = 1/4 + arcsin(rho)/(2 pi)
TWO_CENTRED_STEPS = Row(
    "W. F. Sheppard, Phil. Trans. R. Soc. A 192, 101 (1899)",
    Heaviside(x) * Heaviside(y),
    (x, y),
    _pair,
    (rho,),
    Rational(1, 4) + asin(rho) / (2 * pi),
    _numbers("3/10", "-4/5", "999/1000"),
)

# the same where rho = c/sqrt(c^2 + d^2): no quotient, and smooth where both vanish with a factor
TWO_STEPS_AT_AN_ANGLE = Row(
    "W. F. Sheppard, Phil. Trans. R. Soc. A 192, 101 (1899)",
    Heaviside(x) * Heaviside(y),
    (x, y),
    _pair.subs(rho, c / sqrt(c**2 + d**2)),
    (c, d),
    Rational(1, 4) + atan2(c, d) / (2 * pi),
    _numbers("3/10 4/5", "-7/5 1/3"),
)

# <theta(x + h) theta(y)> = Phi(h)/2 + T(h, rho/sqrt(1 - rho^2))
CENTRED_STEP = Row(
    "D. B. Owen, Ann. Math. Statist. 27, 1075 (1956), equation 2.1 at k = 0",
    Heaviside(x + h) * Heaviside(y),
    (x, y),
    _pair,
    (h, rho),
    erfc(-h / sqrt(2)) / 4 + OwenT(h, s),
    _numbers("3/5 2/5", "-3/2 1/3", "2 -7/10"),
    ((s, _slope),),
)

# <theta(x + h) theta(y + k)> = Phi(h)/2 + Phi(k)/2 - T(h, a) - T(k, b), if h k > 0
TWO_STEPS_SAME = Row(
    "D. B. Owen, Ann. Math. Statist. 27, 1075 (1956), equation 2.1",
    _two,
    (x, y),
    _pair,
    (h, k, rho),
    _halves - OwenT(h, a) - OwenT(k, b),
    _numbers("3/5 1/2 2/5", "-3/2 -1/3 -1/5", "2 1/7 9/10"),
    _slopes,
)

# the same less 1/2, if h k < 0
TWO_STEPS_OPPOSITE = Row(
    "D. B. Owen, Ann. Math. Statist. 27, 1075 (1956), equation 2.1",
    _two,
    (x, y),
    _pair,
    (h, k, rho),
    _halves - OwenT(h, a) - OwenT(k, b) - Rational(1, 2),
    _numbers("3/5 -1/2 2/5", "-3/2 1/3 -1/5", "-2 1/7 9/10"),
    _slopes,
)

# whatever the signs: Phi2(h, k, rho)
TWO_STEPS = Row(
    "NIST DLMF 7.21; W. F. Sheppard, Phil. Trans. R. Soc. A 192, 101 (1899)",
    _two,
    (x, y),
    _pair,
    (h, k, rho),
    BivariateNormal(h, k, rho),
    _numbers("3/5 1/2 2/5", "-3/2 1/3 -1/5", "2 -1/7 9/10", "-1 -2 -1/2"),
)

# <sgn(x) sgn(y) sgn(z)> = 0: what brings an odd number of centred steps down to fewer
ODD_SIGNS = Row(
    "F. N. David, Biometrika 40, 458 (1953)",
    sign(x) * sign(y) * sign(z),
    (x, y, z),
    ImmutableMatrix([[1, r12, r13], [r12, 1, r23], [r13, r23, 1]]),
    (r12, r13, r23),
    Rational(0),
    _numbers("3/10 1/5 6/25", "-3/10 2/5 -12/25"),
)

# <theta(x) theta(y) theta(z) theta(v)> = P4(r12, r13, r14, r23, r24, r34)
FOUR_STEPS = Row(
    "R. L. Plackett, Biometrika 41, 351 (1954)",
    Heaviside(x) * Heaviside(y) * Heaviside(z) * Heaviside(v),
    (x, y, z, v),
    ImmutableMatrix(
        [[1, r12, r13, r14], [r12, 1, r23, r24], [r13, r23, 1, r34], [r14, r24, r34, 1]]
    ),
    six,
    OrthantProbability(*six),
    _numbers("3/10 1/5 2/5 6/25 12/25 8/25", "-3/10 1/5 2/5 -6/25 -12/25 8/25"),
)

TABLE = {
    "one step": ONE_STEP,
    "two centred steps": TWO_CENTRED_STEPS,
    "two centred steps at an angle": TWO_STEPS_AT_AN_ANGLE,
    "a step and a centred step": CENTRED_STEP,
    "two steps, thresholds of the same sign": TWO_STEPS_SAME,
    "two steps, thresholds of opposite sign": TWO_STEPS_OPPOSITE,
    "two steps": TWO_STEPS,
    "an odd number of signs": ODD_SIGNS,
    "four centred steps": FOUR_STEPS,
}
