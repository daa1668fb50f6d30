"""Compare both sides of every step of a derivation at finite size.

An exact step is an identity point by point in the variables that it leaves alone.  Those are put at
random points of their contours (all values for none: the identity in them implies the identity of
the traces), what the step removes is traced on the left and what it introduces on the right, by
explicit sums and quadrature.  Asymptotic steps must approach at the order that they claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mp
from sympy import Heaviside, sign

from derive.checks.agreeing_digits import agreement
from derive.checks.asymptotic import Convergence, check_saddle
from derive.checks.coordinates import check_coordinates, names_points_anew
from derive.checks.evaluate import Environment
from derive.checks.expand import Expansion, components_of
from derive.checks.expansion_in_coupling import check_coupling_expansion
from derive.checks.integrals import Estimate, OutOfReach, TwoDimensional
from derive.checks.limits import check_limit
from derive.checks.replicas import REPLICA_MOVES, check_replicas
from derive.checks.replicas_density import check_density
from derive.checks.replicas_moments import check_moments
from derive.checks.restricted import check_ansatz, check_elimination
from derive.checks.world import World
from derive.ensemble import Ensemble, elements_of
from derive.errors import DeriveError
from derive.measures import SphereSurface
from derive.step import Kind, Step
from derive.variables import Variable

__all__ = ["CheckReport", "CheckRow", "check"]

SAMPLES = 3
DIGITS_OF_MOMENTS = 20  # the slope of log E[Z^n] is extrapolated to n = 0 from one side
NAMED_BY_DELTA_FUNCTIONS = ("local_fields", "order_parameters", "constrain")


@dataclass(frozen=True)
class CheckRow:
    """The check of one step.

    Attributes
    ----------
    step : str
        The move.
    kind : Kind
        Its kind.
    method : str
        How both sides were evaluated.
    digits : float
        To how many digits they agree (for asymptotic steps, the order found).
    wanted : float
        How many are asked for.
    verdict : str
        "holds", "not verified" (fewer digits than asked, or out of reach), "uncontrolled" (an
        approximation claims nothing that could be checked) or "FAILS".
    """

    step: str
    kind: Kind
    method: str
    digits: float
    wanted: float
    verdict: str

    def __str__(self) -> str:
        return f"{self.step:<28} {self.kind:<13} {self.verdict:<12} {self.method}"


@dataclass(frozen=True)
class CheckReport:
    """The checks of all steps; `holds` only if every one holds."""

    rows: tuple[CheckRow, ...]
    sizes: str

    @property
    def holds(self) -> bool:
        """Whether every step that claims something was verified to the digits asked for."""
        return all(row.verdict in ("holds", "uncontrolled") for row in self.rows)

    @property
    def worst_digits(self) -> float:
        """The least agreement among the exact steps; infinite if there is none."""
        return min((r.digits for r in self.rows if r.kind == Kind.EXACT), default=float("inf"))

    def __str__(self) -> str:
        head = "all steps hold" if self.holds else "NOT all steps are verified"
        if uncontrolled := sum(row.verdict == "uncontrolled" for row in self.rows):
            head += f", {uncontrolled} uncontrolled"
        return "\n".join([f"{head} ({self.sizes})", *(f"  {row}" for row in self.rows)])

    __repr__ = __str__


def check(derivation: Any, digits: int = 25, seed: int = 1, **values: Any) -> CheckReport:
    """Check every step of a derivation at finite size.

    Parameters
    ----------
    derivation : Derivation
        The chain of steps.
    digits : int
        Digits asked of finite sums and of integrals that factorise to one dimension; at most 12
        are asked of two-dimensional ones.
    seed : int
        Of the random parameters.
    **values
        Sizes and parameters by name, for instance ``N=4, P=2, beta=0.5``; sizes are 3 and
        parameters random if not given.  With replicas, ``n`` is an integer (2 if not given; blocks
        of ``m`` = 2, of which there are 2) and sizes are 2.

    Returns
    -------
    CheckReport
        A row for each step.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import symbols
    >>> beta, J = symbols("beta J", positive=True)
    >>> N = dv.size("N"); i = dv.Index("i", N); s = dv.Ising("s", i); M = dv.total(s[i], i)
    >>> d = dv.Ensemble(trace=s, exponent=beta*J/(2*N)*M**2).derive()
    >>> d.hubbard_stratonovich("m").trace(s).check(N=4).holds
    True
    """
    rows = []
    with mp.workdps(digits + 12):
        world = World(derivation, values, seed)
        for position, step in enumerate(derivation.steps):
            rows.append(_check_step(derivation, position, step, world, digits))
    return CheckReport(tuple(rows), world.described())


def _check_step(derivation: Any, position: int, step: Step, world: World, digits: int) -> CheckRow:
    name = f"{step.move}({step.arguments})"
    try:
        if step.move in REPLICA_MOVES:
            return _of_replicas(name, derivation, step, world, digits)
        if isinstance(step.after, Ensemble):
            return _row(name, step, *_exact(step, world, digits))
        if step.move == "plefka":
            return _approaching(name, step, check_coupling_expansion(step, world))
        if step.move == "limit":
            return _approaching(name, step, check_limit(step, world))
        if step.kind == Kind.APPROXIMATION:
            return CheckRow(name, step.kind, "; ".join(step.assumptions), 0.0, 0.0, "uncontrolled")
        if step.kind == Kind.ANSATZ:
            return _row(name, step, *check_ansatz(step, world))
        if step.kind == Kind.EXACT:
            return _row(name, step, *check_elimination(step, world))
        if getattr(step.after, "kind", "") == "continuation":
            return _continued(name, step, world, digits)
        return _approaching(name, step, check_saddle(derivation, position, world))
    except (OutOfReach, DeriveError, ZeroDivisionError, ValueError) as reason:
        method = str(reason) or "a division by zero here, as at a critical point"
        return CheckRow(name, step.kind, method, 0.0, digits, "not verified")


def _of_replicas(name: str, derivation: Any, step: Step, world: World, digits: int) -> CheckRow:
    with mp.workdps(mp.dps):
        found = check_replicas(step, world, digits)
    if isinstance(found, Convergence):
        return _approaching(name, step, found)
    method, agreed, wanted = found
    if step.move == "continue_replicas" and (moments := check_moments(derivation, world)):
        method, agreed = f"{method}; {moments[0]}", min(agreed, float(moments[1]))
        wanted = min(wanted, DIGITS_OF_MOMENTS)
    return _row(name, step, method, agreed, wanted)


def _continued(name: str, step: Step, world: World, digits: int) -> CheckRow:
    """After a continuation a stationary point is prescribed: only the density can be checked."""
    try:
        found = check_density(step, world)
    except TwoDimensional:
        digits = min(digits, 12)
        with mp.workdps(digits + 4):
            found = check_density(step, world)
    method = f"the density is the exponent per site, {found:.0f} digits; stationarity is prescribed"
    verdict = "uncontrolled" if found >= digits else "FAILS"
    return CheckRow(name, step.kind, method, found, digits, verdict)


def _approaching(name: str, step: Step, found: Convergence) -> CheckRow:
    verdict = "holds" if found.order >= found.claimed else "not verified"
    verdict = "FAILS" if found.refuted else verdict
    return CheckRow(name, step.kind, found.method, found.order, found.claimed, verdict)


def _row(name: str, step: Step, method: str, found: float, wanted: float) -> CheckRow:
    sampled = method.startswith("Monte Carlo")
    missed = "FAILS" if found < wanted / 2 and not sampled else "not verified"
    verdict = "holds" if found >= wanted else missed
    return CheckRow(name, step.kind, f"{method}, {found:.0f} digits", found, wanted, verdict)


def _exact(step: Step, world: World, digits: int) -> tuple[str, float, float]:
    if names_points_anew(step):
        return check_coordinates(step, world, digits)
    opened = _opened_sphere(step)
    if opened is not None:
        return _sphere(step, world, *opened, digits)
    try:
        found, worst = _pointwise(step, world)
    except TwoDimensional:
        digits = min(digits, 12)
        with mp.workdps(digits + 4):
            found, worst = _pointwise(step, world, 1)
    methods = ("finite sums", "one-dimensional integrals", "two-dimensional integrals")
    if worst.dimension == 0 and step.move in NAMED_BY_DELTA_FUNCTIONS:
        return "delta functions", found, digits
    if worst.dimension < len(methods):
        return methods[worst.dimension], found, digits
    method = f"Monte Carlo in {worst.dimension} dimensions, relative error {worst.error:.0e}"
    return method, found, digits


def _pointwise(step: Step, world: World, samples: int = SAMPLES) -> tuple[float, Estimate]:
    """The least agreement, and the hardest integral that was needed."""
    before, after = step.before, step.after
    gone = [v for v in before.variables if v not in after.variables]
    new = [v for v in after.variables if v not in before.variables]
    shared = [v for v in before.variables if v in after.variables]
    soft = not _steps_of(before, gone)  # a weight that does not touch them is carried along
    left, right = (Expansion(e, world.sizes, world.environment(), soft) for e in (before, after))
    digits: list[Any] = []
    sides: list[Estimate] = []
    for env in world.points([*shared, *before.disorder], samples):
        a, b = left.trace(gone, env), right.trace(new, env)
        digits.append(agreement(a.value, mpmath.exp(b.exponent - a.exponent) * b.value))
        sides.extend((a, b))
    return float(min(digits)), max(sides, key=lambda side: (side.dimension, side.error))


def _steps_of(ensemble: Ensemble, variables: list[Variable]) -> bool:
    """Whether variables stand inside of steps."""
    nodes = {n for e in (ensemble.exponent, ensemble.weight) for n in e.atoms(Heaviside, sign)}
    return any(elements_of(node, [v.label for v in variables]) for node in nodes)


def _opened_sphere(step: Step) -> tuple[Any, Any] | None:
    """The variable on a sphere that this step opened, with the conjugate of its norm."""
    known = {v.name for v in step.before.variables}
    for variable in step.before.variables:
        if isinstance(variable.measure, SphereSurface) and variable not in step.after.variables:
            return variable, next(v for v in step.after.variables if v.name not in known)
    return None


def _sphere(
    step: Step, world: World, variable: Variable, conjugate: Variable, digits: int
) -> tuple[str, float, float]:
    """The conjugates' integrals are delta functions of the norms, with Jacobian one.

    The exponent must be linear in each conjugate, exp(lam L): its integral over lam = shift + i y
    is 2 pi delta(L).  On the sphere L = 0, and prefactor * 2 pi / |dL/d(w.w)| must be one for each.
    """
    before, after = (
        Expansion(e, world.sizes, world.environment()) for e in (step.before, step.after)
    )
    others = [v for v in step.before.variables if v != variable]
    duals = components_of(conjugate, world.sizes)
    worst = mpmath.inf
    for env in world.points(others, SAMPLES):
        point = env | world.on_sphere(variable, env)
        worst = min(worst, _norm_constraint(before, after, world, variable, duals, point))
    return "as a distribution", float(worst), digits


def _norm_constraint(
    before: Expansion,
    after: Expansion,
    world: World,
    variable: Variable,
    duals: list[Any],
    point: Environment,
) -> Any:
    outer = duals[0][1]
    own = [k for k in components_of(variable, world.sizes) if k[1][:-1] == outer]
    norm2 = mpmath.fsum(point[k] ** 2 for k in own)
    stretched = point | {k: point[k] * mpmath.mpf("1.25") for k in own}

    def exponent(at: Any, lam: Any) -> Any:
        return after.log_integrand(at | dict.fromkeys(duals, mpmath.mpf(0)) | {duals[0]: lam})

    slope = [exponent(p, 1) - exponent(p, 0) for p in (point, stretched)]
    cubic = exponent(stretched, 3) - exponent(stretched, 0)
    jacobian = -(slope[1] - slope[0]) / (norm2 * (mpmath.mpf("1.25") ** 2 - 1))
    prefactor = mpmath.exp(exponent(point, 0) - before.log_integrand(point))
    return min(
        agreement(cubic, 3 * slope[1]),
        -mpmath.log10(abs(slope[0]) + mp.eps),
        agreement(prefactor * (2 * mp.pi) ** len(duals), jacobian ** len(duals)),
    )
