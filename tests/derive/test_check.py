"""The checks can fail: every kind of slip in a step is found, and what is out of reach says so."""

from dataclasses import replace

import pytest
from sympy import KroneckerDelta, Rational, Symbol, log, pi, symbols

import derive as dv
from derive import Derivation, FreeEntropy, Kind, total
from derive.measures import Continuous
from derive.variables import Variable

N = dv.size("N")
i, j = dv.indices("i j", N)
beta, J, K = symbols("beta J K", positive=True)
h = symbols("h", real=True)
s, S = dv.Ising("s", i), dv.Spin("S", i)
M = total(s[i], i)
m = Symbol("m", real=True)


def magnet():
    return dv.Ensemble(trace=s, exponent=beta * J * M**2 / (2 * N) + beta * h * M).derive()


def linearised():
    return magnet().hubbard_stratonovich("m")


def traced():
    return linearised().trace(s)


def constrained():
    cubic = beta * J * M**3 / (3 * N**2) + beta * h * M
    return dv.Ensemble(trace=s, exponent=cubic).derive().constrain("m", M / N)


def network():
    w = dv.Given("w", i, j, symmetric=True)
    exponent = beta * total(w[i, j] * s[i] * s[j], i, j) / (2 * N) + beta * h * M
    return dv.Ensemble(trace=s, exponent=exponent).derive().hubbard_stratonovich("x")


def sphere():
    w = dv.Sphere("w", i)
    return dv.Ensemble(trace=w, exponent=h * total(w[i], i)).derive().constrain(w, conjugate="lam")


def coloured():
    a = dv.Index("a", 3)
    c = dv.Potts("c", i, a)
    exponent = beta * J * total(total(c[i, a], i) ** 2, a) / (2 * N)
    return dv.Ensemble(trace=c, exponent=exponent).derive().hubbard_stratonovich("x")


def tampered(derivation, change):
    """The derivation with what its last step gave exchanged."""
    *steps, last = derivation.steps
    return Derivation(derivation.start, (*steps, replace(last, after=change(last.after))))


def exponent(change):
    return lambda after: after.replaced(exponent=change(after.exponent))


def prefactor(change):
    return lambda after: after.replaced(log_prefactor=change(after.log_prefactor))


def field(after):
    return next(v for v in after.variables if v.name not in ("s", "w", "S")).element


SLIPS = {
    "a coefficient": (linearised, exponent(lambda e: e.subs(J, 2 * J))),
    "a coefficient in the ninth digit": (
        linearised,
        exponent(lambda e: e + Rational(1, 10**9) * beta * M),
    ),
    "a sign": (
        linearised,
        lambda e: e.replaced(exponent=e.exponent.xreplace({field(e): -field(e) / 2})),
    ),
    "a prefactor": (linearised, prefactor(lambda c: c + log(2))),
    "a forgotten prefactor": (linearised, prefactor(lambda c: 0 * c)),
    "pi": (linearised, prefactor(lambda c: c.subs(pi, 3))),
    "a real field for an imaginary one": (
        lambda: (
            dv.Ensemble(trace=s, exponent=-J * M**2 / (2 * N)).derive().hubbard_stratonovich("m")
        ),
        lambda e: e.replaced(
            variables=[
                Variable(v.label, Continuous()) if v.name == "m" else v for v in e.variables
            ],
            exponent=-J * N * field(e) ** 2 / 2 + J * field(e) * M,
        ),
    ),
    "a trace": (traced, exponent(lambda e: e.subs(h, h / 2))),
    "a trace without its two": (traced, exponent(lambda e: e - N * log(2))),
    "a trace over one site too few": (traced, exponent(lambda e: (e * (N - 1) / N).expand())),
    "a dropped diagonal": (network, lambda e: e.replaced(exponent=_without_diagonal(e))),
    "a constraint's scale": (constrained, prefactor(lambda c: c - log(N))),
    "a constraint's conjugate": (
        constrained,
        exponent(lambda e: e + _conjugate(e) * M),
    ),
    "a cubic term": (constrained, exponent(lambda e: e.subs(J, -J))),
    "the norm of a sphere": (
        sphere,
        lambda e: e.replaced(exponent=e.exponent.expand() + field(e) * N / 2),
    ),
    "the prefactor of a sphere": (sphere, prefactor(lambda c: c + log(2))),
    "a colour": (coloured, exponent(lambda e: e + beta * total(_colour(e), i))),
}


def _without_diagonal(after):
    w = dv.Given("w", i, j, symmetric=True)
    return after.exponent - beta * total(w[i, i] * s[i] ** 2, i) / (2 * N)


def _conjugate(after_exponent):
    return next(e for e in after_exponent.atoms(dv.Element) if e.name == "mhat")


def _colour(after_exponent):
    colours = (e for e in after_exponent.atoms(dv.Element) if e.name == "c")
    return next(colours).label[i, 1]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_an_exact_step_is_found(slip):
    make, change = SLIPS[slip]
    derivation = make()
    assert derivation.check(N=3).holds
    wrong = tampered(derivation, change)
    assert wrong.state != derivation.state
    report = wrong.check(N=3)
    assert not report.holds
    assert report.rows[-1].verdict == "FAILS", report
    assert [row.verdict for row in report.rows[:-1]] == ["holds"] * (len(report.rows) - 1)
    assert "NOT all steps" in str(report)
    assert report.worst_digits < 12


def remade(**changes):
    """A free entropy with some of its pieces exchanged."""

    def change(f):
        pieces = {
            "density": f.density,
            "unknowns": f.unknowns,
            "signs": f.signs,
            "size": f.size,
            "beta": f.beta,
            "correction": f.correction,
            "kind": f.kind,
        }
        return FreeEntropy(**(pieces | {k: v(f) for k, v in changes.items()}))

    return change


ASYMPTOTIC_SLIPS = {
    "phi by a constant": {"density": lambda f: f.density + Rational(1, 1000)},
    "phi by a coefficient": {"density": lambda f: f.density.subs(h, 1.01 * h)},
    "the prefactor": {"correction": lambda f: f.correction + log(2)},
    "the prefactor forgotten": {"correction": lambda f: 0 * f.correction},
    "the square root of N": {"correction": lambda f: f.correction + log(N) / 2},
    "a term of order 1/N": {"correction": lambda f: f.correction + 1 / N},
}


@pytest.mark.parametrize("slip", ASYMPTOTIC_SLIPS)
def test_a_slip_in_an_asymptotic_step_is_found(slip):
    derivation = traced().saddle_point(N)
    wrong = tampered(derivation, remade(**ASYMPTOTIC_SLIPS[slip]))
    report = wrong.check(beta=0.7, J=1, h=0.4)
    assert derivation.check(beta=0.7, J=1, h=0.4).holds
    assert report.rows[-1].kind == Kind.ASYMPTOTIC
    assert report.rows[-1].verdict != "holds", report
    assert not report.holds


@pytest.mark.parametrize(
    ("couplings", "label"),
    [({"beta": 0.6, "h": 0.3}, "field"), ({"beta": 1.6, "h": 0}, "two saddles")],
)
def test_a_saddle_point_approaches_at_the_order_that_it_claims(couplings, label):
    report = traced().saddle_point(N).check(J=1, **couplings)
    row = report.rows[-1]
    assert row.verdict == "holds", report
    assert row.digits >= 2.85  # N**-3 per site with the 1/N correction, N**-1 and N**-2 below it


def test_an_ansatz_off_the_symmetric_line_fails():
    derivation = coloured().trace("c").saddle_point(N)
    good = derivation.ansatz("x", lambda a: (1 - m) / 3 + m * KroneckerDelta(a, 1))
    assert good.check(N=3, beta=1, J=1).rows[-1].verdict == "holds"
    x = Symbol("x_", real=True)
    bad = derivation.ansatz("x", {1: m, 2: x, 3: x**2})
    row = bad.check(N=3, beta=1, J=1).rows[-1]
    assert row.kind == Kind.ANSATZ
    assert row.verdict == "FAILS"


def test_a_wrong_elimination_fails():
    derivation = constrained().trace(s).saddle_point(N).eliminate("mhat")
    assert derivation.check(N=3).rows[-1].verdict == "holds"
    wrong = tampered(derivation, remade(density=lambda f: f.density + f.unknowns[0] ** 2 / 100))
    assert wrong.check(N=3).rows[-1].verdict == "FAILS"


def test_an_approximation_claims_nothing():
    report = network().trace(s).saddle_point(N).check(N=3)
    assert [row.verdict for row in report.rows] == ["holds", "holds", "uncontrolled"]
    assert report.holds
    assert "1 uncontrolled" in str(report)


def test_what_is_out_of_reach_is_not_called_true():
    d = dv.Ensemble(trace=S, exponent=beta * J * total(S[i], i) ** 2 / (2 * N)).derive()
    report = d.hubbard_stratonovich("m").trace(S).check(N=12)
    assert report.rows[0].verdict == "holds"
    assert report.rows[1].verdict == "not verified"
    assert not report.holds
    assert "at a smaller size" in report.rows[1].method


def test_a_report_repeats_itself_and_follows_its_seed():
    derivation = traced()
    assert str(derivation.check(N=3)) == str(derivation.check(N=3))
    assert derivation.check(N=3, seed=5).holds
    assert "N=4" in str(derivation.check(N=4))


def test_arrays_can_be_passed_singular_or_not():
    derivation = network().trace(s)
    for array in ([[1, 2], [2, 4]], [[0, 1], [1, 0]], [[-1, 0], [0, -3]]):
        assert derivation.check(N=2, w=array).holds
