"""The verb `spinodal`: the fold where a branch ends, by the extended system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Add, Expr, Symbol

from derive.equations import Element, Equations, Label, Total, free_indices
from numerics.errors import UnknownParameterError
from numerics.problem import forms
from numerics.problem.errors import BranchError
from numerics.problem.given import as_equations, bind, is_array
from numerics.problem.status import Status
from numerics.problem.system import System, holds_averages
from numerics.solvers.arclength import Curve, Fold, first_fold, fold_near
from numerics.solvers.chains import Chains, chains_along
from numerics.solvers.loop import iterate
from numerics.solvers.newton import Newton
from numerics.solvers.roots import polish
from numerics.solvers.solve import solve

__all__ = ["Spinodal", "fold", "spinodal"]

GRID = 33
ZOOMS = 6  # how often the last cell of the branch is looked at more closely
LOOKS = 60  # at most, where links missing from further away make the branch seem to end


@dataclass(frozen=True)
class Spinodal:
    """The fold of a branch.

    Attributes
    ----------
    status : Status
        `CONVERGED`; `MARGINAL` where the extended system is itself singular, as at the critical
        point where two folds meet; `NO_BRANCH` if the branch goes on to the end; otherwise how
        the iteration failed.
    value : float or None
        The parameter at the fold.
    state : dict or None
        Unknowns there.
    error : float or None
        An estimate of the error of the value and the unknowns.
    """

    status: Status
    value: float | None = None
    state: dict[str, Any] | None = None
    error: float | None = None


def spinodal(
    problem: Any,
    parameter: str,
    between: tuple[float, float],
    *,
    start: Mapping[str, Any] | None = None,
    backend: str = "numpy",
    **fixed: Any,
) -> Spinodal:
    """Follow a branch from one value of a parameter towards another until it folds.

    The end of the branch is a starting point for Newton's method on the extended system
    ``residual = 0, Jacobian @ v = 0, v @ v = 1`` in state, null vector and parameter, which is
    regular at a fold (Moore and Spence, SIAM J. Numer. Anal. 17, 567 (1980)).

    Parameters
    ----------
    problem : Equations, or anything with ``.equations()``
        What is solved.
    parameter : str
        What varies; a scalar.
    between : (float, float)
        From where the branch is followed, and how far.
    start : mapping, optional
        Unknowns near the branch at the first value; without it, the dominant branch there.
    backend
        As in `solve`: what branches of equations without averages are followed with.
    **fixed
        A number (or an array of elements) for each other parameter.

    Returns
    -------
    Spinodal

    Raises
    ------
    BranchError
        If there is no branch to follow at the first value.

    Examples
    --------
    >>> from sympy import symbols
    >>> from derive.equations import Equations
    >>> x, a = symbols("x a", real=True)
    >>> fold = Equations((x,), (a,), (), residuals=(x**2 - a,))
    >>> found = spinodal(fold, "a", (1, -1), start={"x": 1})
    >>> found.status.name, abs(found.value) < 1e-12
    ('CONVERGED', True)
    """
    equations = as_equations(problem)
    low, high = (float(end) for end in between)
    begin = _begin(equations, parameter, low, fixed, start)
    if holds_averages(equations):
        found = first_fold(Curve(equations, parameter, fixed), begin, low, high)
        return Spinodal(Status.NO_BRANCH) if found is None else _named(equations, found)
    end = _end_of_branch(equations, parameter, fixed, low, high, begin, backend)
    return Spinodal(Status.NO_BRANCH) if end is None else fold(equations, parameter, fixed, *end)


def _end_of_branch(
    equations: Equations,
    parameter: str,
    fixed: Mapping[str, Any],
    low: float,
    high: float,
    state: np.ndarray,
    backend: str,
) -> tuple[np.ndarray, float] | None:
    """The last state on a branch and its parameter, closer and closer; None if it goes on."""
    targets = [high]
    for _ in range(LOOKS):
        values = np.linspace(low, targets[-1], GRID)
        chains = chains_along(equations, parameter, values, fixed, strict=True, backend=backend)
        last, state = _follow(chains, state)
        low = float(chains.values[last])
        if last < GRID - 1:
            if len(targets) == ZOOMS:
                break
            targets.append(float(chains.values[last + 1]))
        else:  # seen closely, the branch goes on
            targets.pop()
            if not targets:
                return None
    return state, low


def _begin(
    equations: Equations,
    parameter: str,
    value: float,
    fixed: Mapping[str, Any],
    start: Mapping[str, Any] | None,
) -> np.ndarray:
    """The state from which the branch is followed."""
    if parameter not in {p.name for p in equations.parameters if not is_array(p)}:
        raise UnknownParameterError(f"there is no scalar parameter {parameter} to vary")
    found = solve(equations, **{**fixed, parameter: value}, starts=start)
    if not found.present.any():
        raise BranchError(f"no branch to follow at {parameter}={value:g}: {found.sentence()}")
    slot = int(found.dominant_slot()[0]) if start is None else 0
    if slot < 0:
        raise BranchError(f"no stable branch at {parameter}={value:g}: give start=...")
    return found.states[0, slot]


def _follow(chains: Chains, begin: np.ndarray) -> tuple[int, np.ndarray]:
    """The last value that the chain nearest to a state reaches, and its state there."""
    first = chains.at(0)
    chain = min(first, key=lambda c: float(np.abs(chains.roots.x[first[c]] - begin).max()))
    on = np.nonzero(chains.chain == chain)[0]
    return int(chains.roots.rows[on[-1]]), chains.roots.x[on[-1]]


def fold(
    equations: Equations, parameter: str, fixed: Mapping[str, Any], near: np.ndarray, value: float
) -> Spinodal:
    """The fold that Newton's method on the extended system finds from near one."""
    if holds_averages(equations):
        curve = Curve(equations, parameter, fixed)
        return _named(equations, fold_near(curve, np.append(near, value)))
    extended = extended_system(equations, parameter)
    small = System(equations, bind(equations, {**fixed, parameter: value}))
    here = np.zeros(1, dtype=int)
    null = np.linalg.svd(small.linear(near[None], here)[1][0])[2][-1]
    system = System(extended, bind(extended, fixed))
    x = np.concatenate([near, null, [value]])[None]
    ended = iterate(Newton(), system, x, here)
    roots = polish(system, ended, 1e-10)
    if not len(roots.x):
        return Spinodal(Status(int(ended.status[0])) if ended.status[0] else Status.STALLED)
    state = {
        u.name: roots.x[0, s] if is_array(u) else float(roots.x[0, s.start])
        for u, s in zip(equations.unknowns, small.slices, strict=True)
    }
    return Spinodal(
        Status(int(roots.status[0])), float(roots.x[0, -1]), state, float(roots.error[0])
    )


def _named(equations: Equations, found: Fold) -> Spinodal:
    """A fold of scalar unknowns, by their names."""
    if not found.status.found:
        return Spinodal(found.status)
    names = (unknown.name for unknown in equations.unknowns)
    state = dict(zip(names, map(float, found.state), strict=True))
    return Spinodal(found.status, found.value, state, found.error)


def extended_system(equations: Equations, parameter: str) -> Equations:
    """State, null vector of the Jacobian and parameter as unknowns of one set of equations."""
    varied = next(p for p in equations.parameters if p.name == parameter)
    null = tuple(_null(unknown) for unknown in equations.unknowns)
    columns = forms.columns_of(equations)
    products = tuple(
        Add(*(_product(*item) for item in zip(row, null, columns, strict=True)))
        for row in forms.jacobian(equations)
    )
    norm = Add(*(Total(v**2, *free_indices(v)) for v in null)) - 1
    return Equations(
        unknowns=(*equations.unknowns, *null, varied),
        parameters=tuple(p for p in equations.parameters if p != varied),
        expressions=(),
        residuals=(*forms.residuals(equations), *products, norm),
    )


def _null(unknown: Expr) -> Expr:
    name = f"{unknown.name}_null"
    if isinstance(unknown, Element):
        return Element(Label(name, unknown.label.ranges), *unknown.slots)
    return Symbol(name, real=True)


def _product(entry: Expr, null: Expr, column: Expr) -> Expr:
    """One block of the Jacobian times its part of the null vector, summed over the column index."""
    (new,), (old,) = free_indices(column) or (None,), free_indices(null) or (None,)
    return entry * null if new is None else Total(entry * null.xreplace({old: new}), new)
