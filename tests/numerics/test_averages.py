"""Gaussian averages in kernels: as a user writes them, against published and derived numbers."""

import pickle

import numpy as np
import pytest
from sympy import Abs, Max, Symbol, cosh, erf, erfc, exp, log, pi, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors
from numerics.reference import trusted

z, x, a, c, mu, s, kappa = symbols("z x a c mu s kappa", real=True)
V, q, beta = symbols("V q beta", real=True)
alpha = Symbol("alpha", positive=True)
SQUARE = dv.GaussianAverage(tanh(sqrt(V) * z) ** 2, z)


def gauss_hermite(function, count=180):
    """An average over a standard normal of a smooth function of moderate slope."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return weights @ function(nodes) / np.sqrt(2 * np.pi)


def tail(argument):
    return erfc(argument / sqrt(2)) / 2


def gardner():
    """The average over (phi/H)^2 of the perceptron's saddle point (Gardner 1988)."""
    tau = (kappa - sqrt(q) * z) / sqrt(1 - q)
    return dv.GaussianAverage((exp(-(tau**2) / 2) / sqrt(2 * pi) / tail(tau)) ** 2, z)


def test_one_line():
    assert nm.compile(SQUARE)(V=2.0) == pytest.approx(0.5199757456639487, rel=2e-14, abs=0)


def test_the_variables_of_an_average_are_no_arguments():
    assert [i.name for i in nm.compile(dv.GaussianAverage(tanh(s * z + mu), z)).inputs] == [
        "mu",
        "s",
    ]


def test_logistic_normal():
    kernel = nm.compile(dv.GaussianAverage(1 / (1 + exp(-(mu + s * z))), z))
    assert kernel(mu=0.8, s=1.5**0.5) == pytest.approx(0.65010750913417051561, rel=5e-15, abs=0)


def test_expected_signal_propagation():
    field = mu + s * z
    kernel = nm.compile(dv.GaussianAverage(field / (1 + exp(-field)), z))
    assert kernel(mu=0.8, s=1.5**0.5) == pytest.approx(0.78656352111162705062, rel=5e-15, abs=0)


def test_large_variances():
    """1 - E tanh^2 = E sech^2 -> 2 phi(0)/sqrt(V), with the next term -(pi^2/12) phi(0) V^-1.5."""
    V_ = np.array([1e6, 1e10])
    series = 2 / np.sqrt(2 * np.pi * V_) * (1 - np.pi**2 / 24 / V_)
    assert nm.compile(SQUARE)(V_) == pytest.approx(1 - series, rel=1e-13, abs=0)


def test_no_variance():
    assert nm.compile(SQUARE)(V=0.0) == 0


def test_averages_of_arrays():
    i = dv.Index("i", dv.size("N"))
    h = dv.Given("h", i)
    kernel = nm.compile(dv.GaussianAverage(tanh(beta * (s * z + h[i])), z))
    fields = np.array([-1.0, 0.3, 0.8, 2.0])
    expected = [gauss_hermite(lambda t, f=f: np.tanh(0.7 * (0.5 * t + f))) for f in fields]
    assert kernel(beta=0.7, s=0.5, h=fields) == pytest.approx(expected, rel=1e-13, abs=0)
    total = nm.compile(dv.total(dv.GaussianAverage(tanh(beta * (s * z + h[i])), z) ** 2, i))
    assert total(beta=0.7, s=0.5, h=fields) == pytest.approx(
        np.sum(np.square(expected)), rel=1e-13, abs=0
    )


def test_tanh_pair_of_a_covariance():
    pair = dv.GaussianAverage(tanh(z) * tanh(x), (z, x), 0, [[1.3, 0.4], [0.4, 0.7]])
    assert nm.compile(pair)() == pytest.approx(0.15091976410914172515, rel=1e-13, abs=0)


def test_overlap_of_two_annealed_fields():
    pair = dv.GaussianAverage(tanh(z) * tanh(x), (z, x), 0, [[1, 0.8], [0.8, 1]])
    assert nm.compile(pair)() == pytest.approx(0.3063267363835003004431759724, rel=1e-13, abs=0)


def test_correlation_map_at_its_ends():
    """At c = 1 both arguments are one, at c = -1 they are opposite."""
    u, v = z, c * z + sqrt(1 - c**2) * x
    pair = nm.compile(dv.GaussianAverage(tanh(u) * tanh(v), (z, x)))
    one = nm.compile(SQUARE)(V=1.0)
    values = pair(c=np.array([-1.0, 0.0, 1.0]))
    assert values[[0, 2]] == pytest.approx([-one, one], rel=1e-13, abs=0)
    assert abs(values[1]) < 1e-15


def test_correlation_length_of_a_wide_network():
    """sigma_w^2 E phi'(u*) phi'(v*) of tanh at sigma_w = 1.5, sigma_b = 0.3 (xi_c = 19.916297)."""
    V_, c_ = 0.9608442797404365072447, 0.7667532972533345780570
    slopes = dv.GaussianAverage(
        (1 - tanh(z) ** 2) * (1 - tanh(x) ** 2), (z, x), 0, [[V_, c_ * V_], [c_ * V_, V_]]
    )
    assert 2.25 * nm.compile(slopes)() == pytest.approx(0.95102955759168881003, rel=1e-13, abs=0)


def test_log_of_an_average_inside_of_an_average():
    """E_z log E_x exp(a z x) is a^2/2, as the inner average is exp(a^2 z^2/2)."""
    inner = dv.GaussianAverage(exp(a * z * x), x)
    assert nm.compile(dv.GaussianAverage(log(inner), z))(a=0.3) == pytest.approx(
        0.045, rel=1e-14, abs=0
    )
    inner = dv.GaussianAverage(cosh(z + a * x) / (1 + x**2), x)
    nested = dv.GaussianAverage(log(inner), z)
    (true,), _ = trusted([nested], {a: 0.5})
    assert nm.compile(nested)(a=0.5) == pytest.approx(float(true), rel=1e-13, abs=0)


def test_gardner_alpha_of_an_overlap():
    kernel = nm.compile(q / (1 - q) / gardner())
    found = kernel(q=np.array([0.1, 0.9, 0.99, 0.5]), kappa=np.array([0.0, 0.0, 0.0, 1.0]))
    expected = [
        0.1586093569823133557767,
        1.695755431233782122029,
        1.963466693960182055557,
        0.2308462594117217934038,
    ]
    assert found == pytest.approx(expected, rel=1e-13, abs=0)


@pytest.mark.parametrize("margin", [-30.0, -1.0, 0.0, 1.0, 30.0])
def test_gardner_tends_to_the_capacity(margin):
    """(1 - q) E (phi/H)^2 -> int_{-infty}^kappa Dz (kappa - z)^2 as q -> 1 (Gardner 1988)."""
    kernel = nm.compile((1 - q) * gardner())
    values = kernel(q=1 - np.array([1e-4, 1e-6, 1e-8]), kappa=margin)
    assert np.isfinite(values).all()
    if margin >= -1:
        density = np.exp(-(margin**2) / 2) / np.sqrt(2 * np.pi)
        below = float((1 - tail(margin)).evalf())
        limit = (1 + margin**2) * below + margin * density
        assert abs(values / limit - 1) == pytest.approx(
            abs(values[0] / limit - 1) * np.array([1, 1e-2, 1e-4]), rel=0.2, abs=3e-12
        )


def test_replica_symmetric_entropy():
    tau = (kappa - sqrt(q) * z) / sqrt(1 - q)
    entropy = alpha * dv.GaussianAverage(log(tail(tau)), z) + log(1 - q) / 2 + q / (2 * (1 - q))
    found = nm.compile(entropy)(alpha=0.5, q=0.3073931753797490634, kappa=0.0)
    assert found == pytest.approx(-0.3776695751316841306985, rel=1e-13, abs=0)


def test_closed_forms_need_no_nodes():
    kernel = nm.compile(dv.GaussianAverage(erf(a * z) ** 2, z))
    value = kernel(a=2.0)
    assert value == pytest.approx(2 / np.pi * np.arcsin(8 / 9), rel=1e-14, abs=0)
    assert [(row.rule, row.nodes) for row in kernel.quadrature] == [("closed form", 0)]


def test_equal_averages_share_their_nodes():
    once = nm.compile(SQUARE)
    thrice = nm.compile([SQUARE, SQUARE**2, log(1 + SQUARE.xreplace({z: x}))])
    once(V=1.0)
    thrice(V=1.0)
    assert len(thrice.quadrature) == 1
    assert thrice.source.count("np.tanh") == once.source.count("np.tanh") == 1


def test_a_kink_is_split():
    average = dv.GaussianAverage(Abs(tanh(a * z + 1)), z)
    kernel = nm.compile(average)
    (true,), _ = trusted([average], {a: 0.8})
    assert kernel(a=0.8) == pytest.approx(float(true), rel=1e-13, abs=0)
    assert kernel(a=0.0) == pytest.approx(np.tanh(1), rel=1e-14, abs=0)


def test_derivatives():
    kernel = nm.compile(dv.GaussianAverage(tanh(x) ** 2, x, covariance=V))
    slope = kernel.jacobian(V)(V=1.0)
    step = 1e-4
    by_differences = (kernel(V=1 + step) - kernel(V=1 - step)) / (2 * step)
    assert slope == pytest.approx(by_differences, rel=1e-7, abs=0)


def test_tables_of_nodes_are_hidden():
    kernel = nm.compile(dv.GaussianAverage(tanh(a * z + mu) ** 2, z))
    values = kernel(a=np.linspace(0, 1, 7), mu=0.2)
    assert list(kernel.signature.parameters) == ["a", "mu"]
    assert repr(kernel) == "<Kernel (a, mu) -> value; numpy>"
    assert kernel.bind(mu=0.2)(np.linspace(0, 1, 7)) == pytest.approx(values, rel=1e-14, abs=0)
    again = pickle.loads(pickle.dumps(kernel))
    assert again(a=np.linspace(0, 1, 7), mu=0.2) == pytest.approx(values, rel=1e-14, abs=0)
    out = np.empty(7)
    assert kernel(a=np.linspace(0, 1, 7), mu=0.2, out=out) is out
    assert np.array_equal(out, values)


def test_error_estimates_bound_the_error():
    kernel = nm.compile(q / (1 - q) / gardner())
    error = abs(kernel(q=0.5, kappa=0.0) - 0.8394394200857910)
    assert error <= kernel.error_estimate(q=0.5, kappa=0.0) < 1e-11


def test_divergence_names_the_direction():
    kernel = nm.compile(dv.GaussianAverage(exp(a * z**2), z))
    assert kernel(a=0.25) == pytest.approx(2**0.5, rel=1e-14, abs=0)
    with pytest.raises(errors.DomainError, match=r"diverges along z.*a = 0\.7"):
        kernel(a=0.7)


def test_an_integrand_without_value_is_refused():
    kernel = nm.compile(SQUARE)
    with pytest.raises(errors.DomainError, match="V = -1"):
        kernel(V=-1.0)
    kept = kernel.evaluate([np.array([-1.0, 2.0])], nonfinite="keep")
    assert np.isnan(kept[0])
    assert kept[1] == pytest.approx(0.5199757456639487, rel=2e-14, abs=0)


def test_the_value_of_an_index_is_refused_in_an_average():
    i = dv.Index("i", dv.size("N"))
    h = dv.Given("h", i)
    kernel = nm.compile(dv.total(h[i] * dv.GaussianAverage(tanh(i * z) ** 2, z), i))
    with pytest.raises(errors.UnsupportedExpressionError, match="index"):
        kernel(h=np.ones(3))


def test_a_closed_form_that_cancels_in_a_tail_is_not_taken():
    """The average of erfc(z) max(0, a z + b)^2: for small a and negative b its terms cancel."""
    b = Symbol("b", real=True)
    average = dv.GaussianAverage(erfc(z) * Max(0, a * z + b) ** 2, z)
    kernel = nm.compile(average, ranges={"a": (-3, 3), "b": (-3, 3)})
    at = {a: 0.3, b: -2.5}
    (true,), _ = trusted([average], at)
    assert kernel(at) == pytest.approx(float(true), rel=1e-13, abs=0)
    assert abs(nm.compile(average.doit())(at) / float(true) - 1) > 1e-12


def test_estimates_count_what_the_terms_of_a_closed_form_lose():
    kernel = nm.compile(dv.GaussianAverage(exp(a * z) * Max(0, z + c), z))
    for point in ({a: 1.0, c: -4.0}, {a: -2.0, c: 1.5}, {a: 0.25, c: -6.0}):
        (true,), _ = trusted([dv.GaussianAverage(exp(a * z) * Max(0, z + c), z)], point)
        assert abs(kernel(point) - float(true)) <= kernel.error_estimate(point)
