"""An ensemble at small integer sizes: its trace as explicit finite sums and integrals.

Discrete variables are summed over all their values; continuous ones are integrated along their
contours, in the real coordinates that `integrals` works with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product as cartesian
from typing import Any

import mpmath
from mpmath import mp
from sympy import Float, Heaviside, Lambda, Symbol, sign

from derive.checks.evaluate import Environment, Evaluate, count, evaluator, form_matrix, interned
from derive.checks.integrals import Axis, Estimate, OutOfReach, delta_function, separated
from derive.checks.softened import softened
from derive.ensemble import Ensemble, elements_of, joint_groups, terms
from derive.gaussian.average import GaussianAverage
from derive.measures import Continuous, Finite, OneHot, SteepestContour
from derive.variables import Variable

__all__ = ["Expansion", "components_of", "single_states", "states"]

MAX_STATES = 20000


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
    soft : bool
        Whether steps are replaced by smooth functions, see `softened`.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        sizes: Mapping[Symbol, Any],
        environment: Environment,
        soft: bool = False,
    ) -> None:
        self.ensemble, self.sizes = ensemble, sizes
        exponent, weight = (
            softened(e) if soft else e for e in (ensemble.exponent, ensemble.weight)
        )
        known = {s: Float(v, mp.dps) for s, v in environment.items() if isinstance(s, Symbol)}
        known |= {s: Float(v, mp.dps) for s, v in sizes.items()}
        if ensemble.has(GaussianAverage):  # which would look for its normal form again
            known = {}
        self._terms = [(t, evaluator(t.xreplace(known), sizes)) for t in terms(exponent)]
        self._rough = any(e.has(Heaviside, sign) for e in (exponent, weight))
        self._prefactor = evaluator(ensemble.log_prefactor, sizes)(environment)
        self._weight = evaluator(weight.xreplace(known), sizes)

    def log_integrand(self, env: Environment) -> Any:
        """Exponent and prefactor at a point."""
        return self.without_prefactor(env) + self._prefactor

    def weight(self, env: Environment) -> Any:
        """The weight at a point."""
        return self._weight(env)

    def without_prefactor(self, env: Environment) -> Any:
        """The exponent at a point."""
        return mpmath.fsum(value(env) for _, value in self._terms)

    def trace(self, variables: list[Variable], env: Environment) -> Estimate:
        """The trace over some variables at a point of the others."""
        labels = {v.label for v in variables}
        moving = [value for term, value in self._terms if elements_of(term, labels)]
        rest = [value for term, value in self._terms if not elements_of(term, labels)]
        constant = mpmath.fsum(value(env) for value in rest) + self._prefactor

        def exponent(point: Environment) -> Any:
            return mpmath.fsum(value(point) for value in moving) + constant

        discrete = [v for v in variables if isinstance(v.measure, Finite | OneHot)]
        continuous = [v for v in variables if v not in discrete]
        axes = self.axes(continuous, env)
        parts = [
            (self._integral(exponent, axes, continuous, env | assignment), log_weight)
            for assignment, log_weight in states(discrete, self.sizes, env)
        ]
        top = max(mpmath.re(part.exponent + w) for part, w in parts)
        total = mpmath.fsum(mpmath.exp(p.exponent + w - top) * p.value for p, w in parts)
        return Estimate(
            top, total, max(p.dimension for p, _ in parts), max(p.error for p, _ in parts)
        )

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
        self, exponent: Evaluate, axes: list[Axis], variables: list[Variable], env: Environment
    ) -> Estimate:
        weights = list(self._log_weights(variables))
        # null directions of a steepest contour are absent: the field is zero along them
        env = env | {
            key: mpmath.mpf(0)
            for v in variables
            if isinstance(v.measure, SteepestContour)
            for key in components_of(v, self.sizes)
        }

        def log_density(position: tuple[Any, ...]) -> tuple[Any, Any]:
            point = env | _located(axes, position)
            own = mpmath.fsum(weight(point) for weight in weights)
            return exponent(point) + own, self._weight(point)

        if not axes:
            return Estimate(*log_density(()))
        return delta_function(log_density, axes) or separated(log_density, axes, self._rough)

    def _log_weights(self, variables: list[Variable]) -> Iterator[Any]:
        for variable in variables:
            if isinstance(variable.measure, Continuous):
                yield from _density_of(variable, variable.measure.log_weight, self.sizes)


def _density_of(
    variable: Variable, log_weight: Lambda, sizes: Mapping[Symbol, Any]
) -> Iterator[Any]:
    x = Symbol("x")
    density = evaluator(log_weight(x), sizes)
    if not log_weight(x).has(x):
        number = len(components_of(variable, sizes))
        yield lambda env: number * density(env)
        return
    for key in components_of(variable, sizes):
        yield lambda env, key=key: density(env | {x: env[key]})


def components_of(variable: Variable, sizes: Mapping[Symbol, Any]) -> list[Any]:
    """The keys of all components of a variable."""
    ranges = [range(1, count(over, sizes) + 1) for over in variable.label.ranges]
    keys = [(interned(variable.label), slots) for slots in cartesian(*ranges)]
    if variable.label.symmetric:
        keys = [key for key in keys if key[1] == tuple(sorted(key[1]))]
    if variable.label.diagonal is not None:  # it is known, and no component of its own
        keys = [key for key in keys if key[1][0] != key[1][1]]
    return keys


def states(
    variables: list[Variable], sizes: Mapping[Symbol, Any], env: Environment
) -> Iterator[tuple[Environment, Any]]:
    """All joint values of discrete variables, with the logarithm of their weight."""
    choices: list[list[tuple[Environment, Any]]] = []
    for variable in variables:
        choices.extend(single_states(variable, sizes, env))
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


def single_states(
    variable: Variable, sizes: Mapping[Symbol, Any], env: Environment
) -> Iterator[list[tuple[Environment, Any]]]:
    """The states of each independent copy of a variable."""
    sites = cartesian(*(range(1, count(over, sizes) + 1) for over in variable.site_ranges))
    if isinstance(variable.measure, OneHot):
        q = count(variable.measure.colours, sizes)
        for site in sites:
            yield [
                (
                    {
                        (interned(variable.label), (*site, b)): mpmath.mpf(a == b)
                        for b in range(1, q + 1)
                    },
                    0,
                )
                for a in range(1, q + 1)
            ]
        return
    values = [evaluator(v, sizes)(env) for v in variable.measure.values]
    weights = [evaluator(w, sizes)(env) for w in variable.measure.log_weights]
    for site in sites:
        yield [
            ({(interned(variable.label), site): v}, w) for v, w in zip(values, weights, strict=True)
        ]


def _located(axes: list[Axis], position: tuple[Any, ...]) -> Environment:
    point: Environment = {}
    for axis, y in zip(axes, position, strict=True):
        for key, direction in axis.directions.items():
            point[key] = point.get(key, axis.offsets[key]) + direction * y
    return point
