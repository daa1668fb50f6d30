"""Layered networks for which no file exists: units of any kind, chains, layers of any size."""

import numpy as np
import pytest
from sympy import Symbol, symbols

import derive as dv
import numerics as nm
from derive import total
from derive.models import two_layer_network

N = dv.size("N")
i, j = dv.indices("i j", N)
beta, h, D = symbols("beta h D", positive=True)
RANDOM = np.random.default_rng(7)


def test_units_and_spins_have_the_same_mean_fields():
    """Means of {0, 1} units are (1 + A)/2 of those of the spins, at one free energy."""
    spins, units = two_layer_network.spin_form(), two_layer_network.ensemble().derive()
    spins = spins.constrain("A", spins["s"][i], "P").constrain("B", spins["t"][j], "Q")
    units = units.constrain("A", units["a"][i], "P").constrain("B", units["b"][j], "Q")
    spins = spins.trace("s").trace("t").saddle_point(N)
    units = units.trace("a").trace("b").saddle_point(N)
    at = {"beta": 2.0, "h": 0.3, "w": 3 * RANDOM.normal(size=(5, 5))}
    one, two = nm.solve(spins, **at), nm.solve(units, **at)
    for name in "AB":
        np.testing.assert_allclose((1 + one.dominant(name)) / 2, two.dominant(name), rtol=1e-12)
    energies = [found.dominant("free_energy") for found in (one, two)]
    assert energies[0] == pytest.approx(energies[1], rel=1e-13, abs=0)


# -- three layers in a chain, the middle one of spins 1 with a weight D of their zero --

MIDDLE, LAST = dv.IndexRange(N, "middle"), dv.IndexRange(2 * N, "last")
p, r = dv.Index("p", MIDDLE), dv.Index("r", LAST)
A, B = dv.Given("A", i, p), dv.Given("B", p, r)


def chain():
    a, b, c = dv.Ising("a", i), _middle(), dv.Ising("c", r)
    energy = -total(A[i, p] * a[i] * b[p], i, p) / N - total(B[p, r] * b[p] * c[r], p, r) / N
    energy -= h * total(c[r], r)
    return dv.Ensemble(trace=[a, b, c], beta=beta, hamiltonian=energy).derive()


def _middle():
    return dv.Discrete("b", p, values=(-1, 0, 1), weights=(1, D, 1))


def by_constraints():
    d = chain()
    for name, variable, conjugate in zip("XYZ", (d["a"], d["b"], d["c"]), "PQR", strict=True):
        index = {"X": i, "Y": p, "Z": r}[name]
        d = d.constrain(name, variable[index], conjugate)
    return d.trace("a").trace("b").trace("c").saddle_point(N)


def by_linearising():
    d = chain().hubbard_stratonovich("x", "y", "y2", "z")
    return d.trace("a").trace("b").trace("c").saddle_point(N)


def test_a_chain_of_layers_holds_at_finite_size():
    assert by_constraints().check(N=1).holds
    linearised = by_linearising().check(N=1)
    assert linearised.holds
    assert linearised.worst_digits > 25


def test_both_routes_through_the_chain_meet():
    at = {"beta": 0.7, "D": 0.4, "h": 0.2, "A": RANDOM.normal(size=(4, 4))}
    at["B"] = RANDOM.normal(size=(4, 8))
    one, two = nm.solve(by_constraints(), **at), nm.solve(by_linearising(), **at)
    for mean, field in (("X", "x"), ("Y", "y"), ("Y", "y2"), ("Z", "z")):
        # above the transition there is one solution: the field h moves all layers a little
        np.testing.assert_allclose(one.dominant(mean), np.asarray(two[field])[0], atol=1e-12)
    assert np.abs(one.dominant("X")).max() > 1e-3


def test_layers_of_different_values_are_split_but_not_joined():
    with pytest.raises(dv.MoveError, match="change_variable first"):
        chain().join("s", ["a", "b", "c"], {"W": [[0, A, 0], [A.T, 0, B], [0, B.T, 0]]})
    first, last = (dv.Given(f"A{n}", i, *([p] if n == 0 else [])) for n in (0, 1))
    bulk = dv.Index("q", dv.IndexRange(N - 1, "bulk"))
    front, tail = dv.Given("A0", i, bulk), dv.Given("A1", i)
    head, foot = dv.Given("B0", bulk, r), dv.Given("B1", r)
    assert (first.name, last.name) == (front.name, tail.name)
    pieces = {"b": ["b", "d"], "A": [front, tail], "B": [head, foot]}
    d = chain().split(p, [bulk, 1], pieces)
    assert d.check(N=2).holds
    assert d["d"].measure == d["b"].measure


def test_a_clamped_input_layer():
    """The first unit of the input is held at 1: its weights become a bias of the hidden layer."""
    k, l = dv.Index("k", N + 1), dv.Index("l", dv.IndexRange(N, "hidden"))
    v, u, W = dv.Binary("v", k), dv.Binary("u", l), dv.Given("W", k, l)
    machine = dv.Ensemble(trace=[v, u], exponent=total(W[k, l] * v[k] * u[l], k, l)).derive()
    bias, w = dv.Given("bias", l), dv.Given("w", i, l)
    d = machine.split(k, [1, i], {"v": [1, "v"], "W": [bias, w]})
    x = dv.Binary("v", i)
    expected = total(bias[l] * u[l], l) + total(w[i, l] * x[i] * u[l], i, l)
    assert d.exponent == expected
    assert d.trace("u").check(N=3).holds
    # a restricted Boltzmann machine of one visible and one hidden unit
    found = d.trace("u").state.log_partition(N=1, bias=["0.5"], w=[["-1.5"]])
    z = sum(np.exp((0.5 - 1.5 * a) * b) for a in (0, 1) for b in (0, 1))
    assert float(found) == pytest.approx(np.log(z), rel=1e-15, abs=0)


def test_a_source_in_one_layer_only():
    f = Symbol("f", real=True)
    t, s = dv.Ising("t", j), dv.Ising("s", i)
    w = dv.Given("w", i, j)
    model = dv.Ensemble(
        trace=[s, t],
        beta=beta,
        hamiltonian=-total(w[i, j] * s[i] * t[j], i, j) / (2 * N) - f * total(t[j], j),
    )
    d = model.derive().join("u", ["s", "t"], {"K": [[0, w], [w.T, 0]], "F": [0, f]})
    plain = model.derive().constrain("A", s[i], "P").constrain("B", t[j], "Q")
    assert d.check(N=2).holds
    assert plain.trace("s").trace("t").saddle_point(N).check(N=2).holds
