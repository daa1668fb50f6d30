"""The inverse response of a problem at a fixed state, as a family of symmetric maps.

Minus the Hessian of the potential, or the Jacobian of the residuals: a state loses its stability,
and its linear response diverges, where this map becomes singular.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from sympy import Expr

from derive.equations import Equations
from numerics.errors import NonFiniteError
from numerics.problem.given import Given
from numerics.problem.operator import Operator, directions_of, scalar_parameter
from numerics.problem.system import Layout, System

__all__ = ["Family", "Response"]

TOLERANCE = 1e-15  # of an inner solution, relative to its right-hand side
INNER_STEPS = 500


class Family:
    """The equations at one state, with one scalar parameter left open.

    Parameters
    ----------
    equations : Equations
        The problem.
    given : Given
        All its parameters at one point.
    parameter : str
        The one that is left open; its value there is not used.
    state : ndarray (n,)
        All unknowns.
    """

    def __init__(
        self, equations: Equations, given: Given, parameter: str, state: np.ndarray
    ) -> None:
        self.equations, self.given = equations, given
        self.parameter, self.state = parameter, state
        flat = {name: value for name, value in given.flat.items() if name != parameter}
        self.system = System(equations, replace(given, shape=(), flat=flat))

    def at(self, values: float | np.ndarray, count: int = 1) -> Operator:
        """Derivatives at the state: `count` rows at one value, or a row for each value."""
        column = np.asarray(values, dtype=float).reshape(-1, 1)
        return _Opened(self, column if np.ndim(values) else np.repeat(column, count, axis=0))

    @cached_property
    def imaginary(self) -> np.ndarray:
        """Which components belong to fields on the imaginary axis."""
        signs = self.equations.signs or (1,) * len(self.system.lengths)
        return np.repeat(np.array(signs) < 0, self.system.lengths)


@lru_cache(maxsize=128)
def _opened(equations: Equations, parameter: str, count: int) -> Equations:
    """The parameter as one more argument of the kernels, so that these serve all its values."""
    symbol = scalar_parameter(equations, parameter)
    vectors = tuple(v for direction in directions_of(equations, count) for v in direction)
    others = tuple(p for p in equations.parameters if p != symbol)
    return Equations((*equations.unknowns, *vectors, symbol), others, ())


class _Opened(Operator):
    """Derivatives at rows that differ in the value of the open parameter."""

    def __init__(self, family: Family, values: np.ndarray) -> None:
        states = np.broadcast_to(family.state, (len(values), len(family.state)))
        super().__init__(family.system, states, np.zeros(len(values), dtype=int))
        self.parameter, self.values = family.parameter, values

    def evaluate(
        self,
        expressions: tuple[Expr, ...],
        layouts: list[Layout],
        vectors: tuple[np.ndarray, ...],
    ) -> list[np.ndarray]:
        opened = self.system.beside(_opened(self.equations, self.parameter, len(vectors)))
        state = np.concatenate([self.x, *vectors, self.values], axis=1)
        return opened.evaluate(expressions, layouts, state, self.rows)


@dataclass(frozen=True)
class Response:
    """One symmetric inverse response over the values of the parameter.

    Attributes
    ----------
    family : Family
        The state and the equations.
    kind : {"hessian", "jacobian"}
        What is differentiated.
    sign : int
        -1 where the potential is maximal, so that the map is positive at a stable state.

    Notes
    -----
    Fields on the imaginary axis, in which the potential is minimal along the real direction, are
    eliminated where real ones stand beside them: the map is the Schur complement
    ``-(H_rr - H_ri H_ii^-1 H_ir)``, its inner inverse by conjugate gradients.
    """

    family: Family
    kind: str
    sign: int

    @cached_property
    def _inner(self) -> np.ndarray:
        """The components that are eliminated."""
        imaginary = self.family.imaginary
        mixed = self.kind == "hessian" and imaginary.any() and not imaginary.all()
        return imaginary if mixed else np.zeros(len(imaginary), dtype=bool)

    @property
    def n(self) -> int:
        """How many components the map acts on."""
        return int((~self._inner).sum())

    def product(self, values: float | np.ndarray, v: np.ndarray) -> np.ndarray:
        """The map times rows of vectors, all at one value or each at its own."""
        operator = self.family.at(values, len(v))
        full = self._completed(operator, v)
        found = self.sign * self._apply(operator, full)[:, ~self._inner]
        if not np.isfinite(found).all():
            parameter, (low, high) = self.family.parameter, (np.min(values), np.max(values))
            raise NonFiniteError(
                f"the inverse response is not finite somewhere from {parameter} = {low:g} to "
                f"{high:g}: give between=(low, high) where it is"
            )
        return found

    def form(self, values: float | np.ndarray, v: np.ndarray) -> np.ndarray:
        """The quadratic form ``v A v`` of one vector at one or many values."""
        count = np.size(values)
        return self.product(values, np.repeat(v[None], count, axis=0)) @ v

    def completed(self, value: float, v: np.ndarray) -> np.ndarray:
        """A vector with the components that were eliminated: the null vector of the full map."""
        return self._completed(self.family.at(value), v[None])[0]

    def slope(self, value: float, full: np.ndarray) -> float:
        """The derivative of an eigenvalue by the parameter (Hellmann and Feynman)."""
        parameter = self.family.parameter
        derivative = self._apply(self.family.at(value), full[None], parameter)[0]
        return self.sign * float(np.sum(full * derivative))

    def rounding(self, value: float, full: np.ndarray) -> float:
        """The magnitudes that are added up in the quadratic form."""
        magnitude = self.family.at(value).magnitude(self.kind, full[None])[0]
        return float(np.sum(np.abs(full) * magnitude))

    def _apply(
        self, operator: Operator, full: np.ndarray, parameter: str | None = None
    ) -> np.ndarray:
        product = operator.hessian if self.kind == "hessian" else operator.jacobian
        return product(full, parameter)

    def _completed(self, operator: Operator, v: np.ndarray) -> np.ndarray:
        if not self._inner.any():
            return v
        full = np.zeros((len(v), len(self._inner)))
        full[:, ~self._inner] = v
        coupled = self._apply(operator, full)[:, self._inner]

        def inner(y: np.ndarray) -> np.ndarray:
            padded = np.zeros_like(full)
            padded[:, self._inner] = y
            return self._apply(operator, padded)[:, self._inner]

        full[:, self._inner] = -_conjugate_gradients(inner, coupled)
        return full


def _conjugate_gradients(product, right: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Solve rows of a definite system together."""
    solution, residual = np.zeros_like(right), right.copy()
    direction, norms = residual.copy(), np.sum(residual**2, axis=1, keepdims=True)
    goal = TOLERANCE**2 * norms
    for _ in range(INNER_STEPS):
        if (norms <= goal).all():
            break
        image = product(direction)
        curvature = np.sum(direction * image, axis=1, keepdims=True)
        step = np.divide(norms, curvature, out=np.zeros_like(norms), where=norms > goal)
        solution += step * direction
        residual -= step * image
        before, norms = norms, np.sum(residual**2, axis=1, keepdims=True)
        ratio = np.divide(norms, before, out=np.zeros_like(norms), where=before > 0)
        direction = residual + ratio * direction
    return solution
