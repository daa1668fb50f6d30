"""Symbolic objects survive pickle and a fresh process, and are what they are made of."""

import pickle
import subprocess
import sys

import pytest
from sympy import (
    Basic,
    Heaviside,
    KroneckerDelta,
    Symbol,
    cosh,
    exp,
    preorder_traversal,
    symbols,
)

import derive as dv
from derive import total
from tests.typeset_models import joined_layers, two_layers

N = dv.size("N")
i, j = dv.indices("i j", N)
a = dv.Index("a", 3)
beta, J = symbols("beta J", positive=True)
h = symbols("h", real=True)
s, c = dv.Ising("s", i), dv.Potts("c", i, a)
w = dv.Sphere("w", i)
x = dv.Real("x", i, weight=lambda y: exp(-(y**4)))
A = dv.Given("A", i, j, symmetric=True)
M = total(s[i], i)
m = Symbol("m", real=True)


def magnet():
    exponent = beta * J * M**2 / (2 * N) + beta * h * M
    return dv.Ensemble(trace=s, exponent=exponent).derive().hubbard_stratonovich("m").trace(s)


def potts():
    exponent = beta * J * total(total(c[i, a], i) ** 2, a) / (2 * N)
    d = dv.Ensemble(trace=c, exponent=exponent).derive().hubbard_stratonovich("x").trace(c)
    return d.saddle_point(N).ansatz("x", lambda q: (1 - m) / 3 + m * KroneckerDelta(q, 1))


def quartic():
    exponent = beta * J * total(x[i], i) ** 2 / (2 * N) + h * total(x[i], i)
    return dv.Ensemble(trace=x, exponent=exponent).derive().hubbard_stratonovich("m").trace(x)


def network():
    exponent = beta * total(A[i, j] * s[i] * s[j], i, j) / (2 * N) + beta * h * M
    return dv.Ensemble(trace=s, exponent=exponent).derive().hubbard_stratonovich("x").trace(s)


def populations():
    k = dv.Index("k", dv.IndexRange(2 * N, "second"))
    t = dv.Ising("t", k)
    exponent = beta * (J * M**2 + h * M * total(t[k], k)) / N
    return dv.Ensemble(trace=[s, t], exponent=exponent).derive().hubbard_stratonovich("m", "n")


def sphere():
    exponent = beta * J * total(w[i], i) ** 2 / (2 * N)
    return dv.Ensemble(trace=w, exponent=exponent).derive().constrain(w, conjugate="lam")


DERIVATIONS = {
    "magnet": lambda: magnet().saddle_point(N),
    "potts": potts,
    "quartic": lambda: quartic().saddle_point(N),
    "network": lambda: network().saddle_point(N),
    "populations": populations,
    "sphere": sphere,
    "split": two_layers,
    "joined": joined_layers,
}

OBJECTS = {
    "range": dv.IndexRange(2 * N, "second"),
    "index": i,
    "label": A,
    "element": s[i],
    "symmetric element": A[j, i],
    "affine element": s[i + 1],
    "variable": x,
    "sphere": w,
    "potts": c,
    "total": total(A[i, j] * s[i] * s[j] * exp(h * s[j]), i, j),
    "power of a total": M**3 * h,
    "product": dv.product(Heaviside(total(A[i, j] * s[j], j)), i),
    "gaussian": dv.Gaussian("g", i, mean=h, variance=1 / N),
    "discrete": dv.Discrete("u", i, values=(0, 1), weights=(1, J)),
    "nested integral": quartic().state.exponent,
    "average": quartic().saddle_point(N).gradient[0],
    "joint contour": populations().state,
    "bipartite contour": two_layers().state,
    "transpose": A.T,
    "blocks": joined_layers().steps[0].details[0],
    "free entropy": magnet().saddle_point(N).state,
    "function of a sum": cosh(beta * M),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_survives_pickle(name):
    value = OBJECTS[name]
    again = pickle.loads(pickle.dumps(value))
    assert again == value
    assert hash(again) == hash(value)
    assert str(again) == str(value)


@pytest.mark.parametrize("name", OBJECTS)
def test_every_node_is_made_of_its_arguments(name):
    nodes = [n for n in preorder_traversal(OBJECTS[name]) if isinstance(n, Basic) and n.args]
    for node in nodes:
        assert node.func(*node.args) == node


@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_derivation_survives_pickle(name):
    derivation = DERIVATIONS[name]()
    again = pickle.loads(pickle.dumps(derivation))
    assert again == derivation
    assert str(again) == str(derivation)
    assert [step.kind for step in again.steps] == [step.kind for step in derivation.steps]
    for state in (derivation.start, *(step.after for step in derivation.steps)):
        assert state.func(*state.args) == state


def test_a_fresh_process_unpickles_what_it_would_derive_itself(tmp_path):
    derivations = {name: make() for name, make in DERIVATIONS.items()}
    stored = tmp_path / "stored.pickle"
    stored.write_bytes(pickle.dumps((derivations, OBJECTS)))
    program = (
        "import pickle, pathlib, sys\n"
        "derivations, objects = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "from tests.derive.test_pickle import DERIVATIONS, OBJECTS\n"
        "for name, make in DERIVATIONS.items():\n"
        "    assert derivations[name] == make(), name\n"
        "for name, value in OBJECTS.items():\n"
        "    assert objects[name] == value, name\n"
        "    assert hash(objects[name]) == hash(value), name\n"
        "print('equal')\n"
    )
    command = [sys.executable, "-W", "error", "-c", program, str(stored)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (run.returncode, run.stdout) == (0, "equal\n"), run.stderr


def test_a_derivation_is_immutable():
    derivation = magnet()
    longer = derivation.saddle_point(N)
    assert len(longer.steps) == len(derivation.steps) + 1
    assert longer.steps[:-1] == derivation.steps
    with pytest.raises(AttributeError):
        derivation.steps = ()


@pytest.mark.parametrize("name", DERIVATIONS)
def test_the_same_declarations_and_moves_give_equal_derivations(name):
    assert DERIVATIONS[name]() == DERIVATIONS[name]()
