"""What cannot stand is refused at the door: a typed error that names the symbol and the remedy."""

import pytest
from sympy import I, Rational, Symbol, exp, nan, oo, symbols

import derive as dv
import numerics as nm
from derive import (
    CouplingError,
    DeclarationError,
    IndexRangeError,
    MoveError,
    NotExtensiveError,
    ParameterError,
    UnboundedError,
    total,
)

N = dv.size("N")
i, j = dv.indices("i j", N)
k = dv.Index("k", dv.IndexRange(N, "second"))
beta, J = symbols("beta J", positive=True)
h = symbols("h", real=True)
s, t = dv.Ising("s", i), dv.Ising("t", k)
a = dv.Index("a", 3)
c = dv.Potts("c", i, a)
x, half_line = dv.Real("x", i), dv.Real("x", i, lower=0)
A = dv.Given("A", i, j)
W = dv.Given("W", i, j, symmetric=True)
M = total(s[i], i)
X = total(x[i], i)


def ensemble(exponent, trace=s, **options):
    return dv.Ensemble(trace=trace, exponent=exponent, **options)


def derivation(exponent, trace=s):
    return ensemble(exponent, trace).derive()


def magnet(coupling=beta * J / (2 * N), field=beta * h):
    return derivation(coupling * M**2 + field * M).hubbard_stratonovich("m").trace(s)


# what is written, the error, and words that must be in it: the symbol, and the call that mends it
BAD = {
    # a coupling whose index has another range
    "index of another range": (
        lambda: s[k],
        IndexRangeError,
        ["s[k]", "second", "dv.Index('k', N)"],
    ),
    "coupling over another range": (
        lambda: total(dv.Given("B", i, k)[i, j] * s[i] * s[j], i, j),
        IndexRangeError,
        ["B[j]", "second", "dv.Index('j', second)"],
    ),
    "too many indices": (lambda: s[i, j], IndexRangeError, ["s takes 1", "got 2"]),
    "a site beyond the range": (
        lambda: dv.Ising("u", dv.Index("a", 3))[4],
        IndexRangeError,
        ["u[4]"],
    ),
    # tracing a variable that is still coupled
    "square": (
        lambda: derivation(J * M**2 / N).trace(s),
        CouplingError,
        ["J*Total(s[i], i)**2/N", "sites of s", "hubbard_stratonovich('m')"],
    ),
    "cube": (
        lambda: derivation(J * M**3 / N**2).trace(s),
        CouplingError,
        ["Total(s[i], i)**3", "sites of s", "constrain('m', sum / N)"],
    ),
    "given couplings": (
        lambda: derivation(total(W[i, j] * s[i] * s[j], i, j)).trace(s),
        CouplingError,
        ["W[i, j]", "sites of s", "hubbard_stratonovich('m')"],
    ),
    "one site singled out": (
        lambda: derivation(J * M + h * s[1]).trace(s),
        CouplingError,
        ["h*s[1]", "one site of s"],
    ),
    "sphere": (
        lambda: derivation(h * total(dv.Sphere("w", i)[i], i), dv.Sphere("w", i)).trace("w"),
        CouplingError,
        ["w is on a sphere", "constrain('w', conjugate='lam')"],
    ),
    "different families at once": (
        lambda: derivation(h * M + h * total(t[k], k), [s, t]).trace(s, t),
        MoveError,
        ["s and t", "one after the other"],
    ),
    # an exponent that is not extensive
    "too fast": (
        lambda: derivation(J * M**2).hubbard_stratonovich("m").saddle_point(N),
        MoveError,
        ["s is discrete", "trace('s')"],
    ),
    "too fast, traced": (
        lambda: magnet(coupling=J).saddle_point(N),
        NotExtensiveError,
        ["N*log(", "scale its coupling", "J/(2*N)"],
    ),
    "not at all": (
        lambda: magnet(coupling=J / N**2, field=h / N).saddle_point(N),
        NotExtensiveError,
        ["depends on N", "1/N for the square of a sum"],
    ),
    "in another size": (
        lambda: magnet().saddle_point(dv.size("P")),
        NotExtensiveError,
        ["grows with P", "is P the size"],
    ),
    "nothing left": (
        lambda: derivation(h * M).trace(s).saddle_point(N),
        MoveError,
        ["no field is left"],
    ),
    # temperature
    **{
        f"beta = {value}": (
            lambda value=value: dv.Ensemble(trace=s, hamiltonian=-h * M, beta=value),
            ParameterError,
            [f"beta={value}", "positive", "Symbol('beta', positive=True)"],
        )
        for value in (0, -1, oo, nan, -beta, Symbol("b", nonpositive=True), I)
    },
    "a negative beta in the exponent": (
        lambda: ensemble(Symbol("beta", negative=True) * J * M**2 / N),
        ParameterError,
        ["beta", "positive"],
    ),
    "a negative temperature": (
        lambda: dv.Ensemble(trace=s, hamiltonian=-h * M, beta=1 / Symbol("T", negative=True)),
        ParameterError,
        ["1/T", "positive"],
    ),
    "a Hamiltonian without temperature": (
        lambda: dv.Ensemble(trace=s, hamiltonian=-h * M),
        DeclarationError,
        ["beta="],
    ),
    # complex or nan parameters
    "complex": (lambda: ensemble(I * h * M), ParameterError, ["complex", "hubbard_stratonovich"]),
    "a complex number": (lambda: ensemble((1 + 2j) * M), ParameterError, ["complex"]),
    "a complex symbol": (
        lambda: ensemble(Symbol("z", imaginary=True) * M),
        ParameterError,
        ["z is declared complex", "Symbol('z', real=True)"],
    ),
    "nan": (lambda: ensemble(float("nan") * M), ParameterError, ["nan"]),
    "infinity": (lambda: ensemble(float("inf") * M), ParameterError, ["infinity"]),
    "nan in a check": (
        lambda: magnet().check(beta=float("nan")),
        ParameterError,
        ["beta=nan", "finite positive"],
    ),
    "complex in a check": (
        lambda: magnet().check(h=1j),
        ParameterError,
        ["h=1j", "no real number"],
    ),
    "beta = 0 in a check": (lambda: magnet().check(beta=0), ParameterError, ["beta=0", "positive"]),
    "an unknown name in a check": (
        lambda: magnet().check(B=1),
        ParameterError,
        ["B is no size or parameter", "J, N, beta, h"],
    ),
    # an empty range
    "empty": (lambda: dv.Index("a", 0), DeclarationError, ["size 0", "empty", "dv.size('N')"]),
    "negative": (lambda: dv.IndexRange(-2), DeclarationError, ["size -2"]),
    "half a site": (lambda: dv.IndexRange(Rational(1, 2)), DeclarationError, ["size 1/2"]),
    "a decimal size": (lambda: dv.IndexRange(3.0), DeclarationError, ["positive integer"]),
    "a negative symbol": (
        lambda: dv.IndexRange(Symbol("n", negative=True)),
        DeclarationError,
        ["size n"],
    ),
    "no site in a check": (lambda: magnet().check(N=0), ParameterError, ["N=0", "positive"]),
    "half a site in a check": (lambda: magnet().check(N=2.5), ParameterError, ["N=2.5", "integer"]),
    "no colours": (lambda: dv.Potts("c", i, q=0), DeclarationError, ["size 0"]),
    # a name used twice
    "two variables": (
        lambda: ensemble(M, [s, dv.Spin("s", k)]),
        DeclarationError,
        ["name s is used twice", "rename"],
    ),
    "a variable and a parameter": (
        lambda: ensemble(Symbol("s") * M),
        DeclarationError,
        ["name s is used twice"],
    ),
    "a variable and an array": (
        lambda: ensemble(total(dv.Given("s", i)[i] * s[i], i)),
        DeclarationError,
        ["name s is used twice"],
    ),
    **{
        f"a field called {name}": (
            lambda name=name: derivation(
                beta * M**2 / N + total(dv.Given("B", i)[i] * s[i], i)
            ).hubbard_stratonovich(name),
            DeclarationError,
            [f"name {name} is used twice", "choose another"],
        )
        for name in ("beta", "s", "N", "B")
    },
    "a conjugate called as its field": (
        lambda: derivation(M**3 / N**2).constrain("m", M / N, "m"),
        DeclarationError,
        ["name m is used twice"],
    ),
    "a constrained field called as an array": (
        lambda: derivation(M**3 / N**2 + total(dv.Given("B", i)[i] * s[i], i)).constrain(
            "B", M / N
        ),
        DeclarationError,
        ["name B is used twice"],
    ),
    # an unbounded exponent over an unbounded measure
    **{
        f"exp of {name}": (
            lambda exponent=exponent, v=v: derivation(exponent, v).trace(v),
            UnboundedError,
            ["integral over x diverges", "dv.Real('x'", words],
        )
        for name, exponent, v, words in (
            ("a linear term", h * X, x, "h*x"),
            ("nothing", 0 * X, x, "exponent 0"),
            ("a positive square", beta * total(x[i] ** 2, i), x, "beta*x**2"),
            ("a quartic term", beta * total(x[i] ** 4, i) - X, x, "beta*x**4"),
            ("a cubic term", -beta * total(x[i] ** 3, i), x, "x**3"),
            ("a linear term on half a line", beta * total(half_line[i], i), half_line, "beta*x"),
        )
    },
    "a square of unknown sign": (
        lambda: derivation(h * total(x[i] ** 2, i), x).trace(x),
        MoveError,
        ["sign of h", "x**2", "positive or negative"],
    ),
    "a density that grows": (
        lambda: derivation(h * X, dv.Real("x", i, weight=lambda y: exp(y**2))).trace("x"),
        UnboundedError,
        ["integral over x diverges"],
    ),
    # declarations
    "a free index": (lambda: ensemble(s[i]), DeclarationError, ["index i", "dv.total(..., i)"]),
    "an undeclared variable": (
        lambda: ensemble(M + total(t[k], k)),
        DeclarationError,
        ["t occurs", "trace=", "dv.Given('t'"],
    ),
    "no variable": (lambda: ensemble(M, "s"), DeclarationError, ["trace='s'", "dv.Ising"]),
    "no index": (lambda: dv.Ising("s", N), DeclarationError, ["N is no index", "dv.Index('i', N)"]),
    "no exponent": (lambda: dv.Ensemble(trace=s), DeclarationError, ["exponent=", "hamiltonian="]),
    "an ordered sum of what has an order": (
        lambda: total(A[i, j] * s[i] * s[j], i < j),
        DeclarationError,
        ["A[i, j]", "symmetric=True", "Ne(i, j)"],
    ),
    "a sum over a size": (lambda: total(s[i], N), DeclarationError, ["N is neither an index"]),
    "an index twice": (lambda: total(s[i], i, i), DeclarationError, ["twice"]),
    "a repeated value": (
        lambda: dv.Discrete("u", i, values=(1, 1)),
        DeclarationError,
        ["different"],
    ),
    "a negative weight": (
        lambda: dv.Discrete("u", i, values=(0, 1), weights=(1, -1)),
        DeclarationError,
        ["u: the weights", "positive"],
    ),
    "an empty interval": (
        lambda: dv.Interval("x", i, lower=1, upper=0),
        DeclarationError,
        ["(1, 0) is empty"],
    ),
    "no variance": (lambda: dv.Gaussian("x", i, variance=0), DeclarationError, ["variance 0"]),
    "a third of a spin": (
        lambda: dv.Spin("S", i, spin=Rational(1, 3)),
        DeclarationError,
        ["S: spin 1/3"],
    ),
    "an imaginary sphere": (lambda: dv.Sphere("w", i, norm2=-1), DeclarationError, ["-1"]),
    # moves that do not apply
    "nothing quadratic": (
        lambda: derivation(h * M).hubbard_stratonovich("m"),
        MoveError,
        ["no term", "constrain(name, sum)"],
    ),
    "too few names": (
        lambda: derivation(beta * M**2 / N).hubbard_stratonovich(),
        MoveError,
        ["1 field(s)", "hubbard_stratonovich('m1')"],
    ),
    "an array without symmetry": (
        lambda: derivation(total(A[i, j] * s[i] * s[j], i, j)).hubbard_stratonovich("x"),
        MoveError,
        ["A is not declared symmetric", "symmetric=True"],
    ),
    "a square of unknown sign under a sum": (
        lambda: derivation(h * total(total(c[i, a], i) ** 2, a), c).hubbard_stratonovich("x"),
        MoveError,
        ["sign of", "positive=True"],
    ),
    "an absent sum": (
        lambda: derivation(h * M).constrain("q", total(W[i, j] * s[j], i, j) / N),
        MoveError,
        ["does not contain"],
    ),
    "a sum of two sums": (
        lambda: derivation(M**3 / N**2).constrain("m", M / N + 1),
        MoveError,
        ["not one sum"],
    ),
    "an unknown variable": (
        lambda: derivation(h * M).trace("u"),
        DeclarationError,
        ["no variable u", "there are: s"],
    ),
    "a move past the end": (
        lambda: magnet().saddle_point(N).trace(s),
        MoveError,
        ["trace", "before saddle_point"],
    ),
    "an ansatz for a number": (
        lambda: magnet().saddle_point(N).ansatz("m"),
        MoveError,
        ["m is no indexed order parameter"],
    ),
    "an ansatz before the saddle point": (
        lambda: magnet().ansatz("m"),
        MoveError,
        ["apply saddle_point(N) first"],
    ),
    "an elimination before the saddle point": (
        lambda: magnet().eliminate("m"),
        MoveError,
        ["apply saddle_point(N) first"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_the_symbol_and_the_remedy(name):
    attempt, error, words = BAD[name]
    with pytest.raises(error) as caught:
        attempt()
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, caught.value
    assert isinstance(caught.value, dv.DeriveError)


def test_what_a_derivation_does_not_offer_says_how_to_reach_it():
    with pytest.raises(AttributeError, match=r"no saddle_equations; apply saddle_point\(N\)"):
        _ = magnet().saddle_equations
    with pytest.raises(AttributeError, match="no colour"):
        _ = magnet().saddle_point(N).colour


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ({"beta": 0.0}, "beta"),
        ({"beta": -1.0}, "beta"),
        ({"beta": float("nan")}, "beta"),
        ({"h": complex(0, 1)}, "h"),
        ({"h": float("inf")}, "h"),
    ],
)
def test_a_kernel_refuses_values_that_a_parameter_cannot_have(point, words):
    f = nm.compile(magnet().saddle_point(N).saddle_equations)
    values = {"m": 0.1, "beta": 1.0, "J": 1.0, "h": 0.1} | point
    with pytest.raises(ValueError, match=words):
        f(**values)
