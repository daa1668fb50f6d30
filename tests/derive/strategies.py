"""Random small ensembles, written through the public API alone, with the moves that solve them."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from sympy import Matrix, Rational, cosh, exp, symbols

import derive as dv
from derive import total

N = dv.size("N")
i, j = dv.indices("i j", N)
a, b, c = symbols("a b c", positive=True)
h, g = symbols("h g", real=True)
STRENGTHS = (a, b, c)


@dataclass(frozen=True)
class Case:
    """A derivation, and where to check it."""

    derivation: dv.Derivation
    sizes: dict[str, int]
    seed: int

    def __repr__(self) -> str:
        return f"{self.derivation}\nat {self.sizes}, seed {self.seed}"


def sizes(most: int = 4) -> Any:
    """The number of sites."""
    return st.integers(2, most)


seeds = st.integers(0, 10**6)
fractions = st.builds(Rational, st.integers(1, 6), st.integers(2, 5))
signed = st.builds(lambda x, positive: x if positive else -x, fractions, st.booleans())


# -- variables, each with the different functions of it that a sum may run over ----


@st.composite
def discrete_variables(draw: Any, name: str, index: dv.Index, most: int = 4) -> tuple[Any, list]:
    """A variable with finitely many values, and independent functions of one site."""
    kind = draw(st.sampled_from(["Ising", "Binary", "Spin", "Discrete"]))
    if kind == "Ising":
        v = dv.Ising(name, index)
        return v, [lambda k: v[k]]
    if kind == "Binary":
        v = dv.Binary(name, index)
        return v, [lambda k: v[k]]
    if kind == "Spin":
        twice = draw(st.integers(2, most - 1))
        v = dv.Spin(name, index, spin=Rational(twice, 2))
    else:
        values = draw(st.lists(signed, min_size=3, max_size=3, unique=True))
        v = dv.Discrete(name, index, values=values, weights=draw(st.tuples(*[fractions] * 3)))
    return v, [lambda k: v[k], lambda k: v[k] ** 2]


@st.composite
def continuous_variables(draw: Any, name: str, index: dv.Index) -> tuple[Any, list]:
    """A variable with a density, and functions of one site whose trace is sure to converge."""
    kind = draw(st.sampled_from(["Gaussian", "Interval", "Real"]))
    if kind == "Gaussian":
        v = dv.Gaussian(name, index, mean=draw(signed), variance=draw(fractions))
        return v, [lambda k: v[k]]
    if kind == "Interval":
        lower = draw(signed)
        v = dv.Interval(name, index, lower=lower, upper=lower + draw(fractions))
        return v, [lambda k: v[k]]
    v = dv.Real(name, index, weight=lambda x: exp(-(x**4)))
    return v, [lambda k: v[k], lambda k: v[k] ** 2]


def variables(name: str, index: dv.Index) -> Any:
    """Any variable with one site index."""
    return st.one_of(discrete_variables(name, index), continuous_variables(name, index))


@st.composite
def one_body(draw: Any, variable: Any, index: dv.Index) -> Any:
    """Terms of one site: linear, in given fields, and nonlinear where the trace is a sum."""
    finite = hasattr(variable.measure, "values")
    theta = dv.Given("theta", index)
    x = variable[index]
    offered = [h * x, theta[index] * x, *([g * x**2, cosh(g * x), exp(h * x)] if finite else [])]
    chosen = draw(st.lists(st.sampled_from(offered), max_size=2, unique=True))
    return sum((total(term, index) for term in chosen), 0 * h)


# -- squares and forms ----


@st.composite
def separate_squares(draw: Any) -> Case:
    """Squares of different sums, each of either sign: real and imaginary fields."""
    v, functions = draw(variables("s", i))
    theta = dv.Given("xi", i)
    functions = [*functions, lambda k: theta[k] * v[k]]
    chosen = draw(st.lists(st.sampled_from(functions), min_size=1, max_size=3, unique=True))
    exponent = draw(one_body(v, i))
    for strength, f in zip(STRENGTHS, chosen, strict=False):
        exponent += draw(st.sampled_from([1, -1])) * strength * total(f(i), i) ** 2 / (2 * N)
    names = [f"m{k}" for k in range(len(chosen))]
    d = dv.Ensemble(trace=v, exponent=exponent).derive().hubbard_stratonovich(*names).trace(v)
    return Case(d, {"N": draw(sizes())}, draw(seeds))


@st.composite
def forms(draw: Any, order: int) -> Matrix:
    """Symmetric rational forms: definite, indefinite or singular; every row and column is used."""
    turn = Matrix(order, order, lambda r, k: draw(st.integers(1, 3)) if r >= k else -1)
    kind = draw(st.sampled_from(["positive", "negative", "indefinite", "singular"]))
    eigen = {"positive": [1, 1, 1], "negative": [-1, -1, -1], "indefinite": [1, -1, 1]}
    diagonal = eigen.get(kind, [1, 0, 0])[:order]
    return turn * Matrix.diag(*(Rational(x, 4) for x in diagonal)) * turn.T


@st.composite
def coupled_form(draw: Any) -> Case:
    """Products of different sums of one family: joint fields on a steepest contour."""
    v, functions = draw(variables("s", i))
    theta = dv.Given("xi", i)
    functions = [*functions, lambda k: theta[k] * v[k]]
    form = draw(forms(len(functions)))
    sums = Matrix([total(f(i), i) for f in functions])
    exponent = ((sums.T * form * sums)[0] / (2 * N)).expand() + draw(one_body(v, i))
    names = [f"m{k}" for k in range(len(functions))]
    d = dv.Ensemble(trace=v, exponent=exponent).derive().hubbard_stratonovich(*names).trace(v)
    return Case(d, {"N": draw(sizes(3))}, draw(seeds))


@st.composite
def two_families(draw: Any) -> Case:
    """Two populations over different ranges, coupled by a form that may be singular."""
    second = draw(st.sampled_from([dv.IndexRange(2, "second"), dv.IndexRange(3, "second"), "P"]))
    k = dv.Index("k", dv.size("P") if second == "P" else second)
    v, (f, *_) = draw(variables("s", i))
    u, (e, *_) = draw(discrete_variables("t", k, most=3))
    sums = Matrix([total(f(i), i), total(e(k), k)])
    exponent = ((sums.T * draw(forms(2)) * sums)[0] * a / N).expand()
    exponent += h * total(v[i], i) + g * total(u[k], k)
    d = dv.Ensemble(trace=[v, u], exponent=exponent).derive()
    d = d.hubbard_stratonovich("m", "n").trace(v).trace(u)
    known = {"N": draw(sizes(3))} | ({"P": draw(st.integers(2, 3))} if second == "P" else {})
    return Case(d, known, draw(seeds))


@st.composite
def array_form(draw: Any) -> Case:
    """A quadratic form in a given symmetric array, of either sign of its coefficient."""
    v, functions = draw(variables("s", i))
    A = dv.Given("A", i, j, symmetric=True)
    f = draw(st.sampled_from(functions))
    strength = draw(st.sampled_from([a, -a])) / 2
    exponent = strength * total(A[i, j] * f(i) * f(j), i, j) + draw(one_body(v, i))
    d = dv.Ensemble(trace=v, exponent=exponent).derive().hubbard_stratonovich("x").trace(v)
    return Case(d, {"N": draw(sizes(3))}, draw(seeds))


@st.composite
def shared_squares(draw: Any) -> Case:
    """Squares under a common sum: given patterns, or the colours of a Potts variable."""
    second = dv.Index("mu", draw(st.integers(2, 3)))
    strength = draw(st.sampled_from([a, -a])) / (2 * N)
    if draw(st.booleans()):
        v, functions = draw(discrete_variables("s", i))
        xi = dv.Given("xi", i, second)
        f = draw(st.sampled_from(functions))
        exponent = strength * total(total(xi[i, second] * f(i), i) ** 2, second)
        exponent += draw(one_body(v, i))
    else:
        v = dv.Potts("c", i, second)
        field = dv.Given("field", second)
        exponent = strength * total(total(v[i, second], i) ** 2, second)
        exponent += draw(st.sampled_from([0, h, 2])) * total(
            field[second] * v[i, second], i, second
        )
    d = dv.Ensemble(trace=v, exponent=exponent).derive().hubbard_stratonovich("m").trace(v)
    return Case(d, {"N": draw(sizes(3))}, draw(seeds))


# -- constraints ----


@st.composite
def constrained_sums(draw: Any) -> Case:
    """Cubic, quartic and mixed terms of sums, named one by one."""
    v, functions = draw(variables("s", i))
    theta = dv.Given("xi", i)
    functions = [*functions, lambda k: theta[k] * v[k]]
    chosen = draw(st.lists(st.sampled_from(functions), min_size=1, max_size=2, unique=True))
    densities = [total(f(i), i) / N for f in chosen]
    first, last = densities[0], densities[-1]
    powers = [first**3, first**4, first**2 * last, first * last, last**3]
    interaction = a * N * first**3 - b * N * draw(st.sampled_from(powers))
    interaction += draw(signed) * N * last**2
    d = dv.Ensemble(trace=v, exponent=interaction + draw(one_body(v, i))).derive()
    for k, density in enumerate(densities):
        d = d.constrain(f"m{k}", density, conjugate=f"r{k}")
    return Case(d.trace(v), {"N": draw(sizes())}, draw(seeds))


@st.composite
def constrained_sites(draw: Any) -> Case:
    """A field on each site, under given couplings or a power of the sum."""
    v, _ = draw(variables("s", i))
    A = dv.Given("A", i, j, symmetric=draw(st.booleans()))
    exponent = a * total(A[i, j] * v[i] * v[j], i, j) + h * total(v[i], i)
    exponent += draw(st.sampled_from([0, b / N**2])) * total(v[i], i) ** 3
    d = dv.Ensemble(trace=v, exponent=exponent).derive().constrain("V", v[i], "U").trace(v)
    return Case(d, {"N": draw(sizes(3))}, draw(seeds))


@st.composite
def opened_sphere(draw: Any) -> Case:
    """A vector on a sphere in a field, with a square of either sign."""
    w = dv.Sphere("w", i, norm2=draw(st.sampled_from([N, a * N, 2])))
    theta = dv.Given("xi", i)
    along = draw(st.sampled_from([w[i], theta[i] * w[i]]))
    square = draw(st.sampled_from([b, -b])) * total(along, i) ** 2 / (2 * N)
    d = dv.Ensemble(trace=w, exponent=square + h * total(w[i], i)).derive()
    d = d.constrain(w, conjugate="lam").hubbard_stratonovich("m").trace(w)
    return Case(d, {"N": draw(sizes())}, draw(seeds))


# -- joint traces ----


@st.composite
def joint_trace(draw: Any) -> Case:
    """Two variables on a site, coupled there, traced together."""
    v, _ = draw(variables("s", i))
    u, _ = draw(discrete_variables("t", i, most=3))
    strength = draw(st.sampled_from([a, -a])) / (2 * N)
    exponent = strength * total(draw(st.sampled_from([v[i], v[i] * u[i]])), i) ** 2
    exponent += b * total(v[i] * u[i], i) + draw(st.sampled_from([0, h])) * total(
        v[i] * u[i] ** 2, i
    )
    exponent += draw(one_body(u, i))
    d = dv.Ensemble(trace=[v, u], exponent=exponent).derive()
    return Case(d.hubbard_stratonovich("m").trace(v, u), {"N": 2}, draw(seeds))


FAMILIES = {
    "separate squares": separate_squares(),
    "coupled form": coupled_form(),
    "two families": two_families(),
    "array form": array_form(),
    "shared squares": shared_squares(),
    "constrained sums": constrained_sums(),
    "constrained sites": constrained_sites(),
    "opened sphere": opened_sphere(),
    "joint trace": joint_trace(),
}
