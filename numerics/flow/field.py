"""The right-hand side of a flow at given parameters, as a function of the state."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from sympy import Symbol

from derive.equations import Equations
from numerics.flow.layout import Layout
from numerics.kernel import Kernel
from numerics.problem.given import Given, is_array

__all__ = ["Field", "Refusal"]

Derivative = Callable[[float, np.ndarray], np.ndarray]


class Refusal:
    """Why the right-hand side had no value since this was last cleared."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.not_finite = self.outside = False


class Field:
    """A flow at given starts and parameters, over a batch of trajectories.

    Attributes
    ----------
    equations : Equations
        Expressions in the order of the unknowns.
    given : Given
        Starts and parameters, broadcast against each other.
    layout : Layout
        Where the unknowns lie in the state.
    starts : ndarray (points, n)
        The states to begin with.
    time : Symbol or None
        What stands for the time in the expressions.
    """

    def __init__(self, equations: Equations, given: Given, time: Symbol | None) -> None:
        self.equations, self.given, self.time = equations, given, time
        self.layout = Layout.of(equations.unknowns, given.sizes)
        self.starts = self.layout.states(given.take(np.arange(given.points)), given.points)

    @cached_property
    def kernel(self) -> Kernel:
        """Of the time derivatives; unknowns have no declared domain in it."""
        return _kernel(self.equations, self.time)

    @cached_property
    def places(self) -> tuple[np.ndarray, ...]:
        """For each unknown, where the derivatives of its entries stand in the kernel's output."""
        return tuple(
            block.places(self.kernel.output_indices(number))
            for number, block in enumerate(self.layout.blocks)
        )

    @cached_property
    def limits(self) -> tuple[tuple[slice, str], ...]:
        """Which entries of the state have a declared sign, and which."""
        words = ("positive", "negative", "nonnegative", "nonpositive")
        found = []
        for block in self.layout.blocks:
            declared = [w for w in words if getattr(block.symbol, f"is_{w}")]
            found += [(block.own, word) for word in declared[:1]]
        return tuple(found)

    def parameters(self, row: int) -> dict[str, Any]:
        """The parameters of one trajectory; those that are sizes are told by the arrays."""
        unknowns = {unknown.name for unknown in self.equations.unknowns}
        taken = {one.name for one in self.kernel.arguments} - unknowns
        return {
            name: value[0] if value.ndim > self.given.core[name] else value
            for name, value in self.given.take(np.array([row])).items()
            if name in taken
        }

    def derivative(self, row: int, refusal: Refusal) -> Derivative:
        """The right-hand side of one trajectory; nan where it has no value."""
        kernel = self.kernel.bind(self.parameters(row))
        nowhere = np.full(self.layout.count, np.nan)

        def derivative(t: float, y: np.ndarray) -> np.ndarray:
            if not np.isfinite(y).all():
                refusal.not_finite = True
                return nowhere
            if not self.is_inside(y):
                refusal.outside = True
                return nowhere
            values = zip(self.values(kernel, t, y), self.places, strict=True)
            found = np.concatenate([np.ravel(value)[place] for value, place in values])
            refusal.not_finite |= not np.isfinite(found).all()
            return found

        return derivative

    def is_inside(self, y: np.ndarray) -> bool:
        """Whether every unknown is what its symbol was declared to be."""
        return all(_SIGNS[word](y[own]).all() for own, word in self.limits)

    def values(self, kernel: Kernel, t: float, y: np.ndarray) -> tuple[np.ndarray, ...]:
        """The outputs of a kernel, all of whose parameters are bound, at one state."""
        known: dict[str, Any] = self.layout.arrays(y)
        if self.time is not None:
            known[self.time.name] = t
        arguments = [known[argument.name] for argument in kernel.arguments]
        found = kernel.evaluate(arguments, nonfinite="keep")
        return found if isinstance(found, tuple) else (found,)


_SIGNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "positive": lambda y: y > 0,
    "negative": lambda y: y < 0,
    "nonnegative": lambda y: y >= 0,
    "nonpositive": lambda y: y <= 0,
}


@lru_cache(maxsize=64)
def _kernel(equations: Equations, time: Symbol | None) -> Kernel:
    """Compiled with unknowns of no declared domain: a trial step may leave it."""
    free = {u: Symbol(u.name, real=True) for u in equations.unknowns if not is_array(u)}
    named = tuple((name, e.xreplace(free)) for name, e in equations.expressions)
    unknowns = tuple(free.get(u, u) for u in equations.unknowns)
    times = () if time is None else (time,)
    return Kernel(Equations(unknowns, (*equations.parameters, *times), named))
