"""Models whose typesetting is judged: each measure, contour, and names that are out to break it."""

from sympy import Symbol, cosh, exp, log, symbols, tanh

import derive as dv
from tests.derive import replica_models as replicas

N = dv.size("N")
i, j = dv.indices("i j", N)
beta, J = symbols("beta J", positive=True)
h = Symbol("h", real=True)

HOSTILE = ("x_$y%", "</script>", r"\input{x}", "{", "}", "a&b#c", "é漢 ^~", "'\"`", "q_{a_b}", " ")


def _square(variable, coupling=J):
    total = dv.total(variable[i], i)
    return beta * coupling / (2 * N) * total**2 + beta * h * total


def curie_weiss():
    s = dv.Ising("s", i)
    model = dv.Ensemble(trace=s, exponent=_square(s))
    return model.derive().hubbard_stratonovich("m").trace(s).saddle_point(N)


def curie_weiss_with_conjugate():
    s = dv.Ising("s", i)
    model = dv.Ensemble(trace=s, exponent=_square(s)).derive()
    return model.constrain("m", dv.total(s[i], i) / N).trace(s).saddle_point(N)


def antiferromagnet():
    s = dv.Ising("s", i)
    model = dv.Ensemble(trace=s, exponent=_square(s, -J))
    return model.derive().hubbard_stratonovich("y").trace(s)


def spin_one():
    s, crystal = dv.Spin("S", i, spin=1), Symbol("Delta", real=True)
    model = dv.Ensemble(trace=s, exponent=_square(s) - beta * crystal * dv.total(s[i] ** 2, i))
    return model.derive().hubbard_stratonovich("m").trace(s).saddle_point(N)


def potts():
    a = dv.Index("a", 3)
    c = dv.Potts("c", i, a)
    squares = dv.total(dv.total(c[i, a], i) ** 2, a)
    model = dv.Ensemble(trace=c, exponent=beta * J / (2 * N) * squares)
    return model.derive().hubbard_stratonovich("x").trace(c).saddle_point(N)


def _network():
    v, field = dv.Ising("v", i), dv.Given("h", i)
    w = dv.Given("w", i, j, symmetric=True)
    coupled = dv.total(w[i, j] * v[i] * v[j], i, j)
    model = dv.Ensemble(
        trace=v, exponent=beta / (2 * N) * coupled + beta * dv.total(field[i] * v[i], i)
    )
    return model, v


def network():
    model, v = _network()
    return model.derive().constrain("V", v[i], conjugate="U").trace(v).saddle_point(N)


def linearised_network():
    model, v = _network()
    return model.derive().hubbard_stratonovich("m").trace(v)


def two_layers():
    k, m = dv.Index("k", dv.IndexRange(N, "out")), dv.Index("m", N + 1)
    a, b, A = dv.Binary("a", m), dv.Ising("b", k), dv.Given("A_0", m, k)
    model = dv.Ensemble(trace=[a, b], exponent=beta / N * dv.total(A[m, k] * a[m] * b[k], m, k))
    w, f = dv.Given("w", i, k), dv.Given("f", k)
    spins = model.derive().change_variable("a", "s", lambda s: (1 + s) / 2)
    layers = spins.split(m, [1, i], {"s": [1, "s"], "A_0": [f, w]})
    return layers.hubbard_stratonovich("x", "y").trace("s")


def joined_layers():
    k = dv.Index("k", dv.IndexRange(N, "out"))
    a, b, w = dv.Ising("a", i), dv.Ising("b", k), dv.Given("w", i, k)
    model = dv.Ensemble(trace=[a, b], exponent=beta / N * dv.total(w[i, k] * a[i] * b[k], i, k))
    blocks = {"W_{all}": [[0, w], [w.T, 0]]}
    return model.derive().join("s", [a, b], blocks).hubbard_stratonovich("x").trace("s")


def sphere():
    w, f = dv.Sphere("w", i), dv.Given("f", i)
    model = dv.Ensemble(trace=w, exponent=beta * dv.total(f[i] * w[i], i))
    return model.derive().constrain(w)


def quartic():
    x = dv.Real("x", i, weight=lambda y: exp(-(y**4)))
    model = dv.Ensemble(trace=x, exponent=_square(x))
    return model.derive().hubbard_stratonovich("m").trace(x).saddle_point(N)


def mixed_measures():
    p = Symbol("p", positive=True)
    variables = [
        dv.Interval("u", i),
        dv.Gaussian("g", i),
        dv.Gaussian("g2", i, mean=1, variance=J / N),
        dv.Discrete("t", i, values=(0, 1, 3), weights=(1, p, 2)),
        dv.Binary("a", i),
        dv.Ising("z"),
    ]
    exponent = sum(h * dv.total(v[i], i) for v in variables[:-1]) + variables[-1].element
    weight = dv.product(1 + variables[0][i] ** 2, i)
    return dv.Ensemble(trace=variables, exponent=exponent, weight=weight).derive()


def spin_glass():
    s = dv.Ising("s", i)
    couplings = dv.Gaussian("J", i, j, variance=1 / N, symmetric=True)
    energy = dv.total(couplings[i, j] * s[i] * s[j], i < j)
    return dv.Ensemble(trace=s, disorder=couplings, exponent=beta * energy).derive()


def volume_of_solutions():
    return replicas.gardner().eliminate("qhat", "what")


def attractor_network():
    return replicas.hopfield()


def broken_symmetry():
    return replicas.sherrington_kirkpatrick(dv.OneStepRSB("m"))


def hostile_replicas():
    site, copies = dv.Index("i&1", dv.size("N_%")), dv.replicas("n_{}")
    s = dv.Ising(HOSTILE[0], site)
    field = dv.Gaussian(HOSTILE[6], site, variance=Symbol(HOSTILE[2], positive=True))
    model = dv.Ensemble(trace=s, disorder=field, exponent=dv.total(field[site] * s[site], site))
    return model.derive().replicate(HOSTILE[5], copies).average(field)


def hostile_names():
    size = dv.size("N_%")
    site = dv.Index("i&1", size)
    s = dv.Ising(HOSTILE[0], site)
    coupling = Symbol(HOSTILE[1] + HOSTILE[3], positive=True)
    field = Symbol(HOSTILE[2] + HOSTILE[7], real=True)
    total = dv.total(s[site], site)
    model = dv.Ensemble(
        trace=s, exponent=beta * coupling / (2 * size) * total**2 + beta * field * total
    )
    return model.derive().hubbard_stratonovich(HOSTILE[6]).trace(s).saddle_point(size)


DERIVATIONS = {
    build.__name__: build
    for build in (
        curie_weiss,
        curie_weiss_with_conjugate,
        antiferromagnet,
        spin_one,
        potts,
        network,
        linearised_network,
        two_layers,
        joined_layers,
        sphere,
        quartic,
        mixed_measures,
        spin_glass,
        volume_of_solutions,
        attractor_network,
        broken_symmetry,
        hostile_replicas,
        hostile_names,
    )
}


def averages():
    """Gaussian averages: of each form, nested, in powers and products, under hostile names."""
    z, x, y = symbols("z x_1 xi", real=True)
    m, r = symbols("m r", real=True)
    V, U = symbols("V U", positive=True)
    odd = Symbol(HOSTILE[0], real=True)
    average = dv.GaussianAverage
    correlated = [[V, r], [r, U]]
    w = dv.Given("w", i)
    return [
        average(tanh(z) - 1, z) ** 2 * m,
        average(tanh(z) * V * y**2 * tanh(y), (z, y)) / average(cosh(z), z),
        average(tanh(z), z, m, V) ** 2 * average(cosh(x), x) * h,
        average(x * tanh(y * x), (x, y), (m, 0), correlated) ** 2,
        -average(x * tanh(y * x), (x, y), 0, correlated) - 1,
        average(log(average(exp(z * x), z) + z) * z, z),
        dv.total(average(tanh(z * w[i]), z), i) * m,
        average(tanh(odd * Symbol(HOSTILE[2])), odd, Symbol(HOSTILE[3]), 2),
    ]
