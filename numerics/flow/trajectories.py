"""What `flow` returns: the unknowns at the times asked for, trajectory by trajectory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
from sympy import Expr, Symbol

from derive.equations import Equations
from numerics.flow.endings import Ending
from numerics.flow.field import Field
from numerics.flow.layout import Layout
from numerics.flow.runs import Runs
from numerics.kernel import Kernel
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given

__all__ = ["Trajectories"]


@dataclass(frozen=True, repr=False, eq=False)
class Trajectories:
    """A batch of trajectories; immutable, and it survives pickle.

    Every quantity has the batch axes first, then the axis of times, then its own indices.  Values
    after the last good point of a trajectory are masked.

    Attributes
    ----------
    times : ndarray (times,)
        Where values were saved; the starts hold at the first.
    method, backend : str
        What integrated them.
    equations : Equations
        The flow.
    given : Given
        Starts and parameters.
    time : Symbol or None
        What stands for the time in the equations.

    Examples
    --------
    >>> from sympy import symbols
    >>> from derive.equations import Equations
    >>> from numerics.flow import flow
    >>> x, r = symbols("x r", positive=True)
    >>> growth = Equations((x,), (r,), (("x", r * x * (1 - x)),))
    >>> found = flow(growth, [0, 1, 5], {"x": 0.1}, r=[1.0, 2.0], backend="numpy")
    >>> found
    Flow of 2 trajectories at 3 times from 0 to 5
      unknowns    x
      parameters  r (2)
      method      DOP853 (numpy)
      status      2 completed
    >>> found["x"].round(6).tolist()
    [[0.1, 0.231969, 0.942826], [0.1, 0.450853, 0.999592]]
    """

    times: np.ndarray
    method: str
    backend: str
    equations: Equations
    given: Given
    time: Symbol | None
    runs: Runs
    errors: np.ndarray | None = None

    @classmethod
    def of(cls, field: Field, times: np.ndarray, method: str, backend: str, runs: Runs) -> Any:
        return cls(times, method, backend, field.equations, field.given, field.time, runs)

    def with_errors_of(self, coarse: Trajectories) -> Trajectories:
        """The same with the differences from a less accurate integration as error estimates."""
        return replace(self, errors=np.abs(self.runs.states - coarse.runs.states))

    @property
    def shape(self) -> tuple[int, ...]:
        """The batch shape: starts and parameters broadcast against each other."""
        return self.given.shape

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The names of the unknowns."""
        return tuple(unknown.name for unknown in self.equations.unknowns)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters, as they were given."""
        values = self.given.values
        return {name: value for name, value in values.items() if name not in self.unknowns}

    @property
    def status(self) -> np.ndarray:
        """An `Ending` for each trajectory (batch)."""
        return self._batch(self.runs.endings)

    @property
    def evaluations(self) -> np.ndarray:
        """How often the right-hand side was asked for (batch)."""
        return self._batch(self.runs.evaluations)

    @property
    def steps(self) -> np.ndarray:
        """Accepted steps (batch)."""
        return self._batch(self.runs.steps)

    @property
    def last_time(self) -> np.ndarray:
        """The time of the last good point (batch)."""
        return self._batch(self.runs.last_times)

    @property
    def layout(self) -> Layout:
        """Where the unknowns lie in the state."""
        return Layout.of(self.equations.unknowns, self.given.sizes)

    def __getitem__(self, name: str | Expr) -> np.ma.MaskedArray:
        """An unknown ``(batch, times, its indices)``."""
        return self._masked(self._array(name, self.runs.states))

    def last(self, name: str | Expr) -> np.ndarray:
        """An unknown at the last good point ``(batch, its indices)``."""
        return self._batch(self._array(name, self.runs.last_states))

    def error(self, name: str | Expr) -> np.ma.MaskedArray:
        """The estimated error of an unknown ``(batch, times, its indices)``.

        Raises
        ------
        ProblemError
            If it was not asked for: pass ``estimate_error=True``.
        """
        if self.errors is None:
            raise ProblemError("no error was estimated: call flow(..., estimate_error=True)")
        return self._masked(self._array(name, self.errors))

    def observable(self, observable: str | Expr) -> np.ma.MaskedArray:
        """An observable of the equations, or an expression of your own ``(batch, times, ...)``.

        Raises
        ------
        ProblemError
            If the equations have no observable of this name.
        """
        expression = self._expression(observable)
        times = () if self.time is None else (self.time,)
        parameters = (*self.equations.parameters, *times)
        equations = Equations(self.equations.unknowns, parameters, (("value", expression),))
        point, place = np.nonzero(np.isfinite(self.runs.states).all(axis=-1))
        known = self.given.take(point) | self.layout.arrays(self.runs.states[point, place])
        if self.time is not None:
            known[self.time.name] = self.times[place]
        kernel = Kernel(equations)
        arguments = [known[argument.name] for argument in kernel.arguments]
        values = np.asarray(kernel.evaluate(arguments, nonfinite="keep"))
        if values.shape[:1] != point.shape:  # a constant
            values = np.broadcast_to(values, (*point.shape, *values.shape))
        table = np.full((*self.runs.states.shape[:2], *values.shape[1:]), np.nan)
        table[point, place] = values
        return self._masked(table)

    def sentence(self, *index: int) -> str:
        """How one trajectory of the batch ended, in words."""
        flat = int(np.ravel_multi_index(index, self.shape)) if self.shape else 0
        ending = Ending(int(self.runs.endings[flat]))
        if ending is Ending.COMPLETED:
            return ending.sentence
        return f"{ending.sentence}; the last good point is at {self.runs.last_times[flat]:.10g}"

    def to_xarray(self) -> Any:
        """An `xarray.Dataset` with times and parameters as coordinates.

        Raises
        ------
        ImportError
            If xarray is not installed; the message names the extra that brings it.
        """
        from numerics.flow.labelled import to_xarray

        return to_xarray(self)

    def plot(self, y: str | Expr | None = None, **options: Any) -> Any:
        """Draw a quantity against time; see `numerics.flow.plot.plot`."""
        from numerics.flow.plot import plot

        return plot(self, y, **options)

    def quantity(self, name: str | Expr) -> np.ma.MaskedArray:
        """An unknown or an observable ``(batch, times, ...)``."""
        is_unknown = name in self.unknowns or name in self.equations.unknowns
        return self[name] if is_unknown else self.observable(name)

    def __repr__(self) -> str:
        rows = [f"  {name:<11} {text}" for name, text in self._facts()]
        return "\n".join([self._heading(), *rows])

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        rows = "".join(
            f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(text)}</td></tr>"
            for name, text in self._facts()
        )
        return f"<table><caption>{escape(self._heading())}</caption>{rows}</table>"

    def _heading(self) -> str:
        plural = "y" if self.given.points == 1 else "ies"
        return (
            f"Flow of {self.given.points} trajector{plural} at {len(self.times)} times "
            f"from {self.times[0]:.6g} to {self.times[-1]:.6g}"
        )

    def _facts(self) -> list[tuple[str, str]]:
        given = [_described(name, value) for name, value in self.parameters.items()]
        tally = [
            f"{n} {ending.name.lower().replace('_', ' ')}"
            for ending in Ending
            if (n := int((self.runs.endings == ending).sum()))
        ]
        return [
            ("unknowns", ", ".join(self.unknowns)),
            ("parameters", ", ".join(given) or "none"),
            ("method", f"{self.method} ({self.backend})"),
            ("status", ", ".join(tally)),
        ]

    def _expression(self, observable: str | Expr) -> Expr:
        if isinstance(observable, Expr):
            return observable
        known = dict(self.equations.observables)
        if observable not in known:
            raise ProblemError(
                f"there is no observable {observable}: there are {', '.join(known) or 'none'}; "
                "an expression of the unknowns and parameters will do as well"
            )
        return known[observable]

    def _array(self, name: str | Expr, states: np.ndarray) -> np.ndarray:
        for block in self.layout.blocks:
            if name in (block.name, block.symbol):
                return block.array(states)
        raise ProblemError(f"there is no unknown {name}: there are {', '.join(self.unknowns)}")

    def _batch(self, flat: np.ndarray) -> np.ndarray:
        return flat.reshape((*self.shape, *flat.shape[1:]))

    def _masked(self, flat: np.ndarray) -> np.ma.MaskedArray:
        absent = np.isnan(self.runs.states).any(axis=-1)
        absent = absent.reshape(*absent.shape, *(1,) * (flat.ndim - 2))
        hidden = np.broadcast_to(absent, flat.shape) | np.isnan(flat)
        return np.ma.MaskedArray(self._batch(flat), self._batch(hidden))


def _described(name: str, value: Any) -> str:
    if value.ndim == 0:
        return f"{name} = {float(value):.6g}"
    return f"{name} ({' x '.join(map(str, value.shape))})"
