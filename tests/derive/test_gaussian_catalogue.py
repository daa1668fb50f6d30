"""The averages that the field's equations are made of, against their published formulas."""

import pytest
from sympy import (
    Abs,
    Float,
    Heaviside,
    Integer,
    Matrix,
    Max,
    Piecewise,
    Rational,
    acos,
    asin,
    cos,
    diff,
    erf,
    exp,
    pi,
    sign,
    sin,
    sinh,
    sqrt,
    symbols,
    tanh,
)

from derive.gaussian.closed_form import closed_form
from derive.gaussian.special import OrthantProbability

u, v, w, z = fields = symbols("u v w z", real=True)
a, b, c, m, V, s = symbols("a b c m V s", real=True)
PAIR = Matrix([[a, c], [c, b]])
POINTS = (
    {a: Rational(13, 10), b: Rational(7, 10), c: Rational(2, 5)},
    {a: Rational(1, 3), b: Integer(2), c: -Rational(3, 4)},
)
C4 = Matrix(
    4, 4, [Rational(n, 20) for n in (20, 6, 10, -4, 6, 16, 2, 8, 10, 2, 24, 5, -4, 8, 5, 20)]
)
SYMBOLIC = Matrix(4, 4, lambda i, j: symbols(f"C{min(i, j) + 1}{max(i, j) + 1}"))


def relu(x):
    return Max(0, x)


def step(x):
    return Heaviside(x)


def committee(x):
    """Return the erf unit of on-line learning."""
    return erf(x / sqrt(2))


def committee_slope(x):
    return sqrt(2 / pi) * exp(-(x**2) / 2)


def average(integrand, variables=fields, covariance=SYMBOLIC, mean=None):
    size = len(variables)
    covariance = Matrix(covariance)[:size, :size]
    return closed_form(integrand, variables, mean or (0,) * size, covariance)


def agree(one, other, at, digits=28):
    """Whether two expressions are equal at a point, to that many digits."""
    found, wanted = (e.subs(at).evalf(digits + 6) for e in (one, other))
    return abs(found - wanted) <= Float(10, digits) ** -digits * max(1, abs(wanted))


def trusted(expr, reference):
    """Whether a number is the reference, which has 28 digits."""
    return abs(expr.evalf(34) / Float(reference, 34) - 1) < Float("1e-26")


PAIR_KERNELS = {
    "ReLU": (relu, sqrt(a * b - c**2) / (2 * pi) + c / (2 * pi) * (pi - acos(c / sqrt(a * b)))),
    "step": (step, (pi - acos(c / sqrt(a * b))) / (2 * pi)),
    "erf": (erf, 2 / pi * asin(2 * c / sqrt((1 + 2 * a) * (1 + 2 * b)))),
    "erf'": (lambda x: diff(erf(x), x), 4 / pi / sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c**2)),
    "sign": (sign, 2 / pi * asin(c / sqrt(a * b))),
    "exp": (exp, exp((a + b + 2 * c) / 2)),
    "sin": (sin, exp(-(a + b) / 2) * sinh(c)),
    "leaky ReLU": (
        lambda x: Piecewise((x, x > 0), (x / 5, True)),
        Rational(8, 25) / pi * (sqrt(a * b - c**2) + c * asin(c / sqrt(a * b))) + 9 * c / 25,
    ),
}
PAIR_REFERENCES = {
    "ReLU": (relu, "0.2653780915189423349576934851"),
    "erf": (erf, "0.1754796560918218105125666777"),
    "erf(x/sqrt 2)": (committee, "0.1296758632034241745320455477"),
    "step": (step, "0.3188646691587358064496546513"),
    "erf'": (lambda x: diff(erf(x), x), "0.4501581580785530347775995955"),
    "sign": (sign, "0.2754586766349432257986186052"),
    "exp": (exp, "4.055199966844674587224108895"),
    "sin": (sin, "0.1511073360762099778442988387"),
}


@pytest.mark.parametrize(("f", "formula"), PAIR_KERNELS.values(), ids=PAIR_KERNELS)
def test_kernels_of_pairs(f, formula):
    kernel = average(f(u) * f(v), (u, v), PAIR)
    assert all(agree(kernel, formula, point) for point in POINTS)


@pytest.mark.parametrize(("f", "value"), PAIR_REFERENCES.values(), ids=PAIR_REFERENCES)
def test_kernels_of_pairs_in_numbers(f, value):
    assert trusted(average(f(u) * f(v), (u, v), PAIR).subs(POINTS[0]), value)


@pytest.mark.parametrize("f", [tanh, lambda x: 1 / (1 + exp(-x)), lambda x: x * tanh(x)])
def test_kernels_without_closed_form(f):
    assert average(f(u) * f(v), (u, v), PAIR) is None
    assert average(f(u) + u**2, (u,), PAIR) is None


def test_what_a_kernel_looks_like():
    assert average(relu(u) * relu(v), (u, v), PAIR) == (
        sqrt(a * b - c**2) / (2 * pi) + c / 4 + c * asin(c / sqrt(a * b)) / (2 * pi)
    )
    assert average(sign(u) * sign(v), (u, v), PAIR) == 2 * asin(c / sqrt(a * b)) / pi
    assert average(erf(u) ** 2, (u,), PAIR) == 2 * asin(2 * a / (2 * a + 1)) / pi
    assert average(relu(u) ** 2, (u,), PAIR) == a / 2
    assert average(Abs(u), (u,), PAIR) == sqrt(2) * sqrt(a) / sqrt(pi)
    assert average(cos(u), (u,), PAIR, (m,)) == exp(-a / 2) * cos(m)


# The two-layer kernels of infinitely wide networks: four layers of covariances.
INPUTS = Matrix([[1, Rational(1, 2), Rational(-3, 10)], [Rational(1, 5), -1, Rational(7, 10)]])
FOURTH_LAYER = {
    "ReLU": (
        relu,
        "0.6611093333333333333333333333",
        "0.4831004133070899267416994781",
        "0.7129920000000000000000000000",
    ),
    "erf": (
        erf,
        "0.7626145937387813896830844454",
        "0.1619296466850566245110088122",
        "0.7680314883253868838446301486",
    ),
}


@pytest.mark.parametrize(
    ("f", "first", "shared", "second"), FOURTH_LAYER.values(), ids=FOURTH_LAYER
)
def test_kernel_recursion_to_the_fourth_layer(f, first, shared, second):
    weight, bias = Rational(16, 10), Rational(1, 10)
    kernel = weight / 3 * INPUTS * INPUTS.T + bias * Matrix.ones(2, 2)
    maps = {
        key: average(integrand, (u, v), PAIR)
        for key, integrand in {"uu": f(u) ** 2, "uv": f(u) * f(v), "vv": f(v) ** 2}.items()
    }
    for _ in range(3):
        at = {a: kernel[0, 0], b: kernel[1, 1], c: kernel[0, 1]}
        uu, uv, vv = (bias + weight * maps[k].subs(at).evalf(40) for k in ("uu", "uv", "vv"))
        kernel = Matrix([[uu, uv], [uv, vv]])
    assert trusted(kernel[0, 0], first)
    assert trusted(kernel[0, 1], shared)
    assert trusted(kernel[1, 1], second)


# On-line learning of committees: <g g>, <g' x g>, <g' g' g g>.


def integrand(order, g, slope, x):
    if order == 2:
        return g(x[0]) * g(x[1])
    if order == 3:
        return slope(x[0]) * x[1] * g(x[2])
    return slope(x[0]) * slope(x[1]) * g(x[2]) * g(x[3])


RELU_MOMENTS = {
    "01": "0.2254375751908599079586609756",
    "012": "0.07908121849042599723304575124",
    "021": "0.09749691485751447181040498903",
    "0123": "0.1243740798706480163362814196",
    "0022": "0.4680869671094038068013443549",
    "0023": "0.1495989627429738260683857374",
    "0112": "0.1541651924985505460756516112",
    "0101": "0.2254375751908599079586609756",
}
ERF_MOMENTS = {
    "01": "0.1010826241042598695787898151",
    "012": "0.007812608886656628696579541067",
    "0123": "0.03235624965877707676513369909",
}


@pytest.mark.parametrize(("indices", "value"), RELU_MOMENTS.items())
def test_moments_of_rectified_units(indices, value):
    order = [int(i) for i in indices]
    chosen = [fields[i] for i in order]
    assert trusted(average(integrand(len(order), relu, step, chosen), fields, C4), value)


@pytest.mark.parametrize("indices", ["0022", "0023", "0112", "0101", "0000"])
def test_coinciding_indices_are_a_singular_covariance(indices):
    order = [int(i) for i in indices]
    among = C4.extract(order, order)
    same = average(integrand(4, relu, step, [fields[i] for i in order]), fields, C4)
    assert agree(average(integrand(4, relu, step, fields), fields, among), same, {})


@pytest.mark.parametrize(("indices", "value"), ERF_MOMENTS.items())
def test_moments_of_erf_units(indices, value):
    size = len(indices)
    found = average(integrand(size, committee, committee_slope, fields), fields[:size], C4)
    assert trusted(found, value)


def test_three_rectified_units_symbolically():
    C11, C12, C13, C23, C33 = (SYMBOLIC[k] for k in ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2)))
    found = average(integrand(3, relu, step, fields), fields[:3])
    quarter = Rational(1, 4) + asin(C13 / sqrt(C11 * C33)) / (2 * pi)
    formula = C12 * sqrt(C11 * C33 - C13**2) / (2 * pi * C11) + C23 * quarter
    assert (found - formula).expand() == 0


def test_three_erf_units_symbolically():
    C11, C12, C13, C23, C33 = (SYMBOLIC[k] for k in ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2)))
    found = average(integrand(3, committee, committee_slope, fields), fields[:3])
    spread = sqrt((1 + C11) * (1 + C33) - C13**2)
    formula = 2 * (C23 * (1 + C11) - C12 * C13) / (pi * (1 + C11) * spread)
    assert (found - formula).expand() == 0


def test_four_erf_units_symbolically():
    """Saad and Solla, Phys. Rev. E 52, 4225 (1995), with their Lambdas."""
    C = SYMBOLIC
    found = average(integrand(4, committee, committee_slope, fields))
    four = (1 + C[0, 0]) * (1 + C[1, 1]) - C[0, 1] ** 2

    def reduced(i, j):
        return (
            four * C[i, j]
            - C[1, i] * C[1, j] * (1 + C[0, 0])
            - C[0, i] * C[0, j] * (1 + C[1, 1])
            + C[0, 1] * (C[0, i] * C[1, j] + C[0, j] * C[1, i])
        )

    one, two = (four + reduced(k, k) for k in (2, 3))
    formula = 4 / pi**2 / sqrt(four) * asin(reduced(2, 3) / sqrt(one * two))
    assert agree(found, formula, dict(zip(SYMBOLIC, C4, strict=True)))


def test_four_rectified_units_need_one_orthant_probability():
    found = average(integrand(4, relu, step, fields))
    assert len(found.atoms(OrthantProbability)) == 1
    at = dict(zip(SYMBOLIC, C4, strict=True))
    assert agree(found, average(integrand(4, relu, step, fields), fields, C4), at)


def test_one_unit_learning_one_unit():
    """The flow of a rectified student and teacher, with rho = R/sqrt(Q T), D = sqrt(Q T - R^2)."""
    Q, T, R = symbols("Q T R")
    covariance = Matrix([[Q, R], [R, T]])
    among = Rational(1, 4) + asin(R / sqrt(Q * T)) / (2 * pi)
    determinant = sqrt(Q * T - R**2)
    squared = average(step(u) * step(v) * v**2, (u, v), covariance)
    assert (squared - T * among - R * determinant / (2 * pi * Q)).expand() == 0
    crossed = average(step(u) * step(v) * u * v, (u, v), covariance)
    assert (crossed - R * among - determinant / (2 * pi)).expand() == 0
    error = average((relu(v) - relu(u)) ** 2 / 2, (u, v), covariance)
    assert (error - (Q + T) / 4 + crossed).expand() == 0
