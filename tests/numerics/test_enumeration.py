"""Sums over all states: several variables, energies and responses, against derivatives of log Z."""

import numpy as np
import pytest
import scipy.sparse as sparse

import derive as dv
import numerics as nm
from numerics.errors import SymmetryError
from tests.numerics import spin_models as net

CASES = {name: (ensemble, values) for name, ensemble, values in net.cases(np.random.default_rng(4))}


def test_the_energy_counts_weights_that_depend_on_the_temperature():
    """r is 0, 1, 3 with weights 1, exp(-beta^2), 2, in a field: <2 beta [r = 1] - h r>."""
    beta, h = 0.9, 0.4
    found = nm.enumerate_states(net.HEAVY, N=3, beta=beta, h=h)
    weights = np.array([1, np.exp(-(beta**2) + beta * h), 2 * np.exp(3 * beta * h)])
    levels = np.array([0, 2 * beta - h, -3 * h])
    mean = weights @ levels / weights.sum()
    assert found.energy == pytest.approx(mean, rel=1e-13, abs=0)
    variance = weights @ (levels - mean) ** 2 / weights.sum()
    assert found.specific_heat == pytest.approx(beta**2 * variance, rel=1e-12, abs=0)


@pytest.mark.parametrize("name", [name for name in CASES if name != "heavy"])
def test_energy_and_specific_heat_are_derivatives_of_log_z(name):
    """-d log Z/d beta and beta^2 d^2 log Z/d beta^2, of exponents linear in beta."""
    ensemble, values = CASES[name]
    step = 1e-3
    around = values["beta"] + step * np.arange(-2, 3)
    found = nm.enumerate_states(ensemble, **{**values, "beta": around})
    sites = found.mean.shape[-1]
    first = np.array([1, -8, 0, 8, -1]) @ found.log_z / (12 * step)
    second = np.array([-1, 16, -30, 16, -1]) @ found.log_z / (12 * step**2)
    assert found.energy[2] == pytest.approx(-first / sites, rel=1e-8, abs=1e-9)
    assert found.specific_heat[2] == pytest.approx(values["beta"] ** 2 * second / sites, rel=1e-6)


def test_two_layers_against_the_partition_function_at_thirty_digits():
    v = [[0.5, -1.25, 2.0], [0.75, 0.25, -0.5]]
    found = nm.enumerate_states(net.LAYERS, v=np.array(v), beta=1.5, h=0.25)
    exact = net.LAYERS.log_partition(30, K=2, L=3, v=v, beta="1.5", h="0.25")
    assert found.log_z == pytest.approx(float(exact), rel=1e-14, abs=0)
    assert found.mean.shape == (5,)
    reads = nm.enumerate_states(net.LAYERS, of="o", v=np.array(v), beta=1.5, h=0.25)
    assert reads.m == pytest.approx(found.mean[2:].mean(), rel=1e-14, abs=0)
    assert reads.chi == pytest.approx(1.5 * found.covariance[2:, 2:].sum() / 3, rel=1e-13, abs=0)


def test_two_layers_of_spins_are_one_network_of_both():
    """sum_ab exp(beta/(2N) a W b): 25 digits by an independent enumeration."""
    a, b = dv.Ising("a", net.k), dv.Ising("b", net.l)
    layers = net.ensemble(
        [a, b], -dv.total(net.v[net.k, net.l] * a[net.k] * b[net.l], net.k, net.l)
    )
    matrix = np.array([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0], [0.0, -2.0, 1.0]])
    found = nm.enumerate_states(layers, v=matrix / 6, beta=1.3)
    assert found.log_z == pytest.approx(4.622996513666040087580132733, rel=1e-14, abs=0)
    bordered = np.block([[np.zeros((3, 3)), matrix], [matrix.T, np.zeros((3, 3))]])
    flat = nm.enumerate_states(net.NETWORK, w=bordered, beta=1.3, h=0.0)
    assert flat.log_z == pytest.approx(found.log_z, rel=1e-14, abs=0)
    np.testing.assert_allclose(flat.correlation, found.correlation, atol=1e-14)


def test_curie_weiss_against_occupation_numbers():
    points = {"N": 12, "J": 1.0, "h": [[0.0], [0.3]], "beta": [0.5, 1.0, 2.0]}
    every = nm.enumerate_states(net.CURIE_WEISS, **points)
    grouped = nm.exact(net.CURIE_WEISS, **points)
    for mine, other in (
        (every.log_z, grouped.log_z),
        (every.m2, grouped.moment(2)),
        (every.m4, grouped.moment(4)),
        (every.energy, grouped.energy),
        (every.binder, grouped.binder),
    ):
        assert mine.shape == (2, 3)
        np.testing.assert_allclose(mine, other, rtol=1e-12)
    np.testing.assert_allclose(every.m, grouped.moment(1), rtol=1e-12, atol=1e-14)
    expected = 12 * np.array([0.5, 1, 2]) * (every.m2 - every.abs_m**2)
    np.testing.assert_allclose(every.chi_abs, expected, rtol=1e-12)


def test_the_susceptibility_is_the_response_to_the_field():
    step = 1e-4
    fields = 0.2 + step * np.arange(-2, 3)
    matrix = np.random.default_rng(1).normal(size=(8, 8))
    found = nm.enumerate_states(net.NETWORK, w=matrix + matrix.T, beta=0.9, h=fields)
    response = np.array([1, -8, 0, 8, -1]) @ found.m / (12 * step)
    assert found.chi[2] == pytest.approx(response, rel=1e-9)


def test_a_batch_is_its_points_also_of_arrays():
    rng = np.random.default_rng(2)
    matrices = rng.normal(size=(3, 1, 5, 5))
    matrices = matrices + matrices.swapaxes(-1, -2)
    betas = np.array([0.4, 1.1])
    whole = nm.enumerate_states(net.NETWORK, w=matrices, beta=betas, h=0.1)
    for a in range(3):
        for b in range(2):
            one = nm.enumerate_states(net.NETWORK, w=matrices[a, 0], beta=betas[b], h=0.1)
            for name in ("log_z", "mean", "correlation", "energy", "specific_heat", "chi"):
                np.testing.assert_allclose(
                    getattr(whole, name)[a, b], getattr(one, name), rtol=1e-12, err_msg=name
                )
    stored = nm.enumerate_states(net.NETWORK, w=sparse.csr_array(matrices[0, 0]), beta=betas, h=0.1)
    np.testing.assert_allclose(stored.log_z, whole.log_z[0], rtol=1e-14)


def test_blocks_of_states_make_no_difference(monkeypatch):
    from numerics import enumeration

    ensemble, values = CASES["two_kinds"]
    whole = nm.enumerate_states(ensemble, **values)
    monkeypatch.setattr(enumeration, "BLOCK", 1)
    monkeypatch.setattr(enumeration, "LEAST", 7)
    pieces = nm.enumerate_states(ensemble, **values)
    for name in ("log_z", "mean", "correlation", "abs_m", "m4", "energy", "specific_heat"):
        np.testing.assert_allclose(
            getattr(pieces, name), getattr(whole, name), rtol=1e-11, err_msg=name
        )


def test_the_specific_heat_keeps_its_digits_in_the_cold():
    """Two levels: C/k = (beta Delta)^2 e^{-beta Delta} / (1 + e^{-beta Delta})^2, here 1e-15."""
    beta = 20.0
    found = nm.enumerate_states(net.ALONE, f=np.array([1.0, 1.0]), beta=beta)
    x = 2 * beta
    assert found.specific_heat == pytest.approx(
        x**2 * np.exp(-x) / (1 + np.exp(-x)) ** 2, rel=1e-12
    )


def test_what_enumeration_refuses():
    good = {"w": np.ones((3, 3)), "beta": 1.0, "h": 0.0}
    with pytest.raises(SymmetryError, match="w was declared symmetric"):
        nm.enumerate_states(net.NETWORK, **{**good, "w": np.triu(np.ones((3, 3)))})
    with pytest.raises(nm.DomainError, match="beta is declared positive"):
        nm.enumerate_states(net.NETWORK, **{**good, "beta": -1.0})
    with pytest.raises(nm.NotANumberError, match="w is nan"):
        nm.enumerate_states(net.NETWORK, **{**good, "w": np.full((3, 3), np.nan)})
    with pytest.raises(nm.ProblemError, match="no variable t: there are s"):
        nm.enumerate_states(net.NETWORK, of="t", **good)
    with pytest.raises(nm.ProblemError, match="offers no enumeration"):
        nm.enumerate_states(3.0, beta=1.0)
    with pytest.raises(nm.TooManyStatesError, match="40 sites have 1099511627776 states"):
        nm.enumerate_states(net.NETWORK, **{**good, "w": np.ones((40, 40))})
    free = dv.Ensemble(trace=net.s, exponent=net.h * dv.total(net.s[net.i], net.i))
    with pytest.raises(nm.ProblemError, match="no inverse temperature beta"):
        _ = nm.enumerate_states(free, N=3, h=0.1).energy
    with pytest.raises(nm.ProblemError, match="no inverse temperature beta"):
        _ = nm.enumerate_states(free, N=3, h=0.1).specific_heat
    response = nm.enumerate_states(free, N=3, h=0.1).chi
    assert response == pytest.approx(1 - np.tanh(0.1) ** 2, rel=1e-12, abs=0)
    colours = dv.Potts("p", net.i, q=3)
    with pytest.raises(dv.MoveError, match="numbers as values, unlike p"):
        nm.enumerate_states(dv.Ensemble(trace=colours, exponent=0), N=3)


def test_what_it_shows():
    text = repr(nm.enumerate_states(net.HEAVY, N=3, beta=[0.5, 1.0], h=0.0))
    assert text.splitlines()[0] == "EnumeratedSum over all states of 3 sites, 2 points"
    assert "specific_heat" in text
    assert "covariance" in text
