"""Branches of a problem as tables (batch point, slot), made when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from numerics.problem.errors import ProblemError
from numerics.problem.roots import Roots
from numerics.problem.status import Stability, Status
from numerics.problem.system import System

__all__ = ["Branches"]

TIE = 64 * np.finfo(float).eps  # potentials this close, relative to their size, are equal


@dataclass(frozen=True, repr=False, eq=False)
class Branches:
    """Roots in slots, the points of the batch in one row; immutable, and it survives pickle.

    What costs more than the roots themselves, potentials and stability, is computed at the first
    look, once.
    """

    system: System
    roots: Roots
    slots: np.ndarray
    point_status: np.ndarray
    best_states: np.ndarray
    best_residuals: np.ndarray

    def __post_init__(self) -> None:
        for owner in (self.roots, self):
            for field in fields(owner):
                value = getattr(owner, field.name)
                if isinstance(value, np.ndarray):
                    value.flags.writeable = False

    def __reduce__(self) -> Any:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    @cached_property
    def present(self) -> np.ndarray:
        """Which slots hold a branch."""
        return self._spread(np.ones(len(self.slots), dtype=bool), False)

    @cached_property
    def states(self) -> np.ndarray:
        """The states (point, slot, n)."""
        return self._spread(self.roots.x, np.nan)

    @cached_property
    def slot_status(self) -> np.ndarray:
        """A `Status` for each slot."""
        return self._spread(self.roots.status, int(Status.NO_BRANCH))

    @cached_property
    def residuals(self) -> np.ndarray:
        """The largest residual of each branch."""
        return self._spread(self.roots.residual, np.nan)

    @cached_property
    def errors(self) -> np.ndarray:
        """The error estimate of each branch."""
        return self._spread(self.roots.error, np.nan)

    @cached_property
    def potentials(self) -> np.ndarray:
        """The potential of each branch."""
        return self._spread(self.root_potentials, np.nan)

    @cached_property
    def places(self) -> np.ndarray:
        """The `Stability` of each branch."""
        return self._spread(self.root_places, int(Stability.UNKNOWN))

    @cached_property
    def root_potentials(self) -> np.ndarray:
        """The potential of each root."""
        if self.system.equations.potential is None:
            return np.full(len(self.slots), np.nan)
        return np.array(self.system.potential(self.roots.x, self.roots.rows))

    @cached_property
    def root_places(self) -> np.ndarray:
        """The `Stability` of each root."""
        from numerics.solvers.stability import stability

        return stability(self.system, self.roots)

    @property
    def places_known(self) -> bool:
        """Whether stability has been asked for before."""
        return "root_places" in self.__dict__

    def leading(self) -> np.ndarray:
        """Which slots share the largest potential of the stable ones (points in one row, slot)."""
        candidates = self.candidates()
        heights = np.where(candidates, self.potentials, -np.inf)
        top = heights.max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            return candidates & (heights >= top - TIE * np.maximum(1, np.abs(top)))

    def dominant_slot(self) -> np.ndarray:
        """The slot of the dominant branch of each point, in one row; -1 where there is none."""
        leading = self.leading()
        last = leading.shape[1] - 1 - np.argmax(leading[:, ::-1], axis=1)
        return np.where(leading.any(axis=1), last, -1)

    def candidates(self) -> np.ndarray:
        """Which slots hold a branch that is stable or marginal.

        Raises
        ------
        ProblemError
            If the equations have no potential to judge by.
        """
        if self.system.equations.potential is None:
            raise ProblemError(
                "these equations carry no potential, so that branches cannot be ranked or judged "
                "stable: give Equations(..., potential=...)"
            )
        settled = (self.places == Stability.STABLE) | (self.places == Stability.MARGINAL)
        return self.present & settled

    def kept(self, keep: np.ndarray) -> Self:
        """The branches in some of the slots, moved together; what was computed goes with them."""
        chosen = np.nonzero(keep[self.roots.rows, self.slots])[0]
        slots = (np.cumsum(keep, axis=1) - 1)[self.roots.rows[chosen], self.slots[chosen]]
        lost = self.present.any(axis=1) & ~keep.any(axis=1)
        status = np.where(lost, Status.NO_BRANCH, self.point_status)
        left = replace(self, roots=self.roots.take(chosen), slots=slots, point_status=status)
        for name in ("root_potentials", "root_places"):
            if name in self.__dict__:
                left.__dict__[name] = self.__dict__[name][chosen]
        return left

    def _spread(self, values: np.ndarray, blank: Any) -> np.ndarray:
        """Values of the roots in their slots."""
        points, width = self.system.given.points, int(self.slots.max(initial=0)) + 1
        table = np.full((points, width, *values.shape[1:]), blank)
        table[self.roots.rows, self.slots] = values
        table.flags.writeable = False
        return table
