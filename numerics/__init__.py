"""Numbers from equations, in the order of a day's work: compile, certify, solve, sum, plot."""

# equations to a function of arrays, and what is known of its error
from numerics.kernel import Kernel, compile
from numerics.averages import Quadrature
from numerics.certify import certify
from numerics.certificate import Certificate, OutputCertificate
from numerics.native.cache import CacheInfo, cache_info, clear_cache
from numerics.native.errors import CompilationError

# all solutions of the equations, followed and judged
from numerics.solvers import (
    AndersonFixedPoint,
    DampedFixedPoint,
    Newton,
    NewtonKrylov,
    Spinodal,
    Stability,
    Status,
    Transition,
    TransitionKind,
    continue_branch,
    solve,
    spinodal,
    transition,
)
from numerics.solution import Solution

# what they do in time
from numerics.flow import Ending, Trajectories, flow

# the transition of a state, from products with vectors alone
from numerics.criticality import Bifurcation, Criticality, CriticalStatus, Landau, critical

# the finite system itself, to compare with
from numerics.exact import ExactSum, TooManyStatesError, exact
from numerics.enumeration import EnumeratedSum, enumerate_states
from numerics.simulation import Correlated, Estimate, Run, Sampling, autocorrelation, simulate
from numerics.simulation import Tempered, draw_disorder, parallel_tempering
from numerics.simulation import DisorderAverage, SampleMean, disorder_average
from numerics.simulation import Extrapolation, combined_p_value, extrapolate
from numerics import storage

# one large instance by message passing, and what it does as its size grows
from numerics.message_passing import MessagePassing, StateEvolution, amp, state_evolution
from numerics.message_passing import Magnetisations, tap

# what it looks like
from numerics.plot import plot

# what is refused
from numerics.errors import (
    AmbiguousNameError,
    DomainError,
    MissingBackendError,
    MissingParameterError,
    NonFiniteError,
    NotANumberError,
    NumericsError,
    OutputError,
    PrecisionError,
    ShapeError,
    SymmetryError,
    UnknownParameterError,
    UnsupportedExpressionError,
)
from numerics.problem.errors import BranchError, ProblemError

__all__ = [
    "AmbiguousNameError",
    "AndersonFixedPoint",
    "Bifurcation",
    "BranchError",
    "CacheInfo",
    "Certificate",
    "CompilationError",
    "Correlated",
    "CriticalStatus",
    "Criticality",
    "DampedFixedPoint",
    "DisorderAverage",
    "DomainError",
    "Ending",
    "EnumeratedSum",
    "Estimate",
    "ExactSum",
    "Extrapolation",
    "Kernel",
    "Landau",
    "Magnetisations",
    "MessagePassing",
    "MissingBackendError",
    "MissingParameterError",
    "Newton",
    "NewtonKrylov",
    "NonFiniteError",
    "NotANumberError",
    "NumericsError",
    "OutputCertificate",
    "OutputError",
    "PrecisionError",
    "ProblemError",
    "Quadrature",
    "Run",
    "SampleMean",
    "Sampling",
    "ShapeError",
    "Solution",
    "Spinodal",
    "Stability",
    "StateEvolution",
    "Status",
    "SymmetryError",
    "Tempered",
    "TooManyStatesError",
    "Trajectories",
    "Transition",
    "TransitionKind",
    "UnknownParameterError",
    "UnsupportedExpressionError",
    "amp",
    "autocorrelation",
    "cache_info",
    "certify",
    "clear_cache",
    "combined_p_value",
    "compile",
    "continue_branch",
    "critical",
    "disorder_average",
    "draw_disorder",
    "enumerate_states",
    "exact",
    "extrapolate",
    "flow",
    "parallel_tempering",
    "plot",
    "simulate",
    "solve",
    "spinodal",
    "state_evolution",
    "storage",
    "tap",
    "transition",
]
