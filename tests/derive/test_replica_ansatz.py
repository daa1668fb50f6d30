"""Replica symmetry, exact or broken once: forms, unknowns, and how one contains the other."""

import mpmath as mp
import pytest
from sympy import Rational, Wild, cosh, exp, log, symbols

import derive as dv
from derive.gaussian.merging import merged
from derive.models import hopfield, perceptron, sherrington_kirkpatrick
from derive.rational import with_expanded_logs
from tests.derive.replica_values import agree, evaluated, normal, numbers

N, n = dv.size("N"), dv.replicas("n")
q, q0, q1, qhat, qhat0, qhat1, m, m1 = symbols("q q0 q1 qhat qhat0 qhat1 m m1", real=True)

BROKEN = {
    "spin glass": (sherrington_kirkpatrick.derivation, m),
    "spherical weights": (perceptron.derivation, m),
}


def plain(expr):
    """Averages in closed form, e^a taken out of logarithms, like averages added: identities all."""
    real = Wild("real")
    expr = expr.doit().replace(lambda e: isinstance(e, cosh), lambda e: e.rewrite(exp))
    expr = expr.replace(lambda e: isinstance(e, log), with_expanded_logs)
    return merged(expr.replace(log(exp(real)), real)).expand()


LATER = {
    "Ising weights": (lambda ansatz=None: perceptron.derivation("ising", ansatz=ansatz), m),
    "associative memory": (hopfield.derivation, m1),
}
CASES = [
    *(pytest.param(case, id=name) for name, case in BROKEN.items()),
    *(pytest.param(case, id=name, marks=pytest.mark.slow) for name, case in LATER.items()),
]


@pytest.fixture(scope="module", params=CASES)
def pair(request):
    """The replica-symmetric free entropy at the outer overlap, that broken once, and m."""
    derivation, size = request.param
    symmetric = derivation().density.subs({q: q0, qhat: qhat0})
    broken = derivation(ansatz=dv.OneStepRSB(size.name))
    assert broken.unknowns[:4] == (q0, q1, qhat0, qhat1)
    assert broken.unknowns[-1] == size
    return symmetric, broken.density, size


def test_equal_overlaps_restore_replica_symmetry(pair):
    symmetric, broken, _ = pair
    equal = broken.subs({q1: q0, qhat1: qhat0})
    assert merged(plain(equal) - plain(symmetric)).expand() == 0


def test_blocks_of_one_replica_restore_it_whatever_the_inner_overlap(pair):
    symmetric, broken, size = pair
    single = broken.subs(size, 1)
    assert merged(plain(single) - plain(symmetric)).expand() == 0
    assert plain(single).free_symbols.isdisjoint({q1, qhat1})


def test_a_broken_form_differs_elsewhere(pair):
    symmetric, broken, size = pair
    assert broken.subs(size, Rational(1, 2)).has(q1)
    assert not symmetric.has(q1)


def test_names_and_signs_of_the_unknowns():
    d = sherrington_kirkpatrick.derivation(bias=True)
    assert [str(u) for u in d.unknowns] == ["q", "qhat", "m", "mhat"]
    # as n -> 0 the maxima over n (n - 1)/2 < 0 pairs are minima, conjugates the other way round
    assert d.signs == (-1, 1, 1, -1)
    assert [s.kind for s in d.steps if s.move == "replica_ansatz"] == [dv.Kind.ANSATZ]


def test_an_integer_block_size_is_held_fixed():
    two = sherrington_kirkpatrick.derivation(ansatz=dv.OneStepRSB(2))
    assert [str(u) for u in two.unknowns] == ["q0", "q1", "qhat0", "qhat1"]
    at = {"beta": "0.8", "h": "0.1", "q0": "0.2", "q1": "0.5", "qhat0": "0.3", "qhat1": "0.7"}
    with mp.workdps(40):
        assert agree(evaluated(two.density, 20, **at), pairs_in_blocks(**numbers(at)), 18)


def pairs_in_blocks(beta, h, q0, q1, qhat0, qhat1):
    """Blocks of two replicas: <(2 cosh)^2> inside of a block is elementary."""

    def outer(z):
        inner = 2 + 2 * mp.exp(2 * (qhat1 - qhat0)) * mp.cosh(2 * (beta * h + z))
        return mp.log(inner) / 2

    couplings = beta**2 * (1 - q1**2 - 2 * (q0**2 - q1**2)) / 4
    conjugates = (q1 * qhat1 - qhat1) / 2 + (q0 * qhat0 - q1 * qhat1)
    return couplings + conjugates + normal(outer, qhat0)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (dv.ReplicaSymmetric(), n + n * (n - 1) * q**2),
        (dv.OneStepRSB(), n + n * (m - 1) * q1**2 + n * (n - m) * q0**2),
    ],
)
def test_sums_over_pairs_count_their_classes(rule, wanted):
    beta = symbols("beta", positive=True)
    model = sherrington_kirkpatrick.ensemble().derive().replicate("a", n).average("J")
    exponent = model.order_parameters("q").ansatz(rule).exponent
    elements = {e: symbols(e.name, real=True) for e in exponent.atoms(dv.Element) if not e.slots}
    squares = exponent.xreplace(elements).expand().coeff(beta, 2) * 4 / N
    assert (squares - wanted).expand() == 0


def test_what_does_not_grow_is_dropped_in_a_step_of_its_own():
    d = sherrington_kirkpatrick.ensemble().derive().replicate("a", n).average("J")
    d = d.order_parameters("q").ansatz(dv.ReplicaSymmetric())
    assert [step.move for step in d.steps[-2:]] == ["leading_order", "replica_ansatz"]
    assert d.steps[-2].kind is dv.Kind.ASYMPTOTIC
    assert "do not grow with the size" in d.steps[-2].assumptions[0]
