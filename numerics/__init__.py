"""Numbers from equations, in the order of a day's work: compile, certify, solve, sum, plot."""

# Equations to a function of arrays, and what is known of its error
from numerics.certificate import Certificate, OutputCertificate
from numerics.certify import certify
from numerics.enumeration import EnumeratedSum, enumerate_states

# The finite system itself, to compare with
from numerics.exact import ExactSum, exact
from numerics.kernel import Kernel, compile
from numerics.plot import plot
from numerics.solution import Solution

# All solutions of the equations, followed and judged
from numerics.solvers import (
    DampedFixedPoint,
    Newton,
    Spinodal,
    Stability,
    Status,
    Transition,
    continue_branch,
    solve,
    spinodal,
    transition,
)

__all__ = [
    "Certificate",
    "DampedFixedPoint",
    "EnumeratedSum",
    "ExactSum",
    "Kernel",
    "Newton",
    "OutputCertificate",
    "Solution",
    "Spinodal",
    "Stability",
    "Status",
    "Transition",
    "certify",
    "compile",
    "continue_branch",
    "enumerate_states",
    "exact",
    "plot",
    "solve",
    "spinodal",
    "transition",
]
