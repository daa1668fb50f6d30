"""Overlaps named with their conjugates: which there are, and what they are of."""

import pytest
from sympy import Rational, symbols

import derive as dv
from derive.models import hopfield, perceptron, sherrington_kirkpatrick, teacher_student
from derive.moves.order_parameters import overlaps

N, n = dv.size("N"), dv.replicas("n")
i, j = dv.indices("i j", N)
a, b = dv.indices("a b", n)
beta, alpha, lam = symbols("beta alpha lambda", positive=True)
mu = dv.Index("mu", alpha * N)


def averaged(ensemble):
    return ensemble.derive().replicate("a", n).average()


def test_the_overlap_of_ising_spins_with_themselves_is_one():
    d = averaged(sherrington_kirkpatrick.ensemble()).order_parameters("q")
    assert d["q"].label.symmetric
    assert d["q"].label.diagonal == 1
    assert d["q"][a, a] == 1
    assert d["qhat"].measure.is_imaginary
    assert d["qhat"][a, a] == 0
    assert d.steps[-1].kind is dv.Kind.EXACT


def test_the_overlap_on_a_sphere_is_its_norm():
    w, x = dv.Sphere("w", i, norm2=3 * N), dv.Gaussian("x", i, mu)
    exponent = -dv.total(dv.total(w[i] * x[i, mu], i) ** 2, mu) / (2 * N)
    model = dv.Ensemble(trace=w, disorder=x, exponent=exponent)
    d = model.derive().replicate("a", n).local_fields("u").average(x)
    assert d.order_parameters("q")["q"].label.diagonal == 3


def test_without_a_fixed_norm_the_diagonal_is_an_order_parameter():
    spins = dv.Spin("S", i)
    J = dv.Gaussian("J", i, j, variance=1 / N, symmetric=True)
    exponent = beta * dv.total(J[i, j] * spins[i] * spins[j], i < j)
    d = averaged(dv.Ensemble(trace=spins, disorder=J, exponent=exponent)).order_parameters("q")
    assert d["q"].label.diagonal is None


def test_a_named_sum_and_its_definition_are_the_same():
    d = averaged(sherrington_kirkpatrick.ensemble())
    s = d["s"]
    defined = d.order_parameters(q=dv.total(s[a, i] * s[b, i], i) / N)
    assert defined.state == d.order_parameters("q").state


def test_another_normalisation_changes_the_field_and_not_the_model():
    d = averaged(sherrington_kirkpatrick.ensemble())
    s = d["s"]
    half = d.order_parameters(q=dv.total(s[a, i] * s[b, i], i) / (2 * N))
    assert half["q"].label.diagonal == Rational(1, 2)
    reduced = half.ansatz(dv.ReplicaSymmetric()).trace().continue_replicas(n).saddle_point(N)
    usual = sherrington_kirkpatrick.derivation().eliminate("qhat").density
    q = symbols("q", real=True)
    assert (reduced.eliminate("qhat").density.subs(q, q / 2) - usual).expand() == 0


FOUND = {
    "overlaps of pupils, and with the teacher": (
        teacher_student.ensemble().derive().replicate("a", n).average("B", keep=True),
        ("u", "v"),
        "x",
        ["w", "wB", "B"],
    ),
    "overlaps of spins, and with a pattern": (
        hopfield.ensemble().derive().replicate("a", n).average("zeta", keep=True),
        ("k",),
        "xi",
        [["s"], ["s", "zeta"]],
    ),
    "overlaps of weights": (
        perceptron.ensemble().derive().replicate("a", n),
        ("lam",),
        "x",
        ["w"],
    ),
}


@pytest.mark.parametrize(("d", "fields", "patterns", "wanted"), FOUND.values(), ids=FOUND)
def test_overlaps_are_listed_before_those_of_fields(d, fields, patterns, wanted):
    found = overlaps(d.local_fields(*fields).average(patterns).state)
    own = [part for part in found if i.range in {k.range for k in part.indices}]
    assert found[: len(own)] == own
    assert len(own) == len(wanted)
    known = [{e.name for e in part.atoms(dv.Element)} for part in own]
    assert known == [set(names) for names in wanted]


def test_a_weight_without_prior_is_no_local_field():
    w, x = dv.Real("w", i), dv.Gaussian("x", i, mu)
    cost = dv.total(dv.total(w[i] * x[i, mu], i) ** 2, mu) / N + lam * dv.total(w[i] ** 2, i)
    model = dv.Ensemble(trace=w, disorder=x, beta=beta, hamiltonian=cost)
    d = model.derive().replicate("a", n).local_fields("u").average(x).order_parameters("q")
    weights = d.exponent.coeff(beta * lam, 1)
    assert weights == -dv.total(d["w"][a, i] ** 2, a, i)
    assert d["q"].label.ranges == (a.range, a.range)
