"""The verb `transition`: where two stable branches have equal potential."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from numerics.problem.errors import BranchError, ProblemError
from numerics.problem.given import as_equations, bind
from numerics.problem.roots import Roots
from numerics.problem.system import System
from numerics.solvers.chains import Chains, chains_along
from numerics.solvers.loop import iterate
from numerics.solvers.newton import Newton
from numerics.solvers.roots import EPS, polish
from numerics.solvers.solve import assemble
from numerics.solvers.starts import Starts

__all__ = ["Transition", "TransitionKind", "transition"]

GRID = 33
SMALLEST_CELL = 1e-10  # of the interval asked for


class TransitionKind(IntEnum):
    """What was found between the two values."""

    FIRST_ORDER = 0
    CONTINUOUS = 1
    NONE = 2

    @property
    def sentence(self) -> str:
        """What it means, in words."""
        return _SENTENCES[self]


_SENTENCES = {
    TransitionKind.FIRST_ORDER: "two stable branches have equal potential here",
    TransitionKind.CONTINUOUS: (
        "the dominant branch gives way to another without coexisting with it, down to the smallest "
        "cell searched: a continuous transition"
    ),
    TransitionKind.NONE: "one and the same branch dominates all along",
}


@dataclass(frozen=True)
class Transition:
    """Where the dominant branch changes.

    Attributes
    ----------
    status : TransitionKind
        What was found; `status.sentence` says it in words.
    value : float or None
        The parameter at the transition.
    error : float or None
        An estimate of its error.
    before, after : dict or None
        Unknowns on either branch there.
    """

    status: TransitionKind
    value: float | None = None
    error: float | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


@dataclass(frozen=True)
class _Cell:
    """Neighbouring values of the parameter between which dominance passes from a chain to another.

    `ends` holds, for either chain, its states at both values; empty if one of them exists at one
    value only.
    """

    low: float
    high: float
    ends: tuple[tuple[np.ndarray, np.ndarray], ...]


def transition(
    problem: Any,
    parameter: str,
    between: tuple[float, float],
    *,
    starts: Starts = None,
    backend: str = "numpy",
    **fixed: Any,
) -> Transition:
    """Locate the first change of the dominant branch between two values of a parameter.

    Branches are followed on a grid, which is refined around the change until both branches exist on
    either side of it; there Brent's method finds where their potentials are equal.

    Parameters
    ----------
    problem : Equations, or anything with ``.equations()``
        With a potential.
    parameter : str
        What varies.
    between : (float, float)
        Where to search, from the first value on.
    starts, backend
        As in `solve`.
    **fixed
        A number (or an array of elements) for each other parameter.

    Returns
    -------
    Transition
        Its `status` tells a first-order transition from a continuous one and from none.

    Raises
    ------
    ProblemError
        If the equations have no potential.

    Examples
    --------
    >>> from sympy import cosh, log, symbols, tanh
    >>> from derive.equations import Equations
    >>> m, h = symbols("m h", real=True)
    >>> phi = -m**2 + log(2 * cosh(2 * m + h))
    >>> magnet = Equations((m,), (h,), (), (tanh(2 * m + h),), potential=phi, bounds=((-1, 1),))
    >>> found = transition(magnet, "h", (-0.3, 0.4))
    >>> found.status.name, abs(found.value) < 1e-15
    ('FIRST_ORDER', True)
    """
    equations = as_equations(problem)
    if equations.potential is None:
        raise ProblemError("these equations carry no potential: branches cannot be compared")
    low, high = (float(end) for end in between)
    smallest = SMALLEST_CELL * abs(high - low)

    def first_change(low: float, high: float) -> Transition | None:
        values = np.linspace(low, high, GRID)
        chains = chains_along(
            equations, parameter, values, fixed, starts, strict=True, backend=backend
        )
        for cell in _changes(chains):
            if cell.ends:
                return _equal_potential(equations, parameter, fixed, cell)
            width = abs(cell.high - cell.low)
            if width <= smallest:
                middle = 0.5 * (cell.low + cell.high)
                return Transition(TransitionKind.CONTINUOUS, middle, width)
            found = first_change(cell.low, cell.high)
            if found is not None:
                return found  # else only a link was missing from further away
        return None

    return first_change(low, high) or Transition(TransitionKind.NONE)


def _changes(chains: Chains) -> Iterator[_Cell]:
    """The cells in which no chain stays among the leading ones."""
    solution = assemble(chains.system, chains.roots)
    leading = solution.leading()
    leaders: set[int] = set()
    for point in range(len(chains.values)):
        order = list(chains.at(point))  # roots in the order of the slots
        here = {order[slot] for slot in np.nonzero(leading[point])[0]}
        if not here:
            continue
        if leaders and not leaders & here:
            yield _cell(chains, point - 1, leaders, here)
        leaders = leaders & here or here


def _cell(chains: Chains, point: int, leaders: set[int], followers: set[int]) -> _Cell:
    low, high = chains.at(point), chains.at(point + 1)
    both = sorted(low.keys() & high.keys())
    first = next((c for c in both if c in leaders), None)
    second = next((c for c in both if c in followers), None)
    x = chains.roots.x
    chosen = () if first is None or second is None else (first, second)
    ends = tuple((x[low[chain]], x[high[chain]]) for chain in chosen)
    return _Cell(float(chains.values[point]), float(chains.values[point + 1]), ends)


def _equal_potential(
    equations: Any, parameter: str, fixed: Mapping[str, Any], cell: _Cell
) -> Transition:
    from scipy.optimize import brentq

    low, high = cell.low, cell.high

    def both(value: float) -> tuple[System, Roots]:
        """The two roots at a value of the parameter, started from between their ends.

        Each is a batch point of its own, so that they keep their order.
        """
        system = System(equations, bind(equations, {**fixed, parameter: [value, value]}))
        part = (value - low) / (high - low)
        guesses = np.stack([(1 - part) * a + part * b for a, b in cell.ends])
        roots = polish(system, iterate(Newton(), system, guesses, np.arange(2)), 1e-10)
        if roots.rows.tolist() != [0, 1]:
            raise BranchError(f"a branch was lost at {parameter}={value:g}: narrow `between`")
        return system, roots

    def difference(value: float) -> float:
        system, roots = both(value)
        first, second = system.potential(roots.x, roots.rows)
        return float(first - second)

    at_low, at_high = difference(low), difference(high)
    value = low if abs(at_low) <= abs(at_high) else high
    if at_low * at_high < 0:
        xtol = 4 * EPS * max(abs(low), abs(high))
        value = float(brentq(difference, low, high, xtol=xtol, rtol=4 * EPS))
    system, roots = both(value)
    slope = (at_high - at_low) / (high - low)
    noise = 8 * EPS * max(1.0, float(np.abs(system.potential(roots.x, roots.rows)).max()))
    if at_low * at_high >= 0 and abs(difference(value)) > 8 * noise:
        raise BranchError(f"branches were confused near {parameter}={value:g}: narrow `between`")
    before, after = (
        {u.name: _plain(x[s]) for u, s in zip(equations.unknowns, system.slices, strict=True)}
        for x in roots.x
    )
    error = float(noise / abs(slope) + 4 * EPS * abs(value))
    return Transition(TransitionKind.FIRST_ORDER, value, error, before, after)


def _plain(component: np.ndarray) -> Any:
    return float(component[0]) if component.size == 1 else component
