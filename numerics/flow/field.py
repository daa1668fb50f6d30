"""The right-hand side of a flow: equations matched with their unknowns, at given parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from sympy import Expr, Symbol

from derive.equations import Equations, Index, free_indices
from numerics.errors import MissingParameterError, NumericsError, UnknownParameterError
from numerics.flow.layout import Layout
from numerics.handover import as_expression
from numerics.kernel import Kernel
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given, as_equations, bind, is_array

__all__ = ["Field", "Refusal", "field_of"]

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
        """The parameters of one trajectory."""
        unknowns = {unknown.name for unknown in self.equations.unknowns}
        taken = self.given.take(np.array([row]))
        return {
            name: value[0] if value.ndim > self.given.core[name] else value
            for name, value in taken.items()
            if name not in unknowns
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


def field_of(
    problem: Any, start: Mapping[Any, Any], parameters: Mapping[Any, Any], time: Symbol | None
) -> Field:
    """The flow of a problem at starts and parameters, or what is wrong with them.

    Raises
    ------
    ProblemError
        If the expressions are no time derivatives of the unknowns.
    NumericsError
        For starts and parameters that are missing, unknown, not finite, out of their domain, or of
        shapes that do not broadcast.
    """
    equations = _matched(as_equations(problem))
    starts = _by_name(equations.unknowns, start)
    given = _by_name(equations.parameters, parameters)
    names = [unknown.name for unknown in equations.unknowns]
    missing = [name for name in names if name not in starts]
    if missing:
        raise MissingParameterError(
            f"{', '.join(missing)} has no start: pass start={{{missing[0]!r}: ...}}"
        )
    for name in starts:
        if name not in names:
            raise UnknownParameterError(
                f"{name} has a start, but is no unknown: they are {', '.join(names)}"
            )
    for name in given:
        if name in names:
            raise UnknownParameterError(f"{name} is an unknown: give its start in start=...")
    parameters_left = tuple(p for p in equations.parameters if p != time)
    if time is not None and time.name in given:
        raise UnknownParameterError(f"{time} is the time: it takes no value")
    both = replace(equations, unknowns=(), parameters=(*equations.unknowns, *parameters_left))
    equations = replace(equations, parameters=parameters_left)
    return Field(equations, bind(both, {**starts, **given}), time)


def _by_name(symbols: tuple[Expr, ...], values: Mapping[Any, Any]) -> dict[str, Any]:
    """Values by name, from a mapping by names, symbols, elements or labels."""
    if not isinstance(values, Mapping):
        raise NumericsError(f"{values!r} is no mapping: give values by name, {{'q': 0.1}}")
    spelled = {}
    for key, value in values.items():
        name = key if isinstance(key, str) else str(getattr(key, "name", key))
        if name in spelled:
            raise UnknownParameterError(f"{name} is given twice")
        spelled[name] = value
    return spelled


@lru_cache(maxsize=64)
def _matched(equations: Equations) -> Equations:
    """Equations with one expression for each unknown, in their order."""
    derivatives = {name: as_expression(expr) for name, expr in equations.expressions}
    names = [str(unknown.name) for unknown in equations.unknowns]
    if len(derivatives) < len(equations.expressions):
        raise ProblemError("two expressions have one name: give one time derivative per unknown")
    for name in names:
        if name not in derivatives:
            raise ProblemError(
                f"{name} has no time derivative: Equations(expressions=(..., ({name!r}, ...))) "
                "names each by its unknown"
            )
    for name in derivatives:
        if name not in names:
            raise ProblemError(
                f"the expression {name} is the time derivative of no unknown "
                f"({', '.join(names)}): what is read off a flow belongs to its observables"
            )
    for unknown in equations.unknowns:
        _check_indices(unknown, derivatives[unknown.name])
    return replace(equations, expressions=tuple((name, derivatives[name]) for name in names))


def _check_indices(unknown: Expr, derivative: Expr) -> None:
    slots = unknown.slots if is_array(unknown) else ()
    if len(set(slots)) < len(slots) or not all(isinstance(slot, Index) for slot in slots):
        raise ProblemError(f"{unknown} is a part of an array: name the unknown by distinct indices")
    foreign = [index.name for index in free_indices(derivative) if index not in slots]
    if foreign:
        raise ProblemError(
            f"the time derivative of {unknown} has the free index {', '.join(sorted(foreign))}: "
            f"sum over it, or write it in the indices of {unknown}"
        )


@lru_cache(maxsize=64)
def _kernel(equations: Equations, time: Symbol | None) -> Kernel:
    """Compiled with unknowns of no declared domain: a trial step may leave it."""
    free = {u: Symbol(u.name, real=True) for u in equations.unknowns if not is_array(u)}
    named = tuple((name, e.xreplace(free)) for name, e in equations.expressions)
    unknowns = tuple(free.get(u, u) for u in equations.unknowns)
    times = () if time is None else (time,)
    return Kernel(Equations(unknowns, (*equations.parameters, *times), named))
