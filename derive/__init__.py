"""Derive the equations of a statistical-mechanics model from its Hamiltonian."""

# what is summed over: sizes, indices, sums
from derive.indices import Element, Index, IndexRange, indices, replicas, size
from derive.total import Total, product, total

# what is traced, averaged or given
from derive.variables import (
    Binary,
    Discrete,
    Gaussian,
    Given,
    Interval,
    Ising,
    Potts,
    Real,
    Sphere,
    Spin,
    Variable,
)

# averages over Gaussian fields
from derive.gaussian.average import GaussianAverage
from derive.gaussian.bivariate import BivariateNormal
from derive.gaussian.moreau import MoreauEnvelope, Proximal
from derive.gaussian.special import OrthantProbability, OwenT

# the model, the chain of moves that is applied to it, and what checks say of them
from derive.ensemble import Ensemble
from derive.derivation import Derivation
from derive.moves.ansatz import Uniform
from derive.moves.replica_ansatz import OneStepRSB, ReplicaSymmetric
from derive.step import Kind, Step
from derive.checks.check import CheckReport

# under which conditions two models are the same
from derive.agreement import Agreement, agree

# limits: asymptotic expansions, ground states, capacities
from derive.limits.asymptotics import Asymptotics, asymptotics
from derive.limits.capacity import Capacity
from derive.limits.errors import LimitError
from derive.limits.ground_state import GroundState

# whether a published equation says the same
from derive.refereeing.referee import referee
from derive.refereeing.verdict import Counterexample, Divergence, Verdict

# what comes out: the free entropy, and the hand-over to numerics
from derive.saddle.free_entropy import FreeEntropy
from derive.saddle.log_det import LogDet
from derive.saddle.spectrum import Eigenvalue, SingularValue
from derive.equations import Enumeration, Equations, FiniteSum, Pairwise

# how it is shown
from derive.typesetting.typeset import init_printing

# what is refused
from derive.errors import (
    CouplingError,
    DeclarationError,
    DeriveError,
    IndexRangeError,
    KinkError,
    MoveError,
    NotExtensiveError,
    ParameterError,
    UnboundedError,
)

__all__ = [
    "Agreement",
    "Asymptotics",
    "Binary",
    "BivariateNormal",
    "Capacity",
    "CheckReport",
    "Counterexample",
    "CouplingError",
    "DeclarationError",
    "Derivation",
    "DeriveError",
    "Discrete",
    "Divergence",
    "Eigenvalue",
    "Element",
    "Ensemble",
    "Enumeration",
    "Equations",
    "FiniteSum",
    "FreeEntropy",
    "Gaussian",
    "GaussianAverage",
    "Given",
    "GroundState",
    "Index",
    "IndexRange",
    "IndexRangeError",
    "Interval",
    "Ising",
    "Kind",
    "KinkError",
    "LimitError",
    "LogDet",
    "MoreauEnvelope",
    "MoveError",
    "NotExtensiveError",
    "OneStepRSB",
    "OrthantProbability",
    "OwenT",
    "Pairwise",
    "ParameterError",
    "Potts",
    "Proximal",
    "Real",
    "ReplicaSymmetric",
    "SingularValue",
    "Sphere",
    "Spin",
    "Step",
    "Total",
    "UnboundedError",
    "Uniform",
    "Variable",
    "Verdict",
    "agree",
    "asymptotics",
    "indices",
    "init_printing",
    "product",
    "referee",
    "replicas",
    "size",
    "total",
]
