"""Moves of the replica method in the wrong order, or on what they are not for, are refused."""

import pytest
from sympy import Heaviside, Rational, Symbol, sqrt, symbols

import derive as dv
from derive import CouplingError, DeclarationError, MoveError, UnboundedError, total
from derive.models import perceptron, regression, sherrington_kirkpatrick, teacher_student

N, n = dv.size("N"), dv.replicas("n")
i, j = dv.indices("i j", N)
mu = dv.Index("mu", Symbol("alpha", positive=True) * N)
three = dv.Index("k", 3)
beta = symbols("beta", positive=True)
s, w = dv.Ising("s", i), dv.Sphere("w", i)
RS = dv.ReplicaSymmetric()


def glass():
    return sherrington_kirkpatrick.ensemble().derive()


def copies():
    return glass().replicate("a", n)


def averaged():
    return copies().average("J")


def named():
    return averaged().order_parameters("q")


def factorised():
    return named().ansatz(RS).trace()


def memory(law=None):
    x = law or dv.Gaussian("x", i, mu)
    field = total(w[i] * x[i, mu], i) / sqrt(N)
    model = dv.Ensemble(trace=w, disorder=x, exponent=0, weight=dv.product(Heaviside(field), mu))
    return model.derive()


def stored(law=None):
    return memory(law).replicate("a", n).local_fields("u").average("x")


def network(patterns):
    coupling = beta / N * total(total(patterns[i, three] * s[i], i) ** 2, three)
    return dv.Ensemble(trace=s, disorder=patterns, exponent=coupling).derive().replicate("a", n)


def in_field(h):
    return (
        dv.Ensemble(trace=s, disorder=h, exponent=total(h[i] * s[i], i)).derive().replicate("a", n)
    )


def colours():
    c = dv.Potts("c", i, dv.Index("k", 3))
    J = dv.Gaussian("J", i, j, variance=1 / N, symmetric=True)
    same = total(c[i, three] * c[j, three], three)
    return dv.Ensemble(trace=c, disorder=J, exponent=total(J[i, j] * same, i < j)).derive()


def cauchy(*indices):
    return dv.Real("x", *indices, weight=lambda x: 1 / (1 + x**2))


def heavy(*indices):
    return dv.Real("x", *indices, weight=lambda x: 1 / (1 + x) ** 3, lower=0)


def one_sided(*indices):
    return dv.Real("x", *indices, weight=lambda x: 1 / (1 + x) ** 2, lower=0)


# what is done, the error, and words that must be in it: the symbol, and the call that mends it
BAD = {
    # copies
    "replicated twice": (
        lambda: averaged().replicate("b", dv.replicas("k")),
        MoveError,
        ["replicated already", "n copies"],
    ),
    "no number of replicas": (
        lambda: glass().replicate("a"),
        MoveError,
        ["None", "dv.replicas('n')"],
    ),
    "a number of replicas declared as a size": (
        lambda: glass().replicate("a", dv.size("n")),
        MoveError,
        ["n is no number of replicas", "dv.replicas('n')"],
    ),
    "one and a half replicas": (
        lambda: glass().replicate("a", Rational(3, 2)),
        MoveError,
        ["3/2", "positive integer"],
    ),
    # averages
    "a law without mean": (
        lambda: stored(one_sided(i, mu)),
        UnboundedError,
        ["moment of order 1 of x", "finite variance"],
    ),
    "a law of Cauchy": (
        lambda: stored(cauchy(i, mu)),
        UnboundedError,
        ["x diverges", "finite variance"],
    ),
    "a law of infinite variance": (
        lambda: stored(heavy(i, mu)),
        UnboundedError,
        ["moment of order 2 of x", "finite variance"],
    ),
    "disorder that is no probability": (
        lambda: in_field(dv.Real("x", i)).average("x", keep=True),
        UnboundedError,
        ["norm of x diverges"],
    ),
    "disorder inside of a weight": (
        lambda: memory().replicate("a", n).average("x"),
        MoveError,
        ["x stands inside the weight", "local_fields('lam')"],
    ),
    "disorder that is squared": (
        lambda: network(dv.Ising("x", i, three)).average("x"),
        MoveError,
        ["not linear in x", "local_fields('lam')", "keep=True"],
    ),
    "couplings that do not fall with the size": (
        lambda: in_field(dv.Ising("h", i)).average("h"),
        MoveError,
        ["couplings of h", "average('h', keep=True)"],
    ),
    "what is traced": (lambda: copies().average("s"), MoveError, ["s is traced"]),
    "all averaged already": (lambda: averaged().average(), MoveError, ["no disorder left"]),
    "kept before the copies exist": (
        lambda: memory().average("x", keep=True),
        MoveError,
        ["every copy", "replicate('a', n) first"],
    ),
    # local fields
    "a field too many": (
        lambda: memory().replicate("a", n).local_fields("u", "v"),
        MoveError,
        ["1 kind(s) of linear form", "Total(w[a, i]*x[i, mu], i)", "2 name(s)"],
    ),
    "no name for a field": (
        lambda: memory().replicate("a", n).local_fields(),
        MoveError,
        ["Total(w[a, i]*x[i, mu], i)", "0 name(s)"],
    ),
    "disorder that is linear": (
        lambda: copies().local_fields("u"),
        MoveError,
        ["linearly already", "average it"],
    ),
    "a field of what is not there": (
        lambda: memory().replicate("a", n).local_fields(u=total(memory()["x"][i, mu], i)),
        MoveError,
        ["u: neither weight nor exponent contains Total(x[i, mu], i)"],
    ),
    "a field under a name in use": (
        lambda: memory().replicate("a", n).local_fields("w"),
        DeclarationError,
        ["the name w is used twice"],
    ),
    # order parameters
    "an overlap too many": (
        lambda: averaged().order_parameters("q", "r"),
        MoveError,
        ["1 order parameter(s)", "2 name(s)", "Total(s[a, i]*s[a', i], i)/N"],
    ),
    "overlaps before the average": (
        lambda: copies().order_parameters("q"),
        MoveError,
        ["no overlap to name"],
    ),
    "an overlap under the name of a parameter": (
        lambda: averaged().order_parameters("beta"),
        DeclarationError,
        ["the name beta is used twice"],
    ),
    # traces
    "traced before the average": (
        lambda: copies().trace(),
        CouplingError,
        ["holds the disorder J", "average('J') first"],
    ),
    "traced before overlaps are named": (
        lambda: averaged().trace(),
        CouplingError,
        ["several replicas", "order_parameters('q')"],
    ),
    "a sphere that is not opened": (
        lambda: stored().order_parameters("q").ansatz(RS).trace(),
        CouplingError,
        ["w is on a sphere", "constrain('w'"],
    ),
    # forms
    "a form before there are overlaps": (
        lambda: averaged().ansatz(RS),
        MoveError,
        ["there are none", "order_parameters come first"],
    ),
    "a vector over replicas and patterns": (
        lambda: (
            network(dv.Ising("x", i, three))
            .average("x", keep=True)
            .order_parameters("m")
            .ansatz(RS)
        ),
        MoveError,
        ["m is n x 3", "order_parameters(m1=..., m2=...)"],
    ),
    "a tensor over replicas and colours": (
        lambda: colours().replicate("a", n).average("J").order_parameters("q").ansatz(RS),
        MoveError,
        ["q is n x n x 3 x 3"],
    ),
    "block size and magnetisation of one name": (
        lambda: sherrington_kirkpatrick.derivation(bias=True, ansatz=dv.OneStepRSB("m")),
        DeclarationError,
        ["the name m is used twice", "OneStepRSB('m1')"],
    ),
    "block size under the name of a parameter": (
        lambda: named().ansatz(dv.OneStepRSB("beta")),
        DeclarationError,
        ["the name beta is used twice", "OneStepRSB('m1')"],
    ),
    "half a replica in a block": (
        lambda: named().ansatz(dv.OneStepRSB(Rational(1, 2))),
        DeclarationError,
        ["1/2 replicas", "OneStepRSB('m')"],
    ),
    # continuation
    "continued before the copies": (
        lambda: glass().continue_replicas(n),
        MoveError,
        ["does not depend on n", "replicate('a', n) first"],
    ),
    "continued before the average": (
        lambda: copies().continue_replicas(n),
        MoveError,
        ["the disorder J", "average('J') first"],
    ),
    "continued before the form": (
        lambda: named().continue_replicas(n),
        MoveError,
        ["components of q", "ansatz(dv.ReplicaSymmetric()) first"],
    ),
    "continued before the sites factorise": (
        lambda: named().ansatz(RS).continue_replicas(n),
        MoveError,
        ["components of s", "trace('s') first"],
    ),
    "continued in another symbol": (
        lambda: factorised().continue_replicas(Symbol("n", positive=True)),
        MoveError,
        ["n = dv.replicas('n')"],
    ),
    "continued in the size": (
        lambda: factorised().continue_replicas(N),
        MoveError,
        ["N is a size"],
    ),
    "continued to two": (
        lambda: factorised().continue_replicas(n, to=2),
        MoveError,
        ["to=2", "to=n"],
    ),
    "continued twice": (
        lambda: factorised().continue_replicas(n).continue_replicas(n),
        MoveError,
        ["does not depend on n"],
    ),
    "a random field whose logarithm diverges": (
        lambda: in_field(cauchy(i)).average("x", keep=True).trace().continue_replicas(n),
        MoveError,
        ["no closed form", "dv.Gaussian"],
    ),
    "a saddle point before the continuation": (
        lambda: factorised().saddle_point(N),
        MoveError,
        ["continue_replicas(n) first", "continue_replicas(n, to=n)"],
    ),
    # models
    "weights that are unknown": (
        lambda: perceptron.ensemble("binary"),
        DeclarationError,
        ["'binary'", "spherical, ising"],
    ),
    "a noisy teacher and a pupil without errors": (
        lambda: teacher_student.ensemble(noise=True),
        DeclarationError,
        ["noise=True", "temperature=True"],
    ),
    "a complex cost": (
        lambda: regression.ensemble(loss=lambda y, u: sqrt(-1) * y * u),
        dv.ParameterError,
        ["complex"],
    ),
}


@pytest.mark.parametrize(("bad", "error", "words"), BAD.values(), ids=BAD)
def test_it_is_refused_by_name(bad, error, words):
    with pytest.raises(error) as raised:
        bad()
    for word in words:
        assert word in str(raised.value)


def test_a_single_system_may_be_averaged_and_is_called_annealed():
    d = glass().average("J")
    assert "annealed" in d.steps[-1].assumptions[0]
    assert averaged().steps[-1].assumptions == ()


def test_a_form_is_known_by_its_name_too():
    assert named().ansatz(dv.ReplicaSymmetric).state == named().ansatz(RS).state
    assert factorised().continue_replicas("n").state == factorised().continue_replicas(n).state
