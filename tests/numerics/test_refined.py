"""Roots to many digits by an evaluator that shares nothing with the compiled functions."""

import pytest
from mpmath import mp, mpf
from sympy import Rational, sqrt, symbols

import numerics as nm
from derive.equations import Equations
from derive.models import curie_weiss
from tests.numerics.derived_networks import COUPLINGS, ferromagnet, network

# beta, h: V, U, F per unit, N beta F + N log 2, m; 25 digits and more (mpmath)
REFERENCE = {
    (2, "0.05"): (
        (
            "0.9440959584877342829232231003",
            "0.9423479718101268846939884517",
            "0.9760015857457757102485777433",
            "0.9091290506953638132370606062",
        ),
        (
            "1.774457834324680105904837121",
            "1.758613693900880830766575161",
            "2.205421462693011353062244742",
            "1.522481031073725821511354024",
        ),
        "-0.5163960970585334321621524844",
        "-1.358580054228486219628291389",
        "0.9428936416847501727757124754",
    ),
    (Rational(2, 3), "0.2"): (
        (
            "0.3135362861904921546581906343",
            "0.3094196351758533651305713883",
            "0.3475301611234145178070207761",
            "0.2845892889683540433985407402",
        ),
        (
            "0.3244624336511432370739805518",
            "0.3199034694739946624612104231",
            "0.3626318856855197334017965152",
            "0.2926687639797818303276596419",
        ),
        "-1.072459502670499975224161018",
        "-0.08730328488155202959550089481",
        "0.3137688428645285202485808847",
    ),
}
MAGNET = {
    ("0.8", "0.1"): ("0.8161560324809378965130163164", "0.7163305897009159363411500821"),
    ("1.5", "0.3"): ("0.4752547028115811524312618269", "1.066494182469970141936272831"),
    ("2", "0.5"): ("0.4369774072580215149351651808", "0.6793326772911174199759149249"),
}


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(45):
        yield


def close(value, known):
    return abs(value - mpf(known)) <= mpf(10) ** -25 * max(1, abs(mpf(known)))


@pytest.mark.parametrize("eliminated", [True, False])
@pytest.mark.parametrize(("point", "known"), REFERENCE.items())
def test_reference_saddle_of_the_network(point, known, eliminated):
    beta, field = point
    found = nm.solve(network(eliminated), beta=float(beta), h=float(field), w=COUPLINGS)
    fine = found.only("dominant").refined(30, beta=beta, h=field)
    means, fields, free_energy, without_log, m = known
    assert all(close(v, k) for v, k in zip(fine["V"][0], means, strict=True))
    if not eliminated:
        assert all(close(v, k) for v, k in zip(fine["U"][0], fields, strict=True))
    assert close(fine.observable("free_energy")[0], free_energy)
    assert close(fine.observable("magnetisation")[0], m)
    # N beta F without the N log 2 that is sometimes left out
    cost = 4 * mp.mpmathify(beta) * fine.observable("free_energy")[0]
    assert close(cost + 4 * mp.log(2), without_log)
    assert fine.residual[0] < mpf(10) ** -30
    assert fine.error[0] <= mpf(10) ** -30


@pytest.mark.parametrize(("point", "known"), MAGNET.items())
def test_rows_of_the_magnet(point, known):
    temperature, field = point
    found = nm.solve(curie_weiss.derivation(), beta=1 / float(temperature), J=1, h=float(field))
    fine = found.only("dominant").refined(30, beta=1 / mpf(temperature), h=field)
    assert close(fine["m"][0], known[0])
    assert close(fine.observable("susceptibility")[0], known[1])


def test_without_exact_parameters_the_doubles_are_meant():
    found = nm.solve(curie_weiss.derivation(), beta=1.25, J=1.0, h=0.1).only("dominant")
    fine, decimal = found.refined(30), found.refined(30, h="0.1")
    assert 0 < abs(fine["m"][0] - decimal["m"][0]) < mpf(10) ** -16
    assert abs(fine["m"][0] - mpf(float(found["m"][0]))) <= found.error[0]


def test_every_point_and_branch_of_a_batch():
    found = nm.solve(curie_weiss.derivation(), beta=[0.5, 2.0], J=1.0, h=0.0)
    fine = found.refined(40)
    assert fine["m"].shape == found["m"].shape == (2, 3)
    assert fine["m"].mask.tolist() == found["m"].mask.tolist()
    assert fine["m"][1, 1] == 0
    assert fine["m"][1, 0] == -fine["m"][1, 2]
    potential = fine.observable("potential")
    assert float(potential[1, 2]) == pytest.approx(found.potential[1, 2], rel=1e-15, abs=0)


def test_a_double_root_does_not_reach_the_digits_in_its_place():
    x, a = symbols("x a", positive=True)
    double = Equations((x,), (a,), (), residuals=(x**2 - 2 * sqrt(a) * x + a,), bounds=((0, 3),))
    found = nm.solve(double, a=2.0)
    assert found.count == 1
    assert found.refined(25)["x"].mask.all()


def test_what_cannot_be_refined_is_refused():
    found = nm.solve(network(), beta=1.0, h=0.1, w=ferromagnet(50), starts=1)
    with pytest.raises(nm.ProblemError, match="50 unknowns are too many"):
        found.refined()
    small = nm.solve(network(), beta=1.0, h=0.1, w=COUPLINGS)
    with pytest.raises(nm.UnknownParameterError, match="no scalar parameter g"):
        small.refined(g=1)
    with pytest.raises(nm.NumericsError, match="h = 'strong'"):
        small.refined(h="strong")
    with pytest.raises(nm.ProblemError, match="there is no unknown m"):
        small.refined()["m"]
    with pytest.raises(nm.ProblemError, match="there is no observable spread"):
        small.refined().observable("spread")
