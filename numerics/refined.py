"""Roots to many digits: Newton's method in mpmath on the reference evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from mpmath import mp, mpf, workdps
from sympy import Expr

from derive.equations import Index, Label, free_indices
from numerics.errors import NumericsError, UnknownParameterError
from numerics.problem import forms
from numerics.problem.errors import ProblemError
from numerics.problem.given import is_array
from numerics.problem.system import System
from numerics.reference import evaluate

if TYPE_CHECKING:
    from numerics.solution import Solution

__all__ = ["Refined", "refined"]

LARGEST = 40  # components, of which every pair is a walk through an expression
GUARD = 15  # digits beyond those asked for
STEPS = 60  # Newton doubles the digits, and halves the distance to a double root


@dataclass(frozen=True, eq=False)
class Refined:
    """Branches to many digits; slots without a branch, or without those digits, are masked.

    Attributes
    ----------
    digits : int
        What was asked for.
    residual : masked ndarray of mpf (batch, branch)
        The largest residual.
    error : masked ndarray of mpf (batch, branch)
        An estimate of the error, relative to max(1, |x|): the last Newton step, and the rounding of
        the residuals sent through the inverse Jacobian.
    """

    digits: int
    residual: np.ma.MaskedArray
    error: np.ma.MaskedArray
    solution: Solution = field(repr=False)
    _states: dict[tuple[int, int], list[Any]] = field(repr=False)
    _exact: dict[str, Any] = field(repr=False)

    def __getitem__(self, name: str) -> np.ma.MaskedArray:
        """An unknown on every branch, as mpmath numbers; a vector has its own axis last."""
        if name not in self.solution.unknowns:
            have = ", ".join(self.solution.unknowns)
            raise ProblemError(f"there is no unknown {name}: there are {have}")
        return self.observable(
            self.solution.system.equations.unknowns[self.solution.unknowns.index(name)]
        )

    def observable(self, observable: str | Expr) -> np.ma.MaskedArray:
        """An observable, ``"potential"`` or an expression on every branch, as mpmath numbers."""
        system = self.solution.system
        expression = observable
        if observable == "potential":
            expression = system.equations.potential
        elif isinstance(observable, str):
            expression = dict(system.equations.observables).get(observable)
        if expression is None:
            raise ProblemError(f"there is no observable {observable}")
        free = sorted(free_indices(expression), key=Index.sort_key)
        shape = tuple(int(index.size.subs(system.given.sizes)) for index in free)
        table = _empty((*self.solution.present.shape, *shape))
        with workdps(self.digits + GUARD):
            for (point, slot), state in self._states.items():
                values = _values(system, point, self._exact) | _placed(system, state)
                for place in product(*(range(k) for k in shape)):
                    at = dict(zip(free, (p + 1 for p in place), strict=True))
                    table[(point, slot, *place)] = evaluate(
                        expression, values, self.digits + GUARD, at
                    )
        return _batched(self.solution, table)


def refined(solution: Solution, digits: int, exact: Mapping[str, Any]) -> Refined:
    """Newton's method from every root; see `Solution.refined`."""
    system = solution.system
    if system.n > LARGEST:
        raise ProblemError(
            f"{system.n} unknowns are too many to refine: every entry of the Jacobian is evaluated "
            f"in mpmath, which is made for {LARGEST} at most"
        )
    known = {p.name for p in system.equations.parameters if not is_array(p)}
    for name in exact:
        if name not in known:
            raise UnknownParameterError(f"there is no scalar parameter {name}: {sorted(known)}")
    with workdps(digits + GUARD):
        numbers = {name: _exactly(name, value) for name, value in exact.items()}
        states, residuals, errors = {}, *(_empty(solution.present.shape) for _ in range(2))
        for root, slot in enumerate(solution.slots):
            point = int(solution.roots.rows[root])
            start = [mpf(float(v)) for v in solution.roots.x[root]]
            values = _values(system, point, numbers)
            state, residual, error = _newton(system, values, start, digits)
            if error <= mpf(10) ** (-digits):
                states[point, int(slot)] = state
                residuals[point, slot], errors[point, slot] = residual, error
    return Refined(
        digits,
        _batched(solution, residuals),
        _batched(solution, errors),
        solution,
        states,
        numbers,
    )


def _exactly(name: str, value: Any) -> Any:
    """A number to the working precision: a decimal string, a fraction, an integer or mpf."""
    if isinstance(value, Expr):
        return mp.mpmathify(value.evalf(mp.dps + 5))
    try:
        return mpf(value)
    except (TypeError, ValueError):
        raise NumericsError(
            f"{name} = {value!r}: give one number, such as '0.05' or Rational(2, 3)"
        ) from None


def _newton(
    system: System, values: dict[Any, Any], state: list[Any], digits: int
) -> tuple[list[Any], Any, Any]:
    """The state, its largest residual, and the error that is left, relative to max(1, |x|)."""
    error = last = mpf("inf")
    for _ in range(STEPS):
        residual, jacobian = _linear(system, values | _placed(system, state), digits + GUARD)
        try:
            inverse = mp.inverse(jacobian)
        except ZeroDivisionError:  # the Jacobian is singular: no digits can be promised
            return state, mp.norm(residual, mp.inf), mpf("inf")
        step = -inverse * residual
        scale = max([mpf(1), *(abs(v) for v in state)])
        before, last = last, mp.norm(step, mp.inf) / scale
        # the rounding of the residuals, sent through the inverse Jacobian, is what no step mends
        rounding = mp.norm(inverse, mp.inf) * mpf(10) ** (2 - digits - GUARD)
        error = last + rounding
        if last >= before or last == 0:
            break
        state = [v + d for v, d in zip(state, step, strict=True)]
    return state, mp.norm(residual, mp.inf), error


def _linear(system: System, here: dict[Any, Any], work: int) -> tuple[Any, Any]:
    """Residuals and their Jacobian as matrices of mpmath."""
    rows = _places(system, system.equations.unknowns)
    columns = _places(system, forms.columns_of(system.equations))
    first, second = forms.residuals(system.equations), forms.jacobian(system.equations)
    residual = mp.matrix([evaluate(first[a], here, work, at) for a, at in rows])
    jacobian = mp.matrix(len(rows), len(rows))
    for r, (a, at) in enumerate(rows):
        for c, (b, beside) in enumerate(columns):
            jacobian[r, c] = evaluate(second[a][b], here, work, {**at, **beside})
    return residual, jacobian


Place = tuple[int, dict[Index, int]]


def _places(system: System, symbols: tuple[Expr, ...]) -> list[Place]:
    """For each component: the number of its unknown, and where the index stands."""
    found: list[Place] = []
    for number, (symbol, length) in enumerate(zip(symbols, system.lengths, strict=True)):
        index = next(iter(free_indices(symbol)), None)
        found += [(number, {} if index is None else {index: k + 1}) for k in range(length)]
    return found


def _placed(system: System, state: list[Any]) -> dict[Any, Any]:
    """The unknowns as the reference takes them: numbers by symbol, arrays by label."""
    placed: dict[Any, Any] = {}
    for unknown, part in zip(system.equations.unknowns, system.slices, strict=True):
        if is_array(unknown):
            placed[unknown.label] = np.array(state[part], dtype=object)
        else:
            placed[unknown] = state[part.start]
    return placed


def _values(system: System, point: int, exact: Mapping[str, Any]) -> dict[Any, Any]:
    """Sizes and parameters at a point, with the exact numbers in place of rounded ones."""
    values: dict[Expr | Label, Any] = {s: mpf(k) for s, k in system.given.sizes.items()}
    taken = system.given.take(np.array([point]))
    for symbol in system.equations.parameters:
        array = taken[symbol.name]
        own = array[0] if array.ndim > system.given.core[symbol.name] else array
        if is_array(symbol):
            values[symbol.label] = own
        else:
            values[symbol] = exact.get(symbol.name, mpf(float(own)))
    return values


def _empty(shape: tuple[int, ...]) -> np.ndarray:
    table = np.empty(shape, dtype=object)
    table[...] = None
    return table


def _batched(solution: Solution, table: np.ndarray) -> np.ma.MaskedArray:
    hidden = np.array([entry is None for entry in table.ravel()], dtype=bool)
    shape = (*solution.shape, *table.shape[1:])
    return np.ma.MaskedArray(table.reshape(shape), hidden.reshape(shape))
