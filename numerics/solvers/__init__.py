"""Solvers: settings and a pure step each, one loop, and the verbs that use them."""

from numerics.problem.errors import BranchError, ProblemError
from numerics.problem.status import Stability, Status
from numerics.solvers.anderson import AndersonFixedPoint
from numerics.solvers.continuation import continue_branch
from numerics.solvers.fixed_point import DampedFixedPoint
from numerics.solvers.newton import Newton
from numerics.solvers.newton_krylov import NewtonKrylov
from numerics.solvers.solve import solve
from numerics.solvers.spinodal import Spinodal, spinodal
from numerics.solvers.transition import Transition, TransitionKind, transition

__all__ = [
    "AndersonFixedPoint",
    "BranchError",
    "DampedFixedPoint",
    "Newton",
    "NewtonKrylov",
    "ProblemError",
    "Spinodal",
    "Stability",
    "Status",
    "Transition",
    "TransitionKind",
    "continue_branch",
    "solve",
    "spinodal",
    "transition",
]
