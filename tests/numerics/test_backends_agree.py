"""NumPy, numba and JAX compute the same of every model: they differ by less than they may be wrong.

The bound is what the NumPy kernel says of its own error at each point, for either of the two.
"""

from dataclasses import replace

import numpy as np
import pytest

import numerics as nm
from derive.equations import Equations
from derive.models import (
    curie_weiss,
    hopfield,
    perceptron,
    regression,
    sherrington_kirkpatrick,
    teacher_student,
    two_layer_network,
    weighted_network,
)


def on_the_nishimori_line(derivation):
    """R = q, as it is for a student who knows how the teacher was drawn."""
    equations = derivation.equations()
    q, R = (next(u for u in equations.unknowns if u.name == name) for name in "qR")
    return replace(
        equations,
        unknowns=tuple(u for u in equations.unknowns if u != R),
        expressions=tuple((name, e.subs(R, q)) for name, e in equations.expressions),
        observables=tuple((name, e.subs(R, q)) for name, e in equations.observables),
        potential=equations.potential.subs(R, q),
    )


MODELS = {
    "Curie-Weiss": curie_weiss.derivation,
    "Hopfield": hopfield.derivation,
    "SK": sherrington_kirkpatrick.derivation,
    "SK with bias": lambda: sherrington_kirkpatrick.derivation(bias=True),
    "spherical perceptron": perceptron.derivation,
    "Ising perceptron": lambda: perceptron.derivation("ising"),
    "perceptron that errs": lambda: perceptron.derivation(temperature=True),
    "teacher and student": lambda: on_the_nishimori_line(teacher_student.derivation()),
    "Ising teacher": lambda: on_the_nishimori_line(teacher_student.derivation("ising")),
    "regression": regression.derivation,
    "two layers": two_layer_network.derivation,
    "two layers, symmetric": lambda: two_layer_network.derivation(symmetric=True),
    "couplings": weighted_network.derivation,
    "TAP": weighted_network.tap,
}
POINTS = 3
# Overlaps are ordered, R**2 < q < q_d, and what is a norm's conjugate exceeds the other conjugates.
PLACES = {"q": (0.5, 0.7), "q_d": (0.9, 1.2), "qhat_d": (-0.9, -0.7), "what": (2.0, 3.0)}


def values(kernel):
    """Moderate parameters, and symmetric arrays with an empty diagonal."""
    rng, found = np.random.default_rng(5), {}
    for given in kernel.arguments:
        shape = (POINTS, *(3,) * len(given.ranges))
        drawn = rng.uniform(*PLACES.get(given.name, (0.1, 0.4)), shape)
        if len(given.ranges) == 2:
            drawn = (drawn + np.swapaxes(drawn, 1, 2)) * (1 - np.eye(3))
        found[given.symbol] = drawn
    return found


def compiled(equations, backend):
    named = [*equations.expressions, *equations.observables, ("potential", equations.potential)]
    return nm.compile(replace(equations, expressions=tuple(named)), backend=backend)


@pytest.mark.parametrize("name", MODELS)
def test_models_on_every_backend(name):
    pytest.importorskip("numba")
    made = MODELS[name]()
    equations = made if isinstance(made, Equations) else made.equations()
    kernel = compiled(equations, "numpy")
    at = values(kernel)
    expected, bounds = kernel(at), kernel.error_estimate(at)
    for backend in ("numba", "jax"):
        pytest.importorskip(backend)
        found = compiled(equations, backend)(at)
        for label, a, b, bound in zip(kernel.outputs, expected, found, bounds, strict=True):
            assert np.all(abs(a - b) <= 2 * bound), (backend, label, np.max(abs(a - b) / bound))
            assert np.all(bound <= 1e-9 * (1 + abs(a))), (label, bound)  # it is a bound that bites
