"""The door of `flow`: equations are matched with their unknowns, numbers with their symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sympy import Expr, Symbol

from derive.equations import Equations, Index, free_indices
from numerics.errors import (
    AmbiguousNameError,
    MissingParameterError,
    NumericsError,
    UnknownParameterError,
)
from numerics.flow.field import Field
from numerics.handover import as_expression
from numerics.problem.errors import ProblemError
from numerics.problem.given import as_equations, bind, is_array

__all__ = ["field_of"]


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
    parameters_left = tuple(p for p in equations.parameters if p != time)
    names = [str(unknown.name) for unknown in equations.unknowns]
    starts, given = _by_name(start), _by_name(parameters)
    _check_time(time, [*names, *(str(p.name) for p in parameters_left)], given)
    _check_starts(names, starts, given)
    both = replace(equations, unknowns=(), parameters=(*equations.unknowns, *parameters_left))
    equations = replace(equations, parameters=parameters_left)
    return Field(equations, bind(both, {**starts, **given}), time)


def _by_name(values: Mapping[Any, Any]) -> dict[str, Any]:
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


def _check_time(time: Any, names: Sequence[str], given: Mapping[str, Any]) -> None:
    if time is None:
        return
    if not isinstance(time, Symbol):
        raise NumericsError(f"time={time!r}: give the symbol that stands for the time")
    if time.name in names:
        raise AmbiguousNameError(
            f"{time} is the name of the time and of another symbol: rename one"
        )
    if time.name in given:
        raise UnknownParameterError(f"{time} is the time: it takes no value")


def _check_starts(
    names: Sequence[str], starts: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    for name in names:
        if name not in starts:
            raise MissingParameterError(f"{name} has no start: pass start={{{name!r}: ...}}")
        if name in given:
            raise UnknownParameterError(f"{name} is an unknown: give its start in start=...")
    for name in starts:
        if name not in names:
            raise UnknownParameterError(
                f"{name} has a start, but is no unknown: they are {', '.join(names)}"
            )


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
