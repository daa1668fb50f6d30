"""Where checks take place: integer sizes, random parameters, arrays and points on contours."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import product as cartesian
from typing import Any

import mpmath
from sympy import Basic, Symbol

from derive.blocks import Blocks
from derive.checks.assembled import assembled
from derive.checks.evaluate import Environment, component, count, evaluator, form_matrix
from derive.checks.expand import components_of, single_states
from derive.checks.replica_points import (
    collective_value,
    norm_conjugates,
    planted_norms,
    replica_sizes,
)
from derive.ensemble import Ensemble
from derive.errors import ParameterError
from derive.indices import Element, Index, Label
from derive.measures import Collective, Continuous, Finite, OneHot, SphereSurface
from derive.variables import Variable

__all__ = ["World"]

DEFAULT_SIZE = 3
SIZE_OF_REPLICA = 2
MAGNITUDES = (0.4, 1.2)
MAGNITUDES_OF_REPLICAS = (0.15, 0.45)  # moments of Z exist at small couplings only


class World:
    """Sizes and parameters drawn for one check.

    Parameters
    ----------
    derivation : Derivation
        Whose symbols need values.
    values : mapping
        Values by name; the others are drawn.
    seed : int
        Of the random numbers.
    """

    def __init__(self, derivation: Any, values: Mapping[str, Any], seed: int) -> None:
        self._random = random.Random(seed)
        self._given = dict(values)
        ensembles = [derivation.start, *(s.after for s in derivation.steps)]
        ranges = set().union(*(_ranges(e) for e in ensembles))
        self.replicas = replica_sizes(derivation, values)
        self.norm_conjugates = norm_conjugates(ensembles)
        self.planted_norms = planted_norms(ensembles)
        self.sizes = self._sizes(ranges) | self.replicas
        unions = [d for s in derivation.steps for d in s.details if isinstance(d, Blocks)]
        symbols = set().union(*(e.free_symbols for e in (*ensembles, *unions))) - set(self.sizes)
        symbols -= set().union(*(getattr(e, "unknowns", ()) for e in ensembles))
        forms = [d for s in derivation.steps if s.move == "saddle_point" for d in s.details]
        self.parameters = self._admissible(sorted(symbols, key=str), forms)
        made = {label for blocks in unions for label in blocks.arrays}
        labels = sorted(set().union(*map(_arrays, (*ensembles, *unions))) - made, key=str)
        known = {str(s) for s in (*self.sizes, *self.parameters, *labels)}
        if unknown := sorted(set(values) - known):
            _refuse_made(unknown[0], unions)
            raise ParameterError(
                f"{unknown[0]} is no size or parameter here; there are: {', '.join(sorted(known))}"
            )
        self.arrays: Environment = {}
        for label in labels:
            self._draw_array(label)
        self._diagonals: Environment = {}
        self._assemble(unions)
        self._diagonals = self._known_diagonals(ensembles)

    def described(self) -> str:
        """The sizes, in words."""
        return ", ".join(f"{s}={v}" for s, v in self.sizes.items()) or "no sizes"

    def environment(self) -> Environment:
        """Parameters and arrays."""
        return dict(self.parameters) | self.arrays | self._diagonals

    def resized(self, size: Symbol, value: int) -> dict[Symbol, Any]:
        """The sizes with one of them exchanged."""
        return self.sizes | {size: value}

    # -- drawing ----------------------------------------------------------------------------------

    def uniform(self, low: float, high: float) -> Any:
        """A random number with digits to the working precision."""
        return mpmath.mpf(low) + (mpmath.mpf(high) - low) * mpmath.mpf(self._random.random())

    def _sizes(self, ranges: set[Any]) -> dict[Symbol, Any]:
        symbols = set().union(*(r.size.free_symbols for r in ranges))
        default = SIZE_OF_REPLICA if self.replicas else DEFAULT_SIZE
        return {
            s: self._size(s, self._given.get(str(s), default if s.is_integer else 1))
            for s in sorted(symbols - set(self.replicas), key=str)
        }

    def _known_diagonals(self, ensembles: list[Any]) -> Environment:
        """The diagonals that norms fix, of matrices over the replicas."""
        labels = {v.label for e in ensembles for v in getattr(e, "variables", ())}
        return {
            component(label, (k, k)): evaluator(label.diagonal, self.sizes)(self.parameters)
            for label in labels
            if label.diagonal is not None
            for k in range(1, count(label.ranges[0], self.sizes) + 1)
        }

    @staticmethod
    def _size(symbol: Symbol, value: Any) -> Any:
        number = _admitted(symbol, value)
        if not symbol.is_integer:
            return value
        if number < 1 or number != int(number):
            raise ParameterError(f"{symbol}={value} numbers no sites: pass a positive integer")
        return int(number)

    def _admissible(self, symbols: list[Symbol], forms: list[Any]) -> Environment:
        """Parameters for which the quadratic forms of joint fields have the signs assumed."""
        for _ in range(200):
            drawn = {s: self._parameter(s) for s in symbols}
            matrices = [(form_matrix(form, self.sizes, drawn), wanted) for form, wanted in forms]
            eigenvalues = [(mpmath.eigsy(m, eigvals_only=True), wanted) for m, wanted in matrices]
            if all(sum(e < 0 for e in found) == wanted for found, wanted in eigenvalues):
                return drawn
        raise ParameterError(
            "no parameters were found for which the quadratic forms of the fields have the "
            "signature assumed: pass values, e.g. check(J1=1, J2=1, J12=0.5)"
        )

    def _parameter(self, symbol: Symbol) -> Any:
        if str(symbol) in self._given:
            return _admitted(symbol, self._given[str(symbol)])
        if symbol.is_integer:
            return mpmath.mpf(self._random.randint(1, 3))
        magnitude = self.uniform(*(MAGNITUDES_OF_REPLICAS if self.replicas else MAGNITUDES))
        if symbol.is_positive:
            return magnitude
        return -magnitude if symbol.is_negative or self._random.random() < 0.5 else magnitude

    def _draw_array(self, label: Label) -> None:
        for slots in cartesian(*(range(1, count(r, self.sizes) + 1) for r in label.ranges)):
            key = component(label, slots)
            if key in self.arrays and label.name not in self._given:
                continue
            entry = self._entry(label, slots)
            if label.zero_diagonal and slots[0] == slots[1]:
                if label.name in self._given and entry != 0:
                    raise ParameterError(
                        f"{label.name} is declared with zero_diagonal=True, but entry {slots} of "
                        f"the array passed is {entry}"
                    )
                entry = mpmath.mpf(0)
            if self.arrays.setdefault(key, entry) != entry:
                raise ParameterError(
                    f"{label.name} is declared symmetric, but the array passed is not: pass "
                    f"({label.name} + {label.name}.T)/2"
                )

    def _assemble(self, unions: list[Blocks]) -> None:
        """Arrays over unions of ranges are made of their blocks, which may be made of others."""
        waiting = [(blocks, label) for blocks in unions for label in blocks.arrays]
        while waiting:
            made = {label for _, label in waiting}
            ready = [(b, label) for b, label in waiting if not made & b.used_by(label)]
            for blocks, label in ready:
                self.arrays |= assembled(blocks, label, self.sizes, self.environment())
            waiting = [pair for pair in waiting if pair not in ready]

    def _entry(self, label: Label, slots: tuple[int, ...]) -> Any:
        if label.name not in self._given:
            return self.uniform(-1, 1)
        row = self._given[label.name]
        try:
            for slot in slots:
                row = row[slot - 1]
        except (IndexError, TypeError):
            raise ParameterError(
                f"{label.name} has no entry {slots}: pass nested lists, one level for each index"
            ) from None
        return _admitted(label, row)

    # -- points -----------------------------------------------------------------------------------

    def points(self, variables: list[Variable], samples: int) -> Iterator[Environment]:
        """Random points of the variables on their contours, with parameters and arrays."""
        for _ in range(samples):
            env = self.environment()
            for variable in variables:
                env.update(self.point(variable, env))
            yield env

    def point(self, variable: Variable, env: Environment) -> Environment:
        """A random value of a variable: any of its states, or a point on its contour."""
        measure = variable.measure
        if isinstance(measure, Finite | OneHot):
            drawn: Environment = {}
            for options in single_states(variable, self.sizes, env):
                drawn |= self._random.choice(options)[0]
            return drawn
        if isinstance(measure, SphereSurface):
            return self.on_sphere(variable, env)
        if isinstance(measure, Collective):
            return {component(variable.label, ()): collective_value(variable, self)}
        if isinstance(measure, Continuous):
            return {k: self._on_contour(measure, env) for k in components_of(variable, self.sizes)}
        return {k: self.uniform(-1, 1) for k in components_of(variable, self.sizes)}

    def _on_contour(self, measure: Continuous, env: Environment) -> Any:
        at = {
            name: evaluator(getattr(measure, name), self.sizes)(env)
            for name in ("lower", "upper", "shift", "direction")
        }
        low, high = (max(at["lower"], -1), min(at["upper"], 1))
        return at["shift"] + at["direction"] * self.uniform(low, high)

    def on_sphere(self, variable: Variable, env: Environment) -> Environment:
        """A random point on the sphere of a variable, one for each value of its outer indices."""
        radius2 = evaluator(variable.measure.norm2, self.sizes)(env)
        raw = {k: self.uniform(-1, 1) for k in components_of(variable, self.sizes)}
        length2: dict[Any, Any] = {}
        for (_, slots), v in raw.items():
            length2[slots[:-1]] = length2.get(slots[:-1], 0) + v * v
        return {k: v * mpmath.sqrt(radius2 / length2[k[1][:-1]]) for k, v in raw.items()}


def _admitted(symbol: Any, value: Any) -> Any:
    """A value that a symbol was given, if it is finite, real and of the sign declared."""
    try:
        number = mpmath.mpf(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{symbol}={value!r} is no real number") from None
    wrong_sign = (symbol.is_positive and number <= 0) or (symbol.is_negative and number >= 0)
    if not mpmath.isfinite(number) or wrong_sign:
        sign = "positive" if symbol.is_positive else "negative" if symbol.is_negative else "real"
        raise ParameterError(f"{symbol}={value} is not admitted: pass a finite {sign} number")
    return number


def _refuse_made(name: str, unions: list[Blocks]) -> None:
    for blocks in unions:
        for label in blocks.arrays:
            if label.name == name:
                parts = sorted(map(str, blocks.used_by(label)))
                raise ParameterError(f"{name} is made of {', '.join(parts)} here: pass those")


def _ranges(state: Basic) -> set[Any]:
    found = {i.range for i in state.atoms(Index)} | {
        r for e in state.atoms(Element) for r in e.label.ranges
    }
    if isinstance(state, Ensemble):
        found |= {r for v in state.variables for r in v.label.ranges}
    return found


def _arrays(state: Basic) -> set[Label]:
    return {e.label for e in state.atoms(Element) if e.label.given}
