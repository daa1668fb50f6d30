"""Single-variable measures: what a variable is summed or integrated over, and against what.

Each measure states its normalisation: *counting* (a plain sum over values), *Lebesgue* (a plain
integral) or *probability*.  Weights are kept as logarithms.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Basic,
    Dummy,
    Expr,
    I,
    Lambda,
    S,
    Tuple,
    expand_log,
    log,
    nan,
    oo,
    pi,
    rem,
    sympify,
)

from derive.errors import DeclarationError
from derive.indices import IndexRange

__all__ = [
    "Collective",
    "Continuous",
    "Finite",
    "Measure",
    "OneHot",
    "SphereSurface",
    "SteepestContour",
]


# The argument of every density: one dummy for all, so that equal densities are equal objects.
ARGUMENT = Dummy("x", dummy_index=1, real=True)


class Measure(Basic):
    """What one variable is traced over."""

    components = 0  # how many of the last slots belong to one variable jointly (Potts colours)

    @property
    def normalisation(self) -> str:
        """Against what it sums or integrates: counting, weighted counting, Lebesgue."""
        return "Lebesgue"


class Finite(Measure):
    """A sum over finitely many values, with log-weights.

    Parameters
    ----------
    values : tuple of Expr
        The values, all different.
    log_weights : tuple of Expr
        The logarithm of the weight of each; zero for counting.

    Raises
    ------
    DeclarationError
        If there is no value, a value is repeated, or the numbers of values and weights differ.
    """

    def __new__(cls, values: Any, log_weights: Any = None) -> Finite:
        values = Tuple(*values)
        log_weights = Tuple(*(log_weights or [S.Zero] * len(values)))
        if not values or len(set(values)) < len(values) or len(values) != len(log_weights):
            raise DeclarationError(
                f"values {values} with {len(log_weights)} weights: give different values, "
                "and one weight for each"
            )
        return Basic.__new__(cls, values, log_weights)

    @property
    def values(self) -> tuple[Expr, ...]:
        return tuple(self.args[0])

    @property
    def log_weights(self) -> tuple[Expr, ...]:
        return tuple(self.args[1])

    @property
    def normalisation(self) -> str:
        return "counting" if not any(self.log_weights) else "weighted counting"

    def reduce_power(self, power: int) -> dict[int, Expr]:
        """x**power as a polynomial of degree below the number of values, as {power: coefficient}.

        The values are the roots of prod (x - v), so that x**power is its remainder.
        """
        if power < len(self.values):
            return {power: S.One}
        x = Dummy()
        minimal = S.One
        for value in self.values:
            minimal *= x - value
        remainder = rem(x**power, minimal.expand(), x).as_poly(x)
        return {p[0]: c for p, c in remainder.terms() if c} or {0: S.Zero}


class OneHot(Measure):
    """A Potts variable of q colours as a vector: c[a] is 1 for its colour and 0 for the others."""

    components = 1

    @property
    def normalisation(self) -> str:
        return "counting"

    def __new__(cls, colours: IndexRange) -> OneHot:
        return Basic.__new__(cls, colours)

    @property
    def colours(self) -> IndexRange:
        return self.args[0]


class Continuous(Measure):
    """An integral over x = shift + direction * y, y in (lower, upper), of exp(log_weight(x)) dy.

    Parameters
    ----------
    lower, upper : Expr
        Ends of the interval of the real variable y.
    log_weight : Lambda
        Logarithm of the density, as a function of x.
    direction : Expr
        1 for the real axis and I for the imaginary axis (Fourier conjugates, and fields that
        linearise a square of negative coefficient).
    shift : Expr
        A real number by which an imaginary contour is moved, where convergence asks for it.
    """

    def __new__(
        cls,
        lower: Any = -oo,
        upper: Any = oo,
        log_weight: Any = None,
        direction: Any = 1,
        shift: Any = 0,
    ) -> Continuous:
        weight = log_weight(ARGUMENT) if log_weight is not None else S.Zero
        log_weight = Lambda(ARGUMENT, weight)
        lower, upper, direction, shift = sympify((lower, upper, direction, shift))
        if nan in (lower, upper) or (upper - lower).is_extended_positive is False:
            raise DeclarationError(f"the interval ({lower}, {upper}) is empty")
        return Basic.__new__(cls, lower, upper, log_weight, direction, shift)

    lower = property(lambda self: self.args[0])
    upper = property(lambda self: self.args[1])
    log_weight = property(lambda self: self.args[2])
    direction = property(lambda self: self.args[3])
    shift = property(lambda self: self.args[4])

    @property
    def is_imaginary(self) -> bool:
        return self.direction == I

    @property
    def is_bounded(self) -> bool:
        return bool(self.lower.is_finite and self.upper.is_finite)

    @staticmethod
    def gaussian(mean: Any, variance: Any) -> Continuous:
        """The normal probability measure."""
        mean, variance = sympify((mean, variance))
        if variance.is_positive is False:
            raise DeclarationError(f"the variance {variance} is not positive")
        x = Dummy("x")
        density = -((x - mean) ** 2) / (2 * variance) - expand_log(log(2 * pi * variance)) / 2
        return Continuous(-oo, oo, Lambda(x, density))


class Collective(Measure):
    """One number that stands for many equal components of a field, after an ansatz.

    Parameters
    ----------
    multiplicity : Expr
        How many independent components it stands for, such as n (n - 1)/2.  Where it turns
        negative, as n goes to zero, a maximum becomes a minimum.
    imaginary : bool
        Whether the components were integrated along the imaginary axis.
    level : int
        Overlaps grow with it: inside a block of replicas they are larger than between blocks.
    """

    def __new__(cls, multiplicity: Any, imaginary: Any = False, level: Any = 0) -> Collective:
        return Basic.__new__(cls, sympify(multiplicity), sympify(imaginary), sympify(level))

    multiplicity = property(lambda self: self.args[0])
    is_imaginary = property(lambda self: bool(self.args[1]))
    level = property(lambda self: int(self.args[2]))


class SteepestContour(Measure):
    """The joint contour of the fields that linearise exp(v A v / 2), for any symmetric real A.

    Along an eigenvector of positive eigenvalue the contour is real, along one of negative
    eigenvalue imaginary, and null directions are absent, so that exp(-x A x / 2) decays on it and
    A may be singular or indefinite.

    Parameters
    ----------
    form : Matrix, Element or BipartiteForm
        A as an explicit matrix over the fields, an array element ``c * A[i, j]`` over an index, or
        the form [[0, C], [C^T, 0]] of a rectangular array over the indices of two fields.
    position : int
        Which row of an explicit matrix, or which half of a rectangular array, the field belongs to.
    """

    def __new__(cls, form: Any, position: Any = 0) -> SteepestContour:
        return Basic.__new__(cls, sympify(form), sympify(position))

    form = property(lambda self: self.args[0])
    position = property(lambda self: int(self.args[1]))


class SphereSurface(Measure):
    """The joint measure prod_i dw_i delta(sum_i w_i^2 - norm2), opened by `constrain`."""

    def __new__(cls, norm2: Any) -> SphereSurface:
        norm2 = sympify(norm2)
        if norm2.is_positive is False:
            raise DeclarationError(f"a sphere needs a positive squared norm, not {norm2}")
        return Basic.__new__(cls, norm2)

    norm2 = property(lambda self: self.args[0])
