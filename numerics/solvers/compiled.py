"""The solvers' iterations inside of compiled code, for systems of a few scalar unknowns.

They follow the rules of `numerics.native.iterations.rules`, as the steps on arrays do, and end in
the same states up to rounding.  What they do not serve is iterated a step at a time, with kernels
that are compiled.
"""

from __future__ import annotations

from dataclasses import fields, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from sympy import Expr

from numerics.matrices import is_sparse
from numerics.native.iterations import rounds
from numerics.native.iterations.codes import Codes
from numerics.native.iterations.run import Ends
from numerics.problem import forms
from numerics.problem.domain import domain_of
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given
from numerics.problem.system import System
from numerics.solvers.fixed_point import DampedFixedPoint, Iterated
from numerics.solvers.loop import Solver, State, stepped
from numerics.solvers.newton import Newton

__all__ = ["backend_for", "iterated", "serves"]

FEW = 8  # unknowns up to which a linear system is solved in each lane of a vector
MANY = 1000  # points from which on compiling takes less time than it saves


def backend_for(name: str, given: Given) -> str:
    """The backend that a system is compiled for; ``"auto"`` is NumPy for a small batch.

    Raises
    ------
    ProblemError
        If solvers do not run on it, or not with what is given.
    """
    if name == "jax":
        raise ProblemError(
            "backend='jax' has no solvers: pass backend='numba' or 'numpy', or compile the "
            "equations for JAX and iterate there"
        )
    if name not in ("numpy", "numba", "auto"):
        raise ProblemError(f"there is no backend {name!r}: choose 'numpy', 'numba' or 'auto'")
    sparse = sorted(key for key, value in given.values.items() if is_sparse(value))
    if name == "numba" and sparse:
        raise ProblemError(
            f"{sparse[0]} is sparse, and backend='numba' has dense arrays only: pass "
            f"backend='numpy', or {sparse[0]}.toarray()"
        )
    if name == "auto" and (sparse or given.points < MANY or not find_spec("numba")):
        return "numpy"
    return name


def serves(solver: Solver, system: System) -> bool:
    """Whether compiled code iterates this: it has rules of the solver, and lanes for the system."""
    if type(solver) not in (Newton, DampedFixedPoint) or solver.max_steps < 1:
        return False
    if isinstance(solver, DampedFixedPoint) and not system.equations.update:
        return False  # the step says so
    scalar = system.n == len(system.lengths) and not any(system._indices)
    if not scalar or system.n > FEW or _arrays_vary(system.given):
        return False
    return system.kernel(*_posed(solver, system)).backend == "numba"


def iterated(solver: Any, system: System, x: np.ndarray, rows: np.ndarray) -> State:
    """Iterate from every start; a state each, none of them `Status.RUNNING`.

    Jacobians, and the fractions of steps that would come next, are not handed back.
    """
    inside = system.inside(x, rows) if system.averaged else np.ones(len(x), dtype=bool)
    if not inside.any():
        return stepped(solver, system, x, rows)
    found = _in_lanes(solver, system, x[inside], rows[inside])
    if inside.all():
        return found
    whole = stepped(solver, system, x[~inside], rows[~inside])
    whole = replace(whole, jacobian=np.zeros((len(whole.x), 0, 0)))
    joined = {
        f.name: np.empty((len(x), *getattr(found, f.name).shape[1:]), getattr(found, f.name).dtype)
        for f in fields(found)
    }
    for name, array in joined.items():
        array[inside], array[~inside] = getattr(found, name), getattr(whole, name)
    return type(found)(**joined)


def _in_lanes(solver: Any, system: System, x: np.ndarray, rows: np.ndarray) -> State:
    expressions, leading = _posed(solver, system)
    every = _expressions(solver, system)
    places = tuple(k for k, e in enumerate(every) if not e.is_number)
    constants = {k: float(e) for k, e in enumerate(every) if e.is_number}
    names = tuple(unknown.name for unknown in system.equations.unknowns)
    exact = sum(place < system.n for place in places)
    codes = Codes(system.kernel(expressions, leading), names, exact, places, constants)
    kind, most, settings = _settings(solver)
    given = {name: a for name, a in system.given.flat.items() if not system.given.core[name]}
    inside = system.inside if _conditions(system) else None
    found, _ = rounds.iterated(kind, codes, x, rows, given, _ends(system), most, settings, inside)
    told = list(found.carried.items())[: found.told]
    parts: dict[str, Any] = {name.lower(): array for name, array in told}
    parts |= {"status": found.status, "rows": rows, "jacobian": np.zeros((len(x), 0, 0))}
    if kind == "newton":
        return State(**parts, fraction=np.broadcast_to(np.nan, len(x)))
    return Iterated(**parts, fraction=np.full(len(x), solver.damping))


def _settings(solver: Any) -> tuple[str, int, tuple[float, ...]]:
    """The kind of iteration, the steps after the first evaluation, and the numbers in its rules."""
    if isinstance(solver, Newton):
        settings = (solver.tol, solver.smallest, solver.runaway, 1.0)
        return "newton", solver.max_steps, settings
    return "fixed_point", solver.max_steps - 1, (solver.tol, solver.damping, solver.runaway)


def _posed(solver: Any, system: System) -> tuple[tuple[Expr, ...], int | None]:
    """What is compiled, and for how many of these averages are planned."""
    every = _expressions(solver, system)
    varying = tuple(e for e in every if not e.is_number)
    if not system.averaged or not isinstance(solver, Newton):
        return varying, None
    return varying, sum(not e.is_number for e in every[: system.n])


def _expressions(solver: Any, system: System) -> tuple[Expr, ...]:
    """Residuals and their Jacobian row by row, or the update; and conditions."""
    equations, conditions = system.equations, _conditions(system)
    if not isinstance(solver, Newton):
        return (*equations.update, *conditions)
    slopes = (e for row in forms.jacobian(equations) for e in row)
    return (*forms.residuals(equations), *slopes, *conditions)


def _conditions(system: System) -> tuple[Expr, ...]:
    """What must not be negative, beside the intervals of the unknowns."""
    return domain_of(system.equations).conditions if system.averaged else ()


def _ends(system: System) -> Ends | None:
    domain = system.intervals
    if domain is None:
        return None
    first = np.where(domain.open_low, np.nextafter(domain.low, np.inf), domain.low)
    last = np.where(domain.open_high, np.nextafter(domain.high, -np.inf), domain.high)
    if not (domain.open_low.any() or domain.open_high.any()):
        return Ends(first, last)
    singular = (domain.low, domain.high, domain.open_low, domain.open_high)
    return Ends(first, last, tuple(np.ascontiguousarray(a, dtype=float) for a in singular))


def _arrays_vary(given: Given) -> bool:
    """Whether there are arrays that change along the batch."""
    return any(core and given.flat[name].ndim > core for name, core in given.core.items())
