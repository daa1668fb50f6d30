"""The checks of the moves of the replica method, at integer numbers of replicas, can fail."""

from dataclasses import replace

import pytest
from sympy import Rational, S, Symbol, log

import derive as dv
from derive import Derivation, Kind
from derive.checks.check import _check_step
from derive.checks.world import World
from derive.errors import ParameterError
from derive.measures import Collective, Finite
from derive.variables import Variable
from tests.derive.replica_models import MODELS, RS, N, n

QUICK = ("sherrington_kirkpatrick", "spherical_glass", "spin_one_glass", "bipartite_glass")
LONG = ("gardner", "ising_perceptron", "counted_errors", "hopfield", "three_spin_glass")


@pytest.fixture(scope="module")
def models():
    made = {}

    def model(name, rule=RS):
        key = name, rule
        if key not in made:
            made[key] = MODELS[name](rule)
        return made[key]

    return model


def row_of(derivation, move, change=None, sizes=None, argument=""):
    """The row of one step, with what it gave exchanged."""
    from mpmath import mp

    position = next(
        k for k, s in enumerate(derivation.steps) if s.move == move and argument in s.arguments
    )
    steps = list(derivation.steps)
    if change is not None:
        steps[position] = replace(steps[position], after=change(steps[position].after))
    changed = Derivation(derivation.start, tuple(steps))
    with mp.workdps(37):
        world = World(changed, sizes or {}, 1)
        return _check_step(changed, position, steps[position], world, 25)


def exponent(change):
    return lambda after: after.replaced(exponent=change(after.exponent))


def coefficients(old, new):
    return exponent(lambda e: e.xreplace({old: new}))


def names(after):
    return {v.name: v for v in after.variables}


# --- every step holds -------------------------------------------------------------------------


def assert_all_hold(report):
    verdicts = [row.verdict for row in report.rows]
    assert verdicts[:-1] == ["holds"] * (len(verdicts) - 1), report
    assert verdicts[-1] == "uncontrolled", report
    assert report.holds


@pytest.mark.parametrize("name", QUICK[:2])
def test_every_step_holds_with_two_replicas(models, name):
    assert_all_hold(models(name).check(N=2, n=2))


@pytest.mark.slow
@pytest.mark.parametrize("copies", [2, 3])
@pytest.mark.parametrize("name", QUICK + LONG)
def test_every_step_of_every_model_holds(models, name, copies):
    assert_all_hold(models(name).check(N=2 if copies == 2 else 1, n=copies))


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK[:2])
def test_every_step_holds_with_replicas_in_blocks(models, name):
    assert_all_hold(models(name, dv.OneStepRSB("m1")).check(N=1, n=4, m1=2))


@pytest.mark.slow
def test_every_step_of_a_teacher_and_its_student_holds(models):
    """With a norm that is not replicated, and a plane of two fields with a step in one of them."""
    assert_all_hold(models("teacher_student").check(N=1, n=2))


def test_replicas_in_blocks_are_filled_in(models):
    glass = models("sherrington_kirkpatrick", dv.OneStepRSB("m1"))
    row = row_of(glass, "replica_ansatz", sizes={"N": 1, "n": 4, "m1": 2})
    assert row.verdict == "holds"
    assert "4 replicas in blocks" in row.method


# --- the checks can fail ----------------------------------------------------------------------


def measure_of(name, measure):
    def change(after):
        return after.replaced(
            variables=[Variable(v.label, measure) if v.name == name else v for v in after.variables]
        )

    return change


def without_terms(*marks):
    """Drop the terms that contain all of the marks."""

    def drop(e):
        gone = [t for t in e.args if all(m in str(t) for m in marks)]
        assert gone
        return e - sum(gone)

    return exponent(drop)


beta, J0, h = (Symbol(s, positive=True) for s in ("beta", "J0", "h"))

SLIPS = {
    "replicate, a coupling": ("replicate", coefficients(beta, 2 * beta)),
    "replicate, the measure": ("replicate", measure_of("s", Finite((0, 1)))),
    "replicate, a missing factor n": ("replicate", coefficients(n, S.One)),
    "average, the variance": ("average", coefficients(J0, 2 * J0)),
    "average, the diagonal": ("average", exponent(lambda e: e + J0**2 * beta**2 * n**2 / 4)),
    "average, a digit": ("average", exponent(lambda e: e + Rational(1, 10**9) * beta**2)),
    "order parameters, the prefactor": (
        "order_parameters",
        lambda after: after.replaced(log_prefactor=after.log_prefactor + log(2)),
    ),
    "order parameters, a term": ("order_parameters", without_terms("q[a, b]**2")),
    "order parameters, a conjugate": (
        "order_parameters",
        exponent(lambda e: e + sum(t for t in e.args if "q[a, b]*qhat" in str(t)) / 7),
    ),
    "ansatz, the diagonal": ("replica_ansatz", exponent(lambda e: e + J0**2 * beta**2 * N * n)),
    "ansatz, the sign of a conjugate": (
        "replica_ansatz",
        exponent(lambda e: e + N * n * Symbol("h", positive=True)),
    ),
    "squares, a coefficient": (
        "replica_squares",
        exponent(lambda e: e + sum(t for t in e.args if "z[i]" in str(t)) / 5),
    ),
    "trace, of the spins": ("trace", coefficients(h, h / 2)),
    "continuation, a factor": ("continue_replicas", coefficients(beta, beta / 2)),
    "continuation, a term of order n^0": ("continue_replicas", exponent(lambda e: e + N / 7)),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_step_is_found(models, slip):
    move, change = SLIPS[slip]
    assert row_of(models("sherrington_kirkpatrick"), move, change).verdict == "FAILS"


def test_a_dropped_term_that_grows_is_found(models):
    glass = models("sherrington_kirkpatrick")
    row = row_of(glass, "leading_order", without_terms("h*"), {"N": 2})
    assert row.verdict == "FAILS"


def test_values_of_blocks_exchanged_are_found(models):
    glass = models("sherrington_kirkpatrick", dv.OneStepRSB("m1"))

    def swapped(after):
        own = names(after)
        q0, q1 = own["q0"].element, own["q1"].element
        return after.replaced(exponent=after.exponent.xreplace({q0: q1, q1: q0}))

    row = row_of(glass, "replica_ansatz", swapped, {"N": 1, "n": 4, "m1": 2})
    assert row.verdict == "FAILS"


def test_a_start_that_tells_replicas_apart_is_no_ground_for_symmetry(models):
    """The ansatz is checked against the exponent before: a term of replica 1 breaks it."""
    glass = models("sherrington_kirkpatrick")
    position = next(k for k, s in enumerate(glass.steps) if s.move == "replica_ansatz")
    step = glass.steps[position]
    q = names(step.before)["q"].label
    both = [step.before, step.after]
    both[0] = both[0].replaced(exponent=both[0].exponent + N * q[1, 2])
    both[1] = both[1].replaced(exponent=both[1].exponent + N * names(both[1])["q"].element)
    steps = list(glass.steps)
    steps[position] = replace(step, before=both[0], after=both[1])
    told = Derivation(glass.start, tuple(steps))
    assert row_of(told, "replica_ansatz", sizes={"N": 1, "n": 3}).verdict == "FAILS"


def test_a_wrong_argument_under_a_step_is_found(models):
    """theta vanishes on both sides at most points; smooth functions in its place do not."""
    kappa = Symbol("kappa", real=True)

    def moved(after):
        return after.replaced(weight=after.weight.xreplace({kappa: 2 * kappa}))

    gardner = models("gardner")
    for move in ("replicate", "local_fields", "average", "replica_ansatz"):
        assert row_of(gardner, move, moved, {"N": 1}).verdict == "FAILS", move


def test_a_local_field_of_another_scale_is_found(models):
    def doubled(after):
        lam = [t for t in after.exponent.args if "lam[a, mu]*lamhat" in str(t)]
        return after.replaced(exponent=after.exponent + lam[0])

    assert row_of(models("gardner"), "local_fields", doubled, {"N": 1}).verdict == "FAILS"


def test_the_trace_under_a_step_is_checked(models):
    """lam and lamhat: the conjugate in closed form, then the field on each side of its step."""
    kappa = Symbol("kappa", real=True)
    perceptron = models("ising_perceptron")
    sizes = {"N": 1, "n": 2}
    row = row_of(perceptron, "trace", None, sizes, argument="lam")
    assert (row.verdict, row.digits > 25) == ("holds", True)
    slip = coefficients(kappa, 2 * kappa)
    assert row_of(perceptron, "trace", slip, sizes, argument="lam").verdict == "FAILS"


def test_cumulants_dropped_are_of_the_order_that_is_stated(models):
    hopfield = models("hopfield")
    row = row_of(hopfield, "average", sizes={"N": 1}, argument="xi")
    assert row.kind == Kind.ASYMPTOTIC
    assert row.verdict == "holds"
    slip = exponent(lambda e: e + sum(t for t in e.args if "khat[b, mu]" in str(t)) / 3)
    assert row_of(hopfield, "average", slip, {"N": 1}, argument="xi").verdict == "FAILS"


def test_a_law_that_is_kept_must_be_a_probability(models):
    hopfield = models("hopfield")
    assert row_of(hopfield, "average", argument="zeta").verdict == "holds"
    counting = measure_of("zeta", Finite((-1, 1)))
    assert row_of(hopfield, "average", counting, argument="zeta").verdict == "FAILS"


def test_the_density_after_a_continuation_claims_only_itself(models):
    glass = models("sherrington_kirkpatrick")
    row = row_of(glass, "saddle_point")
    assert row.verdict == "uncontrolled"
    assert "prescribed" in row.method

    def shifted(after):
        return after.func(*(a + 1 if k == 0 else a for k, a in enumerate(after.args)))

    assert row_of(glass, "saddle_point", shifted).verdict == "FAILS"


def test_wrong_signs_of_the_saddle_are_found(models):
    glass = models("sherrington_kirkpatrick")
    position = len(glass.steps) - 1
    step = glass.steps[position]
    turned = step.before.replaced(
        variables=[
            Variable(v.label, Collective(-v.measure.multiplicity, v.measure.is_imaginary))
            for v in step.before.variables
        ]
    )
    steps = (*glass.steps[:-1], replace(step, before=turned))
    assert row_of(Derivation(glass.start, steps), "saddle_point").verdict == "FAILS"


# --- bad input --------------------------------------------------------------------------------


def test_numbers_of_replicas_must_be_integers(models):
    with pytest.raises(ParameterError, match="numbers no replicas"):
        models("sherrington_kirkpatrick").check(n=0.5)


def test_replicas_must_fall_into_blocks(models):
    with pytest.raises(ParameterError, match="blocks of 2"):
        models("sherrington_kirkpatrick", dv.OneStepRSB("m1")).check(n=3, m1=2)
