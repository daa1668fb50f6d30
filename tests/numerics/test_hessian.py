"""Gradients and Hessians of networks with a symbol for every parameter."""

import pickle

import numpy as np
import pytest
from mpmath import mp, mpf
from sympy import exp, log, symbols, tanh

import derive as dv
import numerics as nm
from numerics.errors import UnknownParameterError
from tests.numerics.explicit_networks import (
    XOR,
    esp,
    logistic_loss,
    logistic_loss_in_mpmath,
    outputs,
    parameters,
)

WIDTHS = (2, 8, 2, 1)
THETA = parameters(*WIDTHS)  # 24 + 18 + 3
ROUNDING = 8 * 2**-53  # of terms whose sizes add up to one or less

# Loss, gradient and spectrum of the 2-2-1 network on the XOR rows, independently by mpmath;
# in the order W11, W12, W21, W22, b1, b2, v1, v2, c
POINT = (0.5, -0.3, 0.8, 0.2, 0.1, -0.4, 0.7, -0.6, 0.05)
SMALL = {
    esp: (
        0.6831946291579925722372131679,
        (
            -0.007512636717100635148871575174,
            0.02059032295352752653269412298,
            -0.009408525277349970365213548407,
            -0.02747174118267750108098234874,
            0.01065766760369132425209148281,
            -0.004954694799695126009944273180,
            -0.005077199650197175468760896012,
            0.008769855419556833490323114235,
            0.02117420952777435740850082761,
        ),
        (
            -0.04436823650124733840803620746,
            -0.03924403429719969706942867202,
            -0.0002875813946987730803915352116,
            0.005560979996390494377560553223,
            0.01807321525691012278781047262,
            0.02192320909178197558318139546,
            0.05196825904303071585277750583,
            0.06764054930896010663576723187,
            0.3862423709918548180457331381,
        ),
        3,
    ),
    tanh: (
        0.7047039748633851011800656211,
        (
            0.02122042641036743412929069307,
            -0.005478386858991799257118157518,
            0.006295346510249691529584244391,
            0.01944145349510696218435264911,
            0.03994467293003558242512292726,
            0.002063555164888654384492870111,
            0.01356453256484199807353930777,
            -0.009339098914676354677822118018,
            0.03147324311297863979354946121078,
        ),
        (
            -0.1042791428529740326125265551,
            -0.06132848925238092163019910543,
            -0.03071449550132293901084694643,
            -0.006871133294722258894281184998,
            -0.003329797712537027874042527857,
            0.03858769161204269966524816223,
            0.1048199828280444216415516183,
            0.1507199084155402681166571355,
            0.5185401724275068473416647231,
        ),
        5,
    ),
}


@pytest.fixture(scope="module")
def loss():
    return nm.compile(logistic_loss(THETA, WIDTHS, tanh), arguments=THETA)


@pytest.fixture(scope="module")
def hessian(loss):
    return loss.hessian()


@pytest.fixture(scope="module")
def point():
    return np.random.default_rng(0).normal(size=len(THETA))


@pytest.mark.parametrize("activation", SMALL, ids=lambda f: f.__name__)
def test_loss_gradient_and_spectrum_of_a_network_of_nine_parameters(activation):
    value, slopes, spectrum, negative = SMALL[activation]
    theta = parameters(2, 2, 1)
    kernel = nm.compile(logistic_loss(theta, (2, 2, 1), activation), arguments=theta)
    assert kernel(*POINT) == pytest.approx(value, rel=1e-15, abs=0)
    np.testing.assert_allclose(kernel.gradient()(*POINT), slopes, rtol=0, atol=ROUNDING)
    found = np.linalg.eigvalsh(kernel.hessian()(*POINT))
    np.testing.assert_allclose(found, spectrum, rtol=0, atol=ROUNDING)
    assert np.count_nonzero(found < 0) == negative


def test_1035_second_derivatives_are_those_of_differences_in_mpmath(hessian, point):
    """(f(x + a + b) - f(x + a) - f(x + b) + f(x))/h^2 with h = 1e-25, in 100 digits."""
    with mp.workdps(100):
        step, here = mpf(10) ** -25, [mpf(float(x)) for x in point]

        def loss_at(*moved):
            there = [x + step * moved.count(k) for k, x in enumerate(here)]
            return logistic_loss_in_mpmath(there, WIDTHS, mp.tanh)

        origin, once = loss_at(), [loss_at(k) for k in range(len(here))]
        true = np.zeros((45, 45))
        for a in range(45):
            for b in range(a + 1):
                both = loss_at(a, b) - once[a] - once[b] + origin
                true[a, b] = true[b, a] = float(both / step**2)
    found = hessian(*point)
    np.testing.assert_allclose(found, true, rtol=0, atol=ROUNDING)
    assert np.array_equal(found, found.T)


def test_a_gradient_costs_a_few_times_the_function(loss):
    """The cheap-gradient principle: reverse mode takes at most five operations for one."""
    assert len(loss.gradient().program.lets) <= 5 * len(loss.program.lets)


def test_entries_of_a_hessian_share_their_intermediates(hessian):
    """Each entry is a sum over four rows of one product at least; all else is shared."""
    least = 1035 * (len(XOR) + len(XOR) - 1)
    assert len(hessian.program.lets) <= 1.25 * least


def test_a_hessian_over_a_batch_into_out_bound_and_pickled(hessian, point):
    batch = point + np.linspace(0, 1, 600)[:, None]
    out = np.empty((600, 45, 45))
    found = hessian(*batch.T, out=out)
    assert found is out
    np.testing.assert_array_equal(found[7], hessian(*batch[7]))
    values = dict(zip(map(str, THETA), point, strict=True))
    held = hessian.bind({name: x for name, x in values.items() if name != "b2_0"})
    np.testing.assert_array_equal(held(b2_0=values["b2_0"]), hessian(*point))
    again = pickle.loads(pickle.dumps(hessian))
    np.testing.assert_array_equal(again(*point), hessian(*point))


def test_the_sum_over_the_rows_stays_a_sum(hessian, point):
    """The data as arrays: as long a program for ten thousand rows as for four."""
    rows = dv.size("P")
    row, column = dv.Index("r", rows), dv.Index("c", 2)
    X, y = dv.Given("X", row, column), dv.Given("y", row)
    o = outputs(THETA, (X[row, 1], X[row, 2]), WIDTHS, tanh)
    loss = dv.total(log(1 + exp(o)) - y[row] * o, row) / rows
    kernel = nm.compile(loss, arguments=(*THETA, X[row, column], y[row])).hessian()
    data = {"X": np.array([x for x, _ in XOR], float), "y": np.array([y for _, y in XOR], float)}
    found = kernel(*point, **data)
    expected = hessian(*point)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)
    repeated = {name: np.tile(a.T, 2500).T for name, a in data.items()}
    np.testing.assert_allclose(kernel(*point, **repeated), expected, rtol=0, atol=1e-14)


def test_derivatives_are_of_the_parameters_that_are_asked_for():
    x, y, z = symbols("x y z")
    kernel = nm.compile([x * y**2 * z, x + z], arguments=(x, y, z))
    slopes = kernel.gradient([z, x])(2.0, 3.0, 5.0)
    assert [s.tolist() for s in slopes] == [[18.0, 45.0], [1.0, 1.0]]
    assert kernel.gradient("y")(2.0, 3.0, 5.0)[0].tolist() == [60.0]
    with pytest.raises(UnknownParameterError, match="no scalar parameter"):
        kernel.hessian([x, symbols("q")])
    with pytest.raises(UnknownParameterError, match="twice"):
        kernel.hessian([x, x])


def test_derivatives_by_arrays_are_those_of_jacobian():
    i = dv.Index("i", dv.size("N"))
    V = dv.Given("V", i)
    with pytest.raises(UnknownParameterError, match="jacobian"):
        nm.compile(dv.total(V[i] ** 2, i)).gradient([V[i]])


@pytest.mark.slow
@pytest.mark.parametrize("activation", SMALL, ids=lambda f: f.__name__)
def test_the_hessian_of_45_parameters_is_certified(activation):
    """Data are arguments too: at small weights the rows cancel, which the labels decide."""
    rows = [
        (symbols(f"x{k}_0 x{k}_1", real=True), symbols(f"y{k}", real=True)) for k in range(len(XOR))
    ]
    named = {
        str(s): v
        for (x, y), (X, Y) in zip(rows, XOR, strict=True)
        for s, v in zip((*x, y), (*X, Y), strict=True)
    }
    loss = logistic_loss(THETA, WIDTHS, activation, rows)
    kernel = nm.compile(loss, arguments=(*THETA, *symbols(list(named), real=True))).hessian(THETA)
    found = nm.certify(kernel, samples=16, **{str(t): (-2.0, 2.0) for t in THETA}, **named)
    assert found.holds, found
    assert found.outputs[0].points >= 30 * 45**2
