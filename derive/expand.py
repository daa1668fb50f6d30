"""An ensemble at small integer sizes: its trace as explicit finite sums and integrals.

Continuous components are integrated along their contours.  Where the logarithm of the integrand is
a sum of functions of different coordinates (found numerically, by mixed differences), the integral
is a product; what remains coupled is done coordinate by coordinate, to at most two dimensions.
A conjugate in which the exponent is linear gives a delta function, and is integrated first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product as cartesian
from typing import Any

import mpmath
from mpmath import mp
from sympy import Float, Lambda, Symbol

from derive.ensemble import Ensemble, joint_groups
from derive.errors import DeriveError
from derive.evaluate import Environment, count, evaluator, form_matrix
from derive.measures import Continuous, Finite, OneHot, SteepestContour
from derive.quadrature import log_line_integral
from derive.variables import Variable

__all__ = ["Axis", "Expansion", "OutOfReach", "TwoDimensional", "components_of", "states"]

MAX_STATES = 20000
PLANE_DIGITS = 16  # two-dimensional integrals are done at no higher precision


class OutOfReach(DeriveError):
    """A sum or integral too large to be done explicitly."""


class TwoDimensional(OutOfReach):
    """A two-dimensional integral was met at a precision at which it takes too long."""


@dataclass(frozen=True)
class Axis:
    """A real coordinate y of an integral: component += direction * y, within (lower, upper)."""

    directions: dict[Any, Any]
    offsets: dict[Any, Any]
    lower: Any
    upper: Any
    imaginary: bool


class Expansion:
    """The integrand of an ensemble at given sizes.

    Parameters
    ----------
    ensemble : Ensemble
        What to expand.
    sizes : mapping
        The integer value of each size symbol.
    environment : dict
        Parameters and arrays, which stay the same.
    """

    def __init__(
        self, ensemble: Ensemble, sizes: Mapping[Symbol, Any], environment: Environment
    ) -> None:
        self.ensemble, self.sizes = ensemble, sizes
        known = {s: Float(v, mp.dps) for s, v in environment.items() if isinstance(s, Symbol)}
        known |= {s: Float(v, mp.dps) for s, v in sizes.items()}
        self._exponent = evaluator(ensemble.exponent.xreplace(known), sizes)
        self._prefactor = evaluator(ensemble.log_prefactor, sizes)(environment)
        self._weight = evaluator(ensemble.weight.xreplace(known), sizes)

    def log_integrand(self, env: Environment) -> Any:
        """Exponent and prefactor at a point."""
        return self._exponent(env) + self._prefactor

    def trace(self, variables: list[Variable], env: Environment) -> tuple[Any, Any, int]:
        """The trace over some variables at a point of the others, as (c, Z, dimension of integral).

        Its value is ``exp(c) * Z``.
        """
        discrete = [v for v in variables if isinstance(v.measure, Finite | OneHot)]
        continuous = [v for v in variables if v not in discrete]
        axes = self.axes(continuous, env)
        pieces, dimension = [], 0
        for assignment, log_weight in states(discrete, self.sizes, env):
            point = env | assignment
            exponent, value, dimension = self._integral(axes, continuous, point)
            pieces.append((exponent + log_weight, value))
        top = max(mpmath.re(c) for c, _ in pieces)
        return top, mpmath.fsum(mpmath.exp(c - top) * z for c, z in pieces), dimension

    # -- integrals --------------------------------------------------------------------------------

    def axes(self, variables: list[Variable], env: Environment) -> list[Axis]:
        """The real coordinates of the continuous variables."""
        found: list[Axis] = []
        for group in joint_groups(variables):
            measure = group[0].measure
            if isinstance(measure, SteepestContour):
                found.extend(self._steepest(group, env))
            elif isinstance(measure, Continuous):
                found.extend(self._straight(group[0], env))
            else:
                raise OutOfReach(f"{group[0].name} is on a sphere: it is checked as a constraint")
        return found

    def _straight(self, variable: Variable, env: Environment) -> Iterator[Axis]:
        measure = variable.measure
        number = {
            name: evaluator(getattr(measure, name), self.sizes)(env)
            for name in ("lower", "upper", "shift", "direction")
        }
        for key in components_of(variable, self.sizes):
            yield Axis(
                {key: number["direction"]},
                {key: number["shift"]},
                number["lower"],
                number["upper"],
                measure.is_imaginary,
            )

    def _steepest(self, group: tuple[Variable, ...], env: Environment) -> Iterator[Axis]:
        keys = [key for v in group for key in components_of(v, self.sizes)]
        values, vectors = mpmath.eigsy(form_matrix(group[0].measure.form, self.sizes, env))
        scale = max(abs(e) for e in values)
        for k, eigenvalue in enumerate(values):
            if abs(eigenvalue) > scale * mp.eps * 1e6:
                turn = mpmath.mpf(1) if eigenvalue > 0 else mpmath.mpc(0, 1)
                column = {key: turn * vectors[row, k] for row, key in enumerate(keys)}
                yield Axis(column, dict.fromkeys(keys, 0), -mpmath.inf, mpmath.inf, False)

    def _integral(
        self, axes: list[Axis], variables: list[Variable], env: Environment
    ) -> tuple[Any, Any, int]:
        weights = list(self._log_weights(variables))

        def log_density(position: tuple[Any, ...]) -> tuple[Any, Any]:
            point = env | _located(axes, position)
            own = mpmath.fsum(weight(point) for weight in weights)
            return self.log_integrand(point) + own, self._weight(point)

        if not axes:
            return (*log_density(()), 0)
        delta = _delta_function(log_density, axes)
        if delta is not None:
            return (*delta, 0)
        return _separated(log_density, axes)

    def _log_weights(self, variables: list[Variable]) -> Iterator[Any]:
        for variable in variables:
            if isinstance(variable.measure, Continuous):
                yield from _density_of(variable, variable.measure.log_weight, self.sizes)


def _density_of(variable: Variable, log_weight: Lambda, sizes: Mapping[Symbol, Any]) -> Iterator:
    x = Symbol("x")
    density = evaluator(log_weight(x), sizes)
    for key in components_of(variable, sizes):
        yield lambda env, key=key: density(env | {x: env[key]})


def components_of(variable: Variable, sizes: Mapping[Symbol, Any]) -> list[Any]:
    """The keys of all components of a variable."""
    ranges = [range(1, count(over, sizes) + 1) for over in variable.label.ranges]
    keys = [(variable.label, slots) for slots in cartesian(*ranges)]
    if variable.label.symmetric:
        keys = [key for key in keys if key[1] == tuple(sorted(key[1]))]
    return keys


def states(
    variables: list[Variable], sizes: Mapping[Symbol, Any], env: Environment
) -> Iterator[tuple[Environment, Any]]:
    """All joint values of discrete variables, with the logarithm of their weight."""
    choices: list[list[tuple[Environment, Any]]] = []
    for variable in variables:
        choices.extend(_single_states(variable, sizes, env))
    size = 1
    for options in choices:
        size *= len(options)
        if size > MAX_STATES:
            raise OutOfReach(f"more than {MAX_STATES} states: check at a smaller size")
    for combination in cartesian(*choices):
        joint: Environment = {}
        for assignment, _ in combination:
            joint.update(assignment)
        yield joint, mpmath.fsum(w for _, w in combination)


def _single_states(variable, sizes, env):
    """The states of each independent copy of a variable."""
    sites = cartesian(*(range(1, count(over, sizes) + 1) for over in variable.site_ranges))
    if isinstance(variable.measure, OneHot):
        q = count(variable.measure.colours, sizes)
        for site in sites:
            yield [
                ({(variable.label, (*site, b)): mpmath.mpf(a == b) for b in range(1, q + 1)}, 0)
                for a in range(1, q + 1)
            ]
        return
    values = [evaluator(v, sizes)(env) for v in variable.measure.values]
    weights = [evaluator(w, sizes)(env) for w in variable.measure.log_weights]
    for site in sites:
        yield [({(variable.label, site): v}, w) for v, w in zip(values, weights, strict=True)]


def _located(axes: list[Axis], position: tuple[Any, ...]) -> Environment:
    point: Environment = {}
    for axis, y in zip(axes, position, strict=True):
        for key, direction in axis.directions.items():
            point[key] = point.get(key, axis.offsets[key]) + direction * y
    return point


def _delta_function(log_density, axes):
    """Integrate conjugates that enter linearly: int dy/(2 pi) e^{i y L(x)} = delta(L(x)).

    The real fields are put where all L vanish, with the Jacobian |det dL/dx|.
    """
    duals = [k for k, axis in enumerate(axes) if axis.imaginary]
    fields = [k for k in range(len(axes)) if k not in duals]
    if not duals or len(duals) != len(fields):
        return None

    def exponent(x: Any, y: Any) -> Any:
        position = [mpmath.mpf(0)] * len(axes)
        for k, value in (*zip(fields, x, strict=True), *zip(duals, y, strict=True)):
            position[k] = value
        return log_density(tuple(position))

    n = len(duals)
    zero, unit = [mpmath.mpf(0)] * n, lambda k, a: [a if j == k else mpmath.mpf(0) for j in range(n)]
    trial = [mpmath.mpf(k + 1) / 7 for k in range(n)]
    base = exponent(trial, zero)[0]
    slopes = [exponent(trial, unit(k, 1))[0] - base for k in range(n)]
    for k in range(n):
        curved = exponent(trial, unit(k, 3))[0] - base - 3 * slopes[k]
        if abs(curved) > mp.eps * 1e6 * (1 + abs(slopes[k])):
            return None

    def constraint(x: Any) -> Any:
        at = exponent(x, zero)[0]
        return [mpmath.im(exponent(x, unit(k, 1))[0] - at) for k in range(n)]

    # the constraints are affine in the fields: two evaluations per direction solve them
    origin = mpmath.matrix(constraint(zero))
    jacobian = mpmath.matrix(n, n)
    for k in range(n):
        column = mpmath.matrix(constraint(unit(k, 1))) - origin
        for j in range(n):
            jacobian[j, k] = column[j]
    root = list(mpmath.lu_solve(jacobian, -origin))
    if max(abs(c) for c in constraint(root)) > mp.eps * 1e8:
        return None
    value, weight = exponent(root, zero)
    volume = (2 * mp.pi) ** n / abs(mpmath.det(jacobian))
    return value, weight * volume


def _separated(log_density, axes) -> tuple[Any, Any, int]:
    """The integral as a product over groups of coupled coordinates."""
    origin = [mpmath.mpf("0.1") if a.lower == -mpmath.inf else (a.lower + a.upper) / 2 for a in axes]
    base, weight = log_density(tuple(origin))
    groups = _coupled(log_density, axes, origin)
    total, value = base, weight
    for group in groups:
        if len(group) > 2:
            raise OutOfReach(f"an integral over {len(group)} coupled coordinates is out of reach")
        if len(group) == 2 and mp.dps > PLANE_DIGITS:
            raise TwoDimensional("a two-dimensional integral")
        exponent, factor = _nested_integral(log_density, axes, origin, group)
        total += exponent - base
        value *= factor / weight
    return total, value, max(map(len, groups))


def _nested_integral(log_density, axes, position, group) -> tuple[Any, Any]:
    """Integrate over the coordinates of a group, the others held."""
    first, rest = group[0], group[1:]

    def along(y: Any) -> tuple[Any, Any]:
        moved = list(position)
        moved[first] = y
        return _nested_integral(log_density, axes, moved, rest) if rest else log_density(tuple(moved))

    return log_line_integral(along, axes[first].lower, axes[first].upper)


def _coupled(log_density, axes, origin) -> list[list[int]]:
    """Groups of coordinates with non-zero mixed differences of the logarithm of the integrand."""
    n = len(axes)

    def at(**moved: Any) -> Any:
        position = list(origin)
        for k, y in moved.items():
            position[int(k[1:])] = y
        exponent, weight = log_density(tuple(position))
        return exponent + mpmath.log(weight) if weight != 1 else exponent

    def step(k: int) -> Any:
        bounded = mpmath.isfinite(axes[k].upper) and mpmath.isfinite(axes[k].lower)
        return origin[k] + ((axes[k].upper - axes[k].lower) / 5 if bounded else mpmath.mpf("0.37"))

    groups = [[k] for k in range(n)]
    base = at()
    for k in range(n):
        for j in range(k):
            mixed = at(**{f"y{k}": step(k), f"y{j}": step(j)}) - at(**{f"y{k}": step(k)})
            mixed -= at(**{f"y{j}": step(j)}) - base
            if abs(mixed) > mp.eps * 1e8 * (1 + abs(base)):
                one = next(g for g in groups if k in g)
                two = next(g for g in groups if j in g)
                if one is not two:
                    groups.remove(two)
                    one.extend(two)
    return groups
