r"""Stability of the replica-symmetric point against breaking the symmetry of replicas.

A fluctuation eps_ab with sum_b eps_ab = 0 and eps_aa = 0 is a replicon mode (de Almeida and
Thouless 1978).  Of the second variation of the free entropy in it,

* what is explicit in the order parameters follows from replicas in blocks of m with
  q_1 = q + (m - n) eps and q_0 = q + (m - 1) eps, which is such a mode, of norm
  sum_ab eps_ab^2 = n (m - 1)(m - n)(1 - n) eps^2, whatever m is;
* a single-site trace over exp(sum_ab k_ab x_a x_b / 2), whose replicas share a field
  z ~ N(0, k), gives by Wick's theorem and the vanishing row sums

      sum_abcd eps_ab eps_cd (<x_a x_b x_c x_d> - <x_a x_b><x_c x_d>) / 8
          = sum_ab eps_ab^2 < (<x^2> - <x>^2)^2 >_z / 4,

  where <x^2> - <x>^2 is the second derivative of log Z of one replica by z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sympy import (
    Add,
    Dummy,
    Expr,
    Heaviside,
    ImmutableMatrix,
    Matrix,
    Mul,
    S,
    Symbol,
    cancel,
    erfc,
    solve,
)

from derive.ensemble import Ensemble, terms
from derive.errors import MoveError
from derive.gaussian.average import GaussianAverage
from derive.gaussian.fewer_variables import with_fewer_variables
from derive.gaussian.merging import mirrored
from derive.gaussian.one_sided import as_tail
from derive.indices import Element
from derive.limits.asymptotics import asymptotics
from derive.limits.capacity import Capacity
from derive.moves.replica_ansatz import OneStepRSB, ReplicaSymmetric
from derive.rational import factored
from derive.replica_verbs import replicas_traced
from derive.saddle.conjugates import conjugate_values
from derive.saddle.free_entropy import FreeEntropy
from derive.saddle.shared_fields import SharedField, scalars_as_symbols, shared_fields
from derive.saddle.stationarity import tidy
from derive.saddle.with_condition import with_condition
from derive.step import Step
from derive.total import Total
from derive.typesetting.typeset import Typeset

if TYPE_CHECKING:
    from derive.equations import Equations

__all__ = ["Replicon", "replicon"]


@dataclass(frozen=True)
class Replicon(Typeset):
    """The second variation of a free entropy in its replicon modes.

    Attributes
    ----------
    matrix : Matrix
        Second derivatives by the amplitudes of the modes of each order parameter and conjugate,
        per replica and norm of the mode.
    modes : tuple of Symbol
        The order parameters and conjugates that its rows belong to.
    eigenvalue : Expr
        Its determinant over that without interactions: one there, positive as long as the
        replica-symmetric point is stable, and zero on the de Almeida-Thouless line.
    free_entropy : FreeEntropy
        Whose saddle point is judged.
    """

    matrix: ImmutableMatrix
    modes: tuple[Symbol, ...]
    eigenvalue: Expr
    free_entropy: FreeEntropy

    def almeida_thouless(self, parameter: Any) -> Equations:
        """The saddle equations with the eigenvalue zero, and a parameter as further unknown."""
        return with_condition(self.free_entropy, parameter, self.eigenvalue, "replicon")


def replicon(derivation: Any) -> Replicon:
    """The replicon modes of a derivation with a replica-symmetric ansatz.

    Raises
    ------
    MoveError
        If the derivation holds no replica-symmetric ansatz that was continued.
    """
    ansatz, continuation, saddle = _steps(derivation)
    n, to, planted = continuation.details
    before, symmetric = type(derivation)(ansatz.before), saddle.after
    modes = tuple(u for u in symmetric.unknowns if _is_matrix(ansatz.before, u))
    shown, end = _shown(derivation, symmetric)
    total = _explicit(before, modes, n, to) + _from_sites(before, modes, n, to, end)
    matrix = total.applyfunc(lambda e: Add(*(t / symmetric.size for t in Add.make_args(e))))
    matrix = matrix.xreplace({scalars_as_symbols(k): v for k, v in planted})
    value = _in_terms_of(_over_couplings(matrix, modes), symmetric, shown.unknowns)
    if end is not None:
        value = asymptotics(value, *end).limit
    return Replicon(matrix.as_immutable(), modes, value, shown)


def _shown(derivation: Any, symmetric: FreeEntropy) -> tuple[FreeEntropy, Any]:
    """The free entropy in the unknowns that are left, and the end that an overlap has reached."""
    if isinstance(derivation.state, FreeEntropy):
        return derivation.state, None
    if isinstance(derivation.state, Capacity):
        step = next(s for s in reversed(derivation.steps) if isinstance(s.before, FreeEntropy))
        (point,) = solve(1 / derivation.state.term, derivation.state.overlap)
        return step.before, (derivation.state.overlap, point)
    return symmetric, None


def _is_matrix(ensemble: Ensemble, unknown: Expr) -> bool:
    return any(v.name == str(unknown) and len(v.label.ranges) == 2 for v in ensemble.variables)


def _explicit(before: Any, modes: tuple[Symbol, ...], n: Symbol, to: Expr) -> Matrix:
    """Second variation of the terms without sites, from replicas in blocks."""
    m = Symbol("m_block", real=True)
    ensemble = before.ansatz(OneStepRSB(m)).state
    explicit = Add(*(t for t in terms(ensemble.exponent) if not _has_sites(t)))
    amplitudes = [Dummy(str(u), real=True) for u in modes]
    along: dict[Expr, Expr] = {}
    for mode, amplitude in zip(modes, amplitudes, strict=True):
        along[ensemble[f"{mode}0"].element] = mode + (m - 1) * amplitude
        along[ensemble[f"{mode}1"].element] = mode + (m - n) * amplitude
    explicit = scalars_as_symbols(explicit.xreplace(along))
    norm = n * (m - 1) * (m - n) * (1 - n)
    centre = dict.fromkeys(amplitudes, S.Zero)

    def entry(a: int, b: int) -> Expr:
        second = explicit.diff(amplitudes[a]).diff(amplitudes[b]).xreplace(centre)
        return factored(cancel(second / norm).subs(n, to))

    return Matrix(len(modes), len(modes), entry)


def _has_sites(term: Expr) -> bool:
    return any(e.slots for e in term.atoms(Element))


def _from_sites(
    before: Any, modes: tuple[Symbol, ...], n: Symbol, to: Expr, end: Any = None
) -> Matrix:
    """Second variation of the single-site traces, as averages with sources."""
    result = Matrix.zeros(len(modes))
    traced = replicas_traced(before.ansatz(ReplicaSymmetric()), n)
    for field in shared_fields(traced, n):
        slopes = Matrix([field.variance.diff(u) for u in modes])
        if not any(slopes):
            continue
        if field.is_mixed:
            raise MoveError(
                f"the field {field.variable.name} acts on several sums over replicas at once: the "
                "replicon of such coupled overlaps is not derived here"
            )
        average = _squared_curvature(traced.state, field, n, to, end)
        result += slopes * slopes.T * average / 2
    return result


def _squared_curvature(
    ensemble: Ensemble, field: SharedField, n: Symbol, to: Expr, end: Any
) -> Expr:
    """sum over sites of <(d^2 log Z / dz^2)^2>, log Z of one replica in the field z.

    Where an overlap has reached its end, log Z is its leading term there: what it is in the layer
    around a kink, of width sqrt(1 - q), does not contribute to the leading order.
    """
    source, two = Dummy("source", real=True), Dummy("two", positive=True)  # so not multiplied out
    own = field.variable[field.site]
    curvature = _second_derivative(_log_partition(field, end), own)
    added = Total(curvature**two, *field.site)
    derivation: Any = ensemble.replaced(exponent=ensemble.exponent + source * added).derive()
    value = derivation.trace().state.exponent.diff(source).subs(source, 0).subs(n, to)
    average = mirrored(with_fewer_variables(value.xreplace({two: S(2)})))
    return scalars_as_symbols(_with_tails(average))


def _with_tails(expr: Expr) -> Expr:
    """erfc(u) - 2 as -erfc(-u), and tails below a square in it: ratios of them do not underflow."""
    rule = {}
    for node in expr.atoms(GaussianAverage):
        sums = [a for a in node.integrand.atoms(Add) if _is_tail(a)]
        inside = node.integrand.xreplace({a: as_tail(a) for a in sums})
        rule[node] = node.func(_in_one_square(inside), *node.args[1:])
    return expr.xreplace(rule)


def _in_one_square(product: Expr) -> Expr:
    """(a + b)^2/erfc^2 as (a/erfc + b/erfc)^2."""
    powers = [f.as_base_exp() for f in Mul.make_args(product)]
    sums = [base for base, power in powers if base.is_Add and power == 2]
    tails = [base for base, power in powers if isinstance(base, erfc) and power == -2]
    if len(sums) != 1 or len(tails) != 1:
        return product
    (whole,), (tail,) = sums, tails
    rest = product / whole**2 * tail**2
    return rest * Add(*(term / tail for term in whole.args)) ** 2


def _is_tail(sum_: Expr) -> bool:
    number, rest = sum_.as_coeff_Add()
    return number != 0 and isinstance(rest.as_coeff_Mul()[1], erfc)


def _second_derivative(log_z: Expr, own: Element) -> Expr:
    """By the field, on each side of steps at which function and slope are continuous."""
    z = Dummy("z", real=True)
    log_z = log_z.xreplace({own: z})
    sides = {step: Dummy("side", real=True) for step in log_z.atoms(Heaviside) if step.has(z)}
    named = log_z.xreplace(sides)
    for step, side in sides.items():
        jump = named.diff(side)
        for kink in solve(step.args[0], z):
            if any(jump.diff(z, k).subs(z, kink).expand() != 0 for k in (0, 1)):
                raise MoveError(
                    f"log Z of one replica, {log_z}, has a kink at {kink}: its second "
                    "derivative is no function, and its square has no average"
                )
    curvature = tidy(named.diff(z, 2))
    return curvature.xreplace({side: step for step, side in sides.items()}).xreplace({z: own})


def _log_partition(field: SharedField, end: Any) -> Expr:
    if end is None or not field.function.has(end[0]):
        return field.log_partition
    elements = {e: Symbol(e.name, real=True) for e in field.log_partition.atoms(Element)}
    leading = asymptotics(field.log_partition.xreplace(elements), *end).leading
    return leading.xreplace({symbol: e for e, symbol in elements.items()})


def _steps(derivation: Any) -> tuple[Step, Step, Step]:
    found: dict[str, Step] = {}
    for step in derivation.steps:
        if step.move == "replica_ansatz" and isinstance(step.details[0], ReplicaSymmetric):
            found["ansatz"] = step
        elif step.move in ("continue_replicas", "saddle_point") and "ansatz" in found:
            found[step.move] = step
    if len(found) < 3 or found["continue_replicas"].details[1].free_symbols:
        raise MoveError(
            "the replicon belongs to a replica-symmetric free entropy: ansatz("
            "dv.ReplicaSymmetric()), trace(), continue_replicas(n), saddle_point(N) come first"
        )
    return found["ansatz"], found["continue_replicas"], found["saddle_point"]


def _over_couplings(matrix: Matrix, modes: tuple[Symbol, ...]) -> Expr:
    """The determinant over that of the couplings between order parameters and conjugates."""
    names = [str(u) for u in modes]
    bare = Matrix(
        len(modes),
        len(modes),
        lambda a, b: (
            matrix[a, b] if f"{names[a]}hat" == names[b] or f"{names[b]}hat" == names[a] else 0
        ),
    )
    names_of = {e: Dummy(f"entry{k}") for k, e in enumerate(dict.fromkeys(matrix)) if e.args}
    named = matrix.xreplace(names_of)
    ratio = (named.det(method="berkowitz") / bare.det()).expand()
    return ratio.xreplace({dummy: e for e, dummy in names_of.items()})


def _are_partners(one: str, other: str) -> bool:
    """An order parameter and its conjugate."""
    return f"{one}hat" == other or f"{other}hat" == one


def _in_terms_of(value: Expr, symmetric: FreeEntropy, kept: tuple[Expr, ...]) -> Expr:
    gone = [u for u in symmetric.unknowns if u not in kept]
    if gone:
        value = value.xreplace(conjugate_values(symmetric, gone))
    return Add(*map(_with_short_factor, Add.make_args(value)))


def _with_short_factor(term: Expr) -> Expr:
    factor, average = term.as_independent(GaussianAverage, as_Add=False)
    return (factored(cancel(factor)) if factor.is_rational_function() else factor) * average
