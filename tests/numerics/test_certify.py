"""Certificates: what holds is found to hold, what does not is found out, and nothing is hidden."""

import dataclasses
import json

import numpy as np
import pytest
from sympy import Symbol, cosh, exp, log, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors
from numerics.certificate import OutputCertificate
from numerics.samples import Search, box, spread

m, J, h = symbols("m J h", real=True)
beta = Symbol("beta", positive=True)
FREE = J * m**2 / 2 - log(2 * cosh(beta * (J * m + h))) / beta
RESIDUAL = m - tanh(beta * (J * m + h))
BOX = {"m": (-1, 1), "beta": (0.1, 1e4), "J": (0.1, 1), "h": (-1, 1)}  # |beta x| up to 2e4


@pytest.fixture(scope="module")
def certificate():
    return nm.certify(nm.compile([FREE, RESIDUAL]), samples=100, **BOX)


def test_curie_weiss_keeps_its_bound(certificate):
    assert certificate.holds, certificate
    assert [o.name for o in certificate.outputs] == ["value_0", "value_1"]
    assert all(o.points >= 100 for o in certificate.outputs)
    assert all(o.undefined == 0 for o in certificate.outputs)


def test_curie_weiss_derivatives_keep_their_bound():
    kernel = nm.compile([FREE, RESIDUAL]).jacobian([m, beta, h])
    certificate = nm.certify(kernel, samples=40, **BOX)
    assert certificate.holds, certificate


def test_spin_one_keeps_its_bound():
    delta = Symbol("Delta", real=True)
    free = -log(1 + 2 * exp(-beta * delta) * cosh(beta * (J * m + h))) / beta
    kernel = nm.compile([free, free.diff(m), free.diff(h)])
    certificate = nm.certify(kernel, samples=60, Delta=(-1, 1), **BOX)
    assert certificate.holds, certificate


class Spoiled:
    """A kernel whose results are multiplied by 1 + 64 u in one corner of its box."""

    def __init__(self, kernel):
        self.kernel = kernel

    def __getattr__(self, name):
        return getattr(self.kernel, name)

    def evaluate(self, args, nonfinite):
        result = self.kernel.evaluate(args, nonfinite=nonfinite)
        return np.where((args[0] > 0.99) & (args[1] > 0.5), result * (1 + 2.0**-47), result)


def test_an_error_in_a_corner_is_found_out():
    kernel = nm.compile(m * h, arguments=(m, h))
    ranges = {"m": (0.1, 1), "h": (0.1, 1)}
    assert nm.certify(kernel, samples=30, **ranges).holds
    spoiled = nm.certify(Spoiled(kernel), samples=30, **ranges)
    assert not spoiled.holds
    worst = spoiled.outputs[0]
    assert worst.error == pytest.approx(64 / 3, rel=0.1)  # K = 2
    assert dict(worst.point)["m"] > 0.99
    assert "does NOT hold" in str(spoiled)


def test_a_result_that_overflows_where_the_value_is_finite_is_an_infinite_error():
    kernel = nm.compile(m**200 / (1 + m**200))
    assert nm.certify(kernel, m=(0.1, 10), samples=20).holds
    certificate = nm.certify(kernel, m=(1, 100), samples=20)
    assert certificate.error == float("inf")
    assert not certificate.holds


def test_points_without_a_value_are_counted_not_hidden():
    certificate = nm.certify(nm.compile(log(m)), m=(-1, 1), samples=20)
    assert certificate.outputs[0].undefined > 0
    assert certificate.outputs[0].points > 0
    nowhere = nm.certify(nm.compile(log(m)), m=(-2, -1), samples=5)
    assert not nowhere.holds


def test_conditioning_is_part_of_the_unit():
    certificate = nm.certify(nm.compile(exp(m)), m=(100, 700), samples=30)
    assert certificate.holds
    (output,) = certificate.outputs
    assert output.condition == pytest.approx(
        dict(output.point)["m"], rel=1e-12, abs=0
    )  # x f'/f = x
    unit = 2.0**-53 * (1 + output.condition)
    assert output.relative_error == pytest.approx(output.error * unit, rel=1e-9)


def test_arrays_are_kept_and_every_component_is_compared():
    i, j = dv.indices("i j", dv.size("N"))
    w, V = dv.Given("w", i, j), dv.Given("V", i)
    kernel = nm.compile(tanh(beta * dv.total(w[i, j] * V[j], j) + h))
    rng = np.random.default_rng(0)
    certificate = nm.certify(
        kernel, w=rng.normal(size=(3, 3)), V=rng.normal(size=3), beta=(0.1, 10), h=0.1, samples=10
    )
    assert certificate.holds, certificate
    assert certificate.outputs[0].points >= 30
    assert np.shape(dict(certificate.outputs[0].point)["w"]) == (3, 3)


def test_repeatable_and_different_by_seed():
    kernel = nm.compile(log(2 * cosh(m)))
    first, again, other = (nm.certify(kernel, m=(-9, 9), samples=20, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first.outputs[0].point != other.outputs[0].point


def test_certificates_are_plain_immutable_data(certificate):
    assert nm.Certificate.from_json(certificate.to_json()) == certificate
    assert json.loads(certificate.to_json())["outputs"][0]["name"] == "value_0"
    with pytest.raises(dataclasses.FrozenInstanceError):
        certificate.seed = 3
    text = str(certificate)
    assert "error <= 4 u (1 + K) holds" in text
    assert "K = " in text
    assert "beta in (0.1, 10000.0)" in text
    assert certificate._repr_html_().startswith("<pre>error &lt;= 4 u")


def test_nothing_compared_is_nothing_certified():
    empty = OutputCertificate("f", 0.0, 0.0, 0.0, (), 0, 0, 0)
    assert not empty.holds


@pytest.mark.parametrize(
    ("ranges", "error", "words"),
    [
        ({"m": (0, 1)}, errors.MissingParameterError, "no value for h"),
        ({"m": (1, 0), "h": 0}, errors.NumericsError, "range .* of m"),
        ({"m": (0, np.inf), "h": 0}, errors.NumericsError, "not finite"),
        ({"m": [0, 1], "h": 0}, errors.NumericsError, "give a range"),
        ({"m": (0, 1), "h": 0, "g": 0}, errors.UnknownParameterError, "g is no"),
    ],
)
def test_bad_ranges_are_refused(ranges, error, words):
    with pytest.raises(error, match=words):
        nm.certify(nm.compile(m * h), **ranges)


def test_a_range_outside_of_the_domain_is_refused():
    with pytest.raises(errors.DomainError, match="beta"):
        nm.certify(nm.compile(m / beta), m=(0, 1), beta=(-1, 1), samples=10)


def test_samples_cover_their_box():
    where = box({"a": (1e-3, 1e3), "b": (-5.0, 5.0), "c": (1.0, 2.0), "n": (1, 9)}, [0, 0, 0, 1])
    rng = np.random.default_rng(0)
    points = spread(where, 400, rng)
    assert len(points) == 400
    assert np.all(points >= where.low) & np.all(points <= where.high)
    assert {tuple(p) for p in points} >= {(1e-3, -5.0, 1.0, 1.0), (1e3, 5.0, 2.0, 9.0)}
    assert np.mean(points[:, 0] < 1) == pytest.approx(0.5, abs=0.1)  # logarithmic
    assert np.min(np.abs(points[:, 1])) < 1e-10  # near zero
    assert np.all(points[:, 3] == np.round(points[:, 3]))
    around = Search(where, rng).nearby(points[:3], 50)
    assert np.all(around >= where.low) & np.all(around <= where.high)
