"""Certificates of Gaussian averages and special functions over whole boxes of their parameters."""

import json
import math

import numpy as np
import pytest
from sympy import Matrix, Max, Symbol, cosh, erf, erfc, exp, log, pi, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors
from numerics.averages import Quadrature
from numerics.bounds import bound_of
from numerics.certificate import OutputCertificate
from numerics.conditioning import Conditioning
from numerics.reference import trusted
from numerics.samples import Search, box
from numerics.special_points import arguments, special_points

average = dv.GaussianAverage
z, u, v = symbols("z u v", real=True)
kappa, mu = symbols("kappa mu", real=True)
c = Symbol("c", real=True)
a, b, V, q = symbols("a b V q", positive=True)
TAU = (kappa - sqrt(q) * z) / sqrt(1 - q)
H = erfc(TAU / sqrt(2)) / 2
LAW = Matrix([[a, c], [c, b]])

CLOSED = {
    "erf kernel": average(erf(u) * erf(v), (u, v), covariance=LAW),
    "ReLU kernel": average(Max(u, 0) * Max(v, 0), (u, v), covariance=LAW),
}
PLANNED = {  # name: what, over which box
    "variance map": (average(tanh(sqrt(V) * z) ** 2, z), {"V": (1e-12, 1e6)}),
    "logistic-normal": (
        average(1 / (1 + exp(-mu - sqrt(V) * z)), z),
        {"mu": (-5, 5), "V": (0.01, 100)},
    ),
    "replica-symmetric entropy": (average(log(H), z), {"q": (1e-6, 0.99), "kappa": (-5, 5)}),
}
PERCEPTRON = average((exp(-(TAU**2) / 2) / sqrt(2 * pi) / H) ** 2, z)


SLOW = [pytest.param("replica-symmetric entropy", marks=pytest.mark.slow)]


@pytest.mark.parametrize("name", ["variance map", "logistic-normal", *SLOW])
def test_averages_by_rules_keep_their_bound_over_their_box(name):
    expr, ranges = PLANNED[name]
    kernel = nm.compile(expr, ranges=ranges)
    certificate = nm.certify(kernel, samples=10)
    assert certificate.holds, certificate
    assert certificate.honest, certificate
    (output,) = certificate.outputs
    assert output.bound == 8.0
    assert output.undefined == 0
    assert 0 < output.estimate <= kernel.tolerance
    assert "honest" in str(certificate)
    assert nm.Certificate.from_json(certificate.to_json()) == certificate


@pytest.mark.slow
@pytest.mark.parametrize("name", ["erf kernel", "ReLU kernel"])
def test_closed_forms_of_pairs_agree_with_the_average_itself(name):
    expr = CLOSED[name]
    (true,), _ = trusted([expr], {a: 1.5, b: 0.75, c: 0.5})
    got = nm.compile(expr)({a: 1.5, b: 0.75, c: 0.5})
    assert got == pytest.approx(float(true), rel=1e-15, abs=0)


@pytest.mark.slow
def test_the_perceptron_up_to_saturation():
    ranges = {"q": (1e-6, 1 - 1e-8), "kappa": (-30, 30)}
    certificate = nm.certify(nm.compile(PERCEPTRON, ranges=ranges), samples=16)
    assert certificate.honest, certificate
    assert certificate.outputs[0].undefined == 0
    assert certificate.holds, certificate


def test_a_rule_that_is_asked_for_little_is_honest_and_does_not_hold():
    expr, ranges = PLANNED["logistic-normal"]
    certificate = nm.certify(nm.compile(expr, ranges=ranges, tolerance=1e-6), samples=10)
    assert certificate.honest, certificate
    assert not certificate.holds
    assert certificate.outputs[0].relative_error < 1e-6


class Boastful:
    """A kernel whose rules are better than they are, by their own word."""

    quadrature = (Quadrature("f", "a guess", 1, "V", 1e-20),)

    def __init__(self, kernel):
        self.kernel = kernel

    def __getattr__(self, name):
        return getattr(self.kernel, name)


def test_an_estimate_below_the_error_is_found_out():
    expr, ranges = PLANNED["logistic-normal"]
    kernel = Boastful(nm.compile(expr, ranges=ranges, tolerance=1e-6))
    certificate = nm.certify(kernel, samples=10)
    assert not certificate.honest
    assert "NOT honest" in str(certificate)


def test_ranges_of_the_kernel_are_the_default_and_can_be_narrowed():
    kernel = nm.compile(PLANNED["variance map"][0], ranges={"V": (0.5, 2)})
    assert "V in (0.5, 2.0)" in str(nm.certify(kernel, samples=4))
    assert "V in (1, 2)" in str(nm.certify(kernel, samples=4, V=(1, 2)))
    with pytest.raises(errors.DomainError, match="declared range"):
        nm.certify(kernel, samples=4, V=(0.5, 3))
    plain = nm.compile(tanh(mu))
    with pytest.raises(errors.MissingParameterError, match="mu"):
        nm.certify(plain)


def test_what_is_held_to_how_much():
    assert bound_of(tanh(mu)) == bound_of(log(2 * cosh(mu))) == 4.0
    assert bound_of(erf(mu)) == bound_of(average(tanh(z * mu), z)) == 8.0
    text = str(nm.certify(nm.compile(erf(mu)), samples=6, mu=(-3, 3)))
    assert text.startswith("error <= 8 u (1 + K) holds")


def test_the_condition_number_of_an_average_is_a_difference_of_the_reference():
    second = average(z**2, z, mean=mu, covariance=V)  # mu**2 + V
    spread, _ = Conditioning(second, (mu, V)).spread({mu: 3.0, V: 2.0}, {}, 39)
    assert float(spread) == pytest.approx(2 * 9 + 2, rel=1e-12, abs=0)
    step = average(Max(z, 0), z, mean=mu)  # a kink: the slope is the mass beyond it
    spread, _ = Conditioning(step, (mu,)).spread({mu: -1.0}, {}, 39)
    assert float(spread) == pytest.approx(math.erfc(1 / math.sqrt(2)) / 2, rel=1e-12, abs=0)


def test_the_condition_number_at_an_end_of_the_domain_is_taken_from_inside():
    root = average(tanh(sqrt(1 - q) * z + 1), z)
    spread, _ = Conditioning(root, (q,)).spread({q: 1.0}, {}, 39)
    assert 0 < float(spread) < 1


def test_special_points_are_found_from_the_expression():
    where = box({"mu": (-4.0, 4.0), "q": (0.0, 1.0)}, [False, False])
    rng = np.random.default_rng(0)
    expr = log(1 + abs(mu - q)) / (mu**2 + 1)
    assert mu - q in arguments(expr, [mu, q])
    points = special_points(where, expr, {mu: 0, q: 1}, {}, 10_000, rng)
    assert np.all(points >= where.low) & np.all(points <= where.high)
    gap = np.abs(points[:, 0] - points[:, 1])
    assert np.any(gap == 0)
    assert np.any((gap > 0) & (gap < 1e-15))
    assert np.any(points[:, 1] == 1)
    assert np.any((points[:, 1] < 1) & (points[:, 1] > 1 - 1e-15))
    assert np.any(points[:, 0] == 0)
    assert len(special_points(where, expr, {mu: 0, q: 1}, {}, 7, rng)) == 7


def test_the_search_climbs_to_the_top_of_a_hill():
    where = box({"x": (1.0, 1e6), "y": (1.0, 1e6)}, [False, False])
    search = Search(where, np.random.default_rng(1))

    def error(point):
        return -float(np.sum(np.log(point / 1234.5) ** 2))

    found = [(error(p), p) for p in (np.array([900.0, 1700.0]), np.array([1.0, 1e6]))]
    first = max(e for e, _ in found)
    for _ in range(30):
        found += [(error(p), p) for p in search.next(found)]
    assert max(e for e, _ in found) > first / 100
    random_steps = search.nearby([np.array([10.0, 10.0])], 200)
    distance = np.abs(random_steps / 10.0 - 1).max(axis=1)
    assert distance.max() > 1e-3
    assert 0 < np.min(distance[distance > 0]) < 1e-13


def test_json_has_no_infinities_and_a_version():
    output = OutputCertificate("f", math.inf, math.inf, 0.0, (("x", (1.0, -math.inf)),), 0, 3, 0)
    certificate = nm.Certificate("k", "numpy", (("x", "(0, 1)"),), 0, (output,))
    strict = json.loads(certificate.to_json(), parse_constant=pytest.fail)
    assert strict["version"] == 2
    assert nm.Certificate.from_json(certificate.to_json()) == certificate
    strict["version"] = 1
    with pytest.raises(errors.NumericsError, match="version 1"):
        nm.Certificate.from_dict(strict)
