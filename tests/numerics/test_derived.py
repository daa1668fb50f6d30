"""What a derivation hands over keeps the bound, also where textbook formulas overflow."""

import numpy as np
import pytest
from sympy import Symbol

import derive as dv
import numerics as nm
from derive.models import curie_weiss

J, h = Symbol("J", positive=True), Symbol("h", real=True)
beta, Delta = Symbol("beta", positive=True), Symbol("Delta", real=True)
N = dv.size("N")
i = dv.Index("i", N)


def spin_one():
    s = dv.Discrete("s", i, values=(-1, 0, 1))
    total = dv.total(s[i], i)
    exponent = beta * (J / (2 * N) * total**2 + h * total - Delta * dv.total(s[i] ** 2, i))
    model = dv.Ensemble(trace=s, exponent=exponent)
    return model.derive().hubbard_stratonovich("m").trace(s).saddle_point(N)


def everything(derivation):
    """Potential, update, residuals and observables in one kernel, and the Jacobian's."""
    equations = derivation.equations()
    named = [("potential", equations.potential), *equations.observables]
    named += [(f"update_{k}", e) for k, e in enumerate(equations.update)]
    residuals = [(f"residual_{k}", e) for k, e in enumerate(equations.residuals)]
    arguments = (equations.unknowns, equations.parameters)
    kernel = nm.compile(dv.Equations(*arguments, tuple(named + residuals)))
    return kernel, nm.compile(dv.Equations(*arguments, tuple(residuals))).jacobian(
        equations.unknowns
    )


@pytest.mark.parametrize("derivation", [curie_weiss.derivation, spin_one])
def test_every_quantity_and_the_jacobian_keep_the_bound(derivation):
    box = {"beta": (0.1, 5e3), "J": (0.1, 1), "h": (-1, 1), "m": (-1, 1)}  # |beta x| up to 1e4
    for kernel in everything(derivation()):
        own = dict(box, Delta=(-1, 1)) if Delta in kernel.inputs else box
        certificate = nm.certify(kernel, samples=24, ranges=own)
        assert certificate.holds, certificate


def test_curie_weiss_at_a_known_point():
    kernel, _ = everything(curie_weiss.derivation())
    m = 0.8161560324809378965  # T = 0.8, h = 0.1
    results = dict(zip(kernel.outputs, kernel(m=m, beta=1.25, J=1, h=0.1), strict=True))
    assert results["free_energy"] == pytest.approx(-0.66024068428515253, rel=1e-15, abs=0)
    assert results["susceptibility"] == pytest.approx(0.7163305897009159363, rel=1e-14, abs=0)
    assert results["residual_0"] == pytest.approx(0, abs=2e-16)


def test_a_grid_of_temperatures_and_fields_in_one_call():
    kernel, _ = everything(curie_weiss.derivation())
    temperatures, fields = np.linspace(0.1, 2, 40)[:, None], np.linspace(-1, 1, 31)
    results = kernel(m=0.3, beta=1 / temperatures, J=1.0, h=fields)
    assert {r.shape for r in results} == {(40, 31)}
