"""FreeEntropy: saddle equations, thermodynamics, response, fluctuations, elimination, hand-over."""

import pickle

import mpmath
import pytest
from sympy import (
    Eq,
    Integer,
    Matrix,
    Rational,
    Symbol,
    atanh,
    cosh,
    exp,
    gamma,
    lambdify,
    log,
    nan,
    oo,
    sinh,
    symbols,
    tanh,
)

import derive as dv
from derive import DeclarationError, DeriveError, FreeEntropy, ParameterError
from tests.derive.mean_field import (
    LINEARISED,
    Delta,
    J,
    N,
    T,
    beta,
    curie_weiss,
    curie_weiss_in_temperature,
    curie_weiss_pair,
    h,
    m,
    m1,
    m2,
    mhat,
    spin_one,
    two_populations,
)

# m = tanh((J m + h)/T), F = J m^2/2 - T log 2cosh((J m + h)/T), chi = dm/dh, u = -J m^2/2 - h m,
# s = (u - F)/T, C = du/dT; each root and derivative computed at 40 digits, J = 1
REFERENCE = {
    ("0.99", "0"): {
        "m": "0.1725110699750512227943607708",
        "F": "-0.6862905580867436783927423678",
        "chi": "49.10103895773244029185125036",
        "u": "-0.01488003463196850974937478728",
        "s": "0.6781924479341163319629975560",
        "C": "1.476010424558977154969457504",
    },
    ("0.8", "0.1"): {
        "m": "0.8161560324809378965130163164",
        "F": "-0.6602406842851525343662660940",
        "chi": "0.7163305897009159363411500821",
        "u": "-0.4146709379256066670234422949",
        "s": "0.3069621829494323341785297488",
        "C": "0.7515578261114657759563114157",
    },
    ("1", "1e-6"): {
        "m": "0.01442189571377182259672527433",
        "F": "-0.6931471913765170907344346671",
        "chi": "4806.898585521035779751671960",
        "u": "-0.0001040099598851688060063033420",
        "s": "0.6930431814166319219284283637",
        "C": "0.9999306629111337987781319508",
    },
    ("1.5", "0.3"): {
        "m": "0.4752547028115811524312618269",
        "F": "-1.118795975244354153534162317",
        "chi": "1.066494182469970141936272831",
        "u": "-0.2555099271157365068062464466",
        "s": "0.5755240320857450978186105801",
        "C": "0.4273227853912102910049425682",
    },
    ("2", "0.5"): {
        "m": "0.4369774072580215149351651808",
        "F": "-1.502713371521651673195118388",
        "chi": "0.6793326772911174199759149249",
        "u": "-0.3139633308559821545474503953",
        "s": "0.5943750203328347593238339962",
        "C": "0.2982021347830209308557746521",
    },
}


def at_root(free_entropy, values, start):
    """A function that evaluates expressions at the saddle near `start`, with mpmath."""
    names = [*free_entropy.unknowns, *free_entropy.parameters, N]
    given = [mpmath.mpf(values[str(p)]) for p in free_entropy.parameters]
    size = mpmath.mpf(values.get("N", 1))
    gradient = lambdify(names, list(free_entropy.gradient), "mpmath")
    start = [mpmath.mpf(s) for s in start]
    if len(start) == 1:
        root = [mpmath.findroot(lambda x: gradient(x, *given, size)[0], start[0])]
    else:
        root = list(mpmath.findroot(lambda *x: gradient(*x, *given, size), start))
    return lambda expr: mpmath.mpf(lambdify(names, expr, "mpmath")(*root, *given, size))


def agree(value, reference, digits=25):
    reference = mpmath.mpf(reference)
    return abs(value - reference) <= abs(reference) * mpmath.mpf(10) ** (1 - digits)


# -- Curie-Weiss -----------------------------------------------------------------------------------


def test_saddle_equation():
    assert curie_weiss().saddle_equations == [Eq(m, tanh(beta * (J * m + h)))]


@pytest.mark.parametrize("point", list(REFERENCE))
def test_thermodynamics_to_25_digits(point):
    temperature, field = point
    expected = REFERENCE[point]
    with mpmath.workdps(40):
        values = {"J": 1, "h": field, "beta": 1 / mpmath.mpf(temperature), "T": temperature}
        for free_entropy in (curie_weiss(), curie_weiss_in_temperature()):
            value = at_root(free_entropy, values, [expected["m"]])
            assert agree(value(free_entropy.magnetisation("h")), expected["m"])
            assert agree(value(free_entropy.free_energy), expected["F"])
            assert agree(value(free_entropy.susceptibility("h")), expected["chi"])
            assert agree(value(free_entropy.energy), expected["u"])
            assert agree(value(free_entropy.entropy), expected["s"])
            assert agree(value(free_entropy.specific_heat), expected["C"])


def test_thermodynamics_of_the_conjugate_pair():
    pair = curie_weiss_pair()
    assert pair.saddle_equations == [Eq(m, tanh(mhat)), Eq(mhat, beta * J * m + beta * h)]
    expected = REFERENCE["0.8", "0.1"]
    with mpmath.workdps(40):
        values = {"J": 1, "h": "0.1", "beta": 1 / mpmath.mpf("0.8")}
        guess = mpmath.mpf(expected["m"])
        value = at_root(pair, values, [guess, mpmath.atanh(guess)])
        for expr, key in (
            (pair.magnetisation(h), "m"),
            (pair.free_energy, "F"),
            (pair.susceptibility(h), "chi"),
            (pair.energy, "u"),
            (pair.entropy, "s"),
            (pair.specific_heat, "C"),
        ):
            assert agree(value(expr), expected[key]), key


def test_what_is_shown_is_what_is_written_on_paper():
    cw = curie_weiss()
    assert cw.energy == -J * m**2 / 2 - h * m
    assert cw.magnetisation() == m
    assert cw.susceptibility() == beta * (1 - m**2) / (1 - beta * J * (1 - m**2))
    assert cw.on_shell_hessian == Matrix([[beta * J * (beta * J * (1 - m**2) - 1)]])
    assert cw.fluctuation == -log(1 - beta * J * (1 - m**2)) / 2


def test_responses_are_derivatives_along_the_saddle():
    cw = curie_weiss()
    step = mpmath.mpf(10) ** -12
    with mpmath.workdps(50):

        def solved(expr, **changes):
            values = {"J": 1, "h": mpmath.mpf("0.1"), "beta": mpmath.mpf("1.25")} | changes
            return at_root(cw, values, ["0.8"])(expr)

        for parameter, centre in (("h", "0.1"), ("beta", "1.25"), ("J", "1")):
            centre = mpmath.mpf(centre)
            for expr in (m, cw.energy, cw.response("m", "h")):
                up = solved(expr, **{parameter: centre + step})
                down = solved(expr, **{parameter: centre - step})
                difference = (up - down) / (2 * step)
                assert agree(solved(cw.derivative(expr, parameter)), difference, 20)
        assert solved(cw.response("m", "h", "h")) == solved(cw.derivative(cw.response(m, h), h))


# -- other forms of stationarity -------------------------------------------------------------------


def test_coupled_unknowns_are_solved_together():
    J1, J2, J12 = symbols("J1 J2 J12", positive=True)
    two = two_populations(J1, J2, J12)
    assert two.saddle_equations == [
        Eq(m1, tanh(beta * (J1 * m1 + J12 * m2 + h))),
        Eq(m2, tanh(beta * (J12 * m1 + J2 * m2 + h))),
    ]
    assert two.magnetisation(h) == m1 / 2 + m2 / 2
    with mpmath.workdps(40):
        values = {"J1": 1, "J2": "0.5", "J12": "0.7", "h": "0.1", "beta": "1.1"}
        step = mpmath.mpf(10) ** -15

        def magnetisation(field):
            return at_root(two, values | {"h": field}, ["0.8", "0.7"])(two.magnetisation())

        slope = (magnetisation("0.1") - magnetisation(mpmath.mpf("0.1") - step)) / step
        chi = at_root(two, values, ["0.8", "0.7"])(two.susceptibility("h"))
        assert abs(chi - slope) < 1e-13


def test_spin_one_saddle_equation_and_identity_of_fluctuation_and_response():
    one = spin_one()
    weight, x = 2 * exp(-beta * Delta), beta * (J * m + h)
    assert one.saddle_equations == [Eq(m, weight * sinh(x) / (1 + weight * cosh(x)))]
    with mpmath.workdps(30):
        value = at_root(one, {"J": 1, "Delta": "0.3", "h": "0.2", "beta": "1.4"}, ["0.7"])
        mean_square = value(weight * cosh(x) / (1 + weight * cosh(x)))
        variance = mean_square - value(m) ** 2
        chi = value(beta) * variance / (1 - value(beta * J) * variance)
        assert agree(value(one.susceptibility()), chi)
        energy = value(Delta) * mean_square - value(J * m**2 / 2 + h * m)
        assert agree(value(one.energy), energy)


def test_inverse_functions_are_inverted():
    entropic = log(2) - ((1 + m) * log(1 + m) + (1 - m) * log(1 - m)) / 2
    rate = FreeEntropy(entropic + beta * J * m**2 / 2 + beta * h * m, m, beta=beta)
    assert rate.saddle_equations == [Eq(m, tanh(beta * J * m + beta * h))]
    occupation = Symbol("n", positive=True)
    mixing = -occupation * log(occupation) - (1 - occupation) * log(1 - occupation)
    gas = FreeEntropy(mixing - beta * h * occupation, occupation, beta=beta)
    assert gas.saddle_equations == [Eq(occupation, Rational(1, 2) - tanh(beta * h / 2) / 2)]


def test_no_natural_form_leaves_the_gradient():
    quartic = FreeEntropy(-(m**4) + J * m**2, m)
    assert quartic.saddle_equations == [Eq(-4 * m**3 + 2 * J * m, 0, evaluate=False)]
    assert quartic.equations().update == ()
    assert quartic.equations().residuals == (-4 * m**3 + 2 * J * m,)


def test_stationarity_of_every_form_is_the_gradient():
    for free_entropy in (curie_weiss(), curie_weiss_pair(), spin_one()):
        for unknown, row in zip(free_entropy.unknowns, free_entropy.gradient, strict=True):
            difference = row - free_entropy.density.diff(unknown)
            point = {m: 0.31, mhat: 0.2, beta: 0.7, J: 1.3, h: 0.15, Delta: 0.4}
            assert abs(difference.subs(point).evalf()) < 1e-14


# -- elimination -----------------------------------------------------------------------------------


def same_expansion(free_entropies, values, starts):
    with mpmath.workdps(30):
        found = [
            [at_root(f, values, s)(e) for e in (f.density, f.fluctuation, f.next_order)]
            for f, s in zip(free_entropies, starts, strict=True)
        ]
        pairs = [pair for row in found[1:] for pair in zip(row, found[0], strict=True)]
        return all(agree(a, b, 20) for a, b in pairs)


def test_every_representation_has_the_same_expansion_in_1_over_N():
    pair = curie_weiss_pair()
    without_conjugate, without_m = pair.eliminate("mhat"), pair.eliminate("m")
    assert without_conjugate.signs == (1,)
    assert without_m.signs == (1,)  # turned with its partner: m is convex in the energy
    values = {"J": 1, "h": "0.3", "beta": "0.6"}
    assert same_expansion(
        [curie_weiss(), pair, without_conjugate, without_m],
        values,
        [["0.4"], ["0.4", "0.5"], ["0.4"], ["0.5"]],
    )


def test_elimination_gives_the_rate_function():
    rate = curie_weiss_pair().eliminate("mhat")
    expected = (
        beta * J * m**2 / 2 + beta * h * m - m * atanh(m) + log(2 / (1 - m**2) ** Rational(1, 2))
    )
    difference = (rate.density - expected).subs({m: 0.3, beta: 0.7, J: 1.1, h: 0.2})
    assert abs(difference.evalf()) < 1e-14


def test_on_shell_form_is_the_one_of_the_linearised_square():
    shell = curie_weiss_pair().on_shell("mhat")
    assert shell.saddle_equations == [Eq(m, tanh(beta * J * m + beta * h))]
    values = {"J": 1, "h": "0.3", "beta": "0.6"}
    with mpmath.workdps(30):
        expected = at_root(curie_weiss(), values, ["0.4"])
        value = at_root(shell, values, ["0.4"])
        assert agree(value(shell.density), expected(LINEARISED))
        assert agree(value(shell.fluctuation), expected(curie_weiss().fluctuation))


def test_elimination_chooses_the_real_branch():
    k = Symbol("k", real=True)
    one_site = log(1 + 2 * exp(-beta * Delta) * cosh(k))
    pair = FreeEntropy(beta * J * m**2 / 2 - m * k + one_site, (m, k), (1, -1), beta=beta)
    rate = pair.eliminate("k")
    values = {"J": 1, "beta": "2", "Delta": "0.2"}
    with mpmath.workdps(30):
        a = at_root(pair, values, ["0.8", "1.6"])
        b = at_root(rate, values, [a(m) - mpmath.mpf("1e-4")])
        assert a(m) > 0.5
        assert agree(a(m), b(m), 20)
        assert agree(a(pair.density), b(rate.density), 20)


def test_what_cannot_be_eliminated():
    quartic = FreeEntropy(-(m**4) / 4 + m**2 * m1 - m1**2, (m, m1))
    with pytest.raises(DeriveError, match="real solutions"):
        quartic.eliminate("m")
    transcendental = FreeEntropy(m * exp(m) + m1 * m + m**2, (m, m1))
    with pytest.raises(DeriveError, match="cannot be eliminated"):
        transcendental.eliminate("m")
    with pytest.raises(DeriveError, match=r"eliminate\('m'\)"):
        curie_weiss().on_shell("m")


# -- finite size -----------------------------------------------------------------------------------


def exact_log_z(size, values):
    """Curie-Weiss by the binomial sum over the magnetisation."""
    b, coupling, field = (mpmath.mpf(values[k]) for k in ("beta", "J", "h"))
    moments = (2 * k - size for k in range(size + 1))
    return mpmath.log(
        mpmath.fsum(
            mpmath.binomial(size, (size + M) // 2)
            * mpmath.exp(b * (coupling * mpmath.mpf(M) ** 2 / (2 * size) + field * M))
            for M in moments
        )
    )


@pytest.mark.parametrize(
    ("values", "start", "saddles"),
    [
        ({"beta": "0.5", "J": 1, "h": "0.3"}, "0.3", 1),
        ({"beta": "0.7", "J": 1, "h": 0}, "0", 1),
        ({"beta": "2", "J": 1, "h": "0"}, "0.95", 2),  # two saddles related by symmetry
    ],
)
@pytest.mark.parametrize("make", [curie_weiss, curie_weiss_pair])
def test_expansion_converges_at_the_order_it_claims(make, values, start, saddles):
    free_entropy = make()
    starts = [start] if len(free_entropy.unknowns) == 1 else [start, mpmath.atanh(start)]
    errors = []
    with mpmath.workdps(40):
        for size in (512, 1024):
            value = at_root(free_entropy, values | {"N": size}, starts)
            exact = exact_log_z(size, values) / size
            leading = value(free_entropy.density) + mpmath.log(saddles) / size
            gaussian = leading + value(free_entropy.fluctuation) / size
            third = gaussian + value(free_entropy.next_order) / size**2
            errors.append([abs(exact - e) for e in (leading, gaussian, third)])
    ratios = [a / b for a, b in zip(*errors, strict=True)]
    assert ratios[0] == pytest.approx(2, rel=0.05)
    assert ratios[1] == pytest.approx(4, rel=0.05)
    assert ratios[2] == pytest.approx(8, rel=0.05)


def test_expansion_in_two_dimensions():
    # two populations of N/2 spins each, coupled: the exact sum runs over both magnetisations
    first, second = (
        dv.Index("i", dv.IndexRange(N / 2, "A")),
        dv.Index("j", dv.IndexRange(N / 2, "B")),
    )
    s, t = dv.Ising("s", first), dv.Ising("t", second)
    S1, S2 = dv.total(s[first], first), dv.total(t[second], second)
    form = S1**2 + S2**2 / 2 + 2 * Rational(3, 10) * S1 * S2
    model = dv.Ensemble(trace=[s, t], exponent=beta / (2 * N) * form + beta * h * (S1 + S2))
    two = model.derive().hubbard_stratonovich("m1", "m2").trace(s).trace(t).saddle_point(N).state

    def exact(size, b, field):
        half = range(-size // 2, size // 2 + 1, 2)
        count = {M: mpmath.binomial(size // 2, (size // 2 + M) // 2) for M in half}
        return mpmath.log(
            mpmath.fsum(
                count[A]
                * count[B]
                * mpmath.exp(
                    b * (A**2 + mpmath.mpf(B**2) / 2 + mpmath.mpf("0.6") * A * B) / (2 * size)
                    + b * field * (A + B)
                )
                for A in half
                for B in half
            )
        )

    errors = []
    with mpmath.workdps(30):
        b, field = mpmath.mpf("0.4"), mpmath.mpf("0.2")
        for size in (128, 256):
            value = at_root(two, {"beta": b, "h": field, "N": size}, ["0.3", "0.3"])
            orders = [
                size * value(two.density),
                value(two.fluctuation),
                value(two.next_order) / size,
            ]
            missing = exact(size, b, field)
            errors.append([abs(missing := missing - term) for term in orders])
    ratios = [a / b for a, b in zip(*errors, strict=True)]
    assert ratios[0] == pytest.approx(1, rel=0.05)
    assert ratios[1] == pytest.approx(2, rel=0.05)
    assert ratios[2] == pytest.approx(4, rel=0.05)
    assert not two.fluctuation.has(N)  # the contour's norm cancels against the determinant


def test_log_partition_sums_what_it_promises():
    cw = curie_weiss()
    assert cw.log_partition(0) == N * cw.density + cw.fluctuation
    assert (cw.log_partition(1) - cw.log_partition(0) - cw.next_order / N).expand() == 0


def test_an_odd_number_of_pairs_has_a_positive_determinant():
    pair = curie_weiss_pair()
    assert pair.hessian.det().subs({m: 0, mhat: 0, beta: 0.5, J: 1, h: 0}) < 0
    assert pair.fluctuation.subs({m: 0, beta: 0.5, J: 1}).evalf() == pytest.approx(
        -float(log(Rational(1, 2))) / 2
    )


def test_corrections_of_the_exponent_enter():
    plain = FreeEntropy(-(m**2) / 2, m, size=N)
    shifted = FreeEntropy(-(m**2) / 2, m, size=N, correction=J * m + h * m**2 / (2 * N))
    assert plain.next_order == 0
    assert shifted.fluctuation == plain.fluctuation + J * m
    assert [c.subs(m, 0) for c in shifted.corrections(2)] == [J**2 / 2, h / 2]


# -- indexed unknowns ------------------------------------------------------------------------------


def network():
    i, j = dv.indices("i j", N)
    w, V, U = dv.Given("w", i, j, symmetric=True), dv.Real("V", i), dv.Real("U", i)
    exponent = (
        beta / (2 * N) * dv.total(w[i, j] * V[i] * V[j], i, j)
        + beta * h * dv.total(V[i], i)
        - dv.total(U[i] * V[i], i)
        + dv.total(log(2 * cosh(U[i])), i)
    )
    free_entropy = FreeEntropy(exponent / N, (V[i], U[i]), (1, -1), N, beta, kind="approximation")
    return free_entropy, (i, j), (w, V, U)


def test_vector_saddle_equations_and_hessian_blocks():
    net, (i, j), (w, V, U) = network()
    field = beta * dv.total(w[i, j] * V[j], j) / N + beta * h
    assert net.saddle_equations == [Eq(V[i], tanh(U[i])), Eq(U[i], field)]
    delta = U[i].diff(U[j])
    assert net.hessian_block("V", "V") == beta * w[i, j] / N**2
    assert net.hessian_block("V", "U") == -delta / N
    assert (net.hessian_block("U", "U") - delta * (1 - V[i] ** 2) / N).expand() == 0
    assert net.magnetisation() == dv.total(V[i], i) / N


def test_vector_response_is_implicit_differentiation():
    net, (i, j), (w, V, _) = network()
    shell = net.on_shell("U")
    (equation,) = shell.saddle_equations
    assert equation == Eq(V[i], tanh(beta * h + beta * dv.total(w[i, j] * V[j], j) / N))
    response = shell.response_equation("V", "h")
    dV = response.lhs.label
    expected = beta * (1 - V[i] ** 2) * (1 + dv.total(w[i, j] * dV[j], j) / N)
    assert response.lhs == dV[i]
    assert (response.rhs - expected).expand() == 0


def test_vector_conjugate_is_eliminated_site_by_site():
    net, (i, j), (w, V, _) = network()
    rate = net.eliminate("U")
    assert rate.unknowns == (V[i],)
    field = beta * h + beta * dv.total(w[i, j] * V[j], j) / N
    assert rate.saddle_equations == [Eq(V[i], tanh(field))]
    with pytest.raises(DeriveError, match=r"couples its components: use on_shell\('V'\)"):
        net.eliminate("V")


def test_vector_unknowns_refuse_what_needs_a_finite_matrix():
    net, *_ = network()
    for use in (lambda: net.hessian, lambda: net.fluctuation, lambda: net.response("V", "h")):
        with pytest.raises(DeriveError, match="hessian_block"):
            use()
    names = [name for name, _ in net.equations().observables]
    assert names == ["free_energy", "energy", "entropy", "magnetisation"]


def test_finite_index_is_written_out():
    a = dv.Index("a", 3)
    x = dv.Real("m", a)
    phi = log(dv.total(exp(beta * J * x[a]), a)) - beta * J * dv.total(x[a] ** 2, a) / 2
    potts = FreeEntropy(phi, x[a], size=N, beta=beta)
    total = dv.total(exp(beta * J * x[a]), a)
    assert potts.saddle_equations == [Eq(x[a], exp(beta * J * x[a]) / total)]
    assert potts.energy == -J * dv.total(x[a] ** 2, a) / 2
    assert potts.equations().bounds == ((0, 1),)
    assert potts.explicit.unknowns == (x[1], x[2], x[3])
    critical = potts.critical_point(at={x[k]: Rational(1, 3) for k in (1, 2, 3)})
    assert critical.values == (3 / J,)
    assert [len(modes) for modes in critical.modes] == [2]


# -- the object itself -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [curie_weiss, curie_weiss_in_temperature, curie_weiss_pair, spin_one, lambda: network()[0]],
)
def test_everything_is_in_args(make):
    free_entropy = make()
    assert free_entropy.func(*free_entropy.args) == free_entropy
    copy = pickle.loads(pickle.dumps(free_entropy))
    assert copy == free_entropy
    assert copy.saddle_equations == free_entropy.saddle_equations
    assert copy.beta == free_entropy.beta
    assert copy.kind == free_entropy.kind


def test_unknown_names():
    cw = curie_weiss()
    assert cw.unknown("m") == cw.unknown(m) == m
    with pytest.raises(ParameterError, match="no unknown q: there are m"):
        cw.response("q", "h")
    with pytest.raises(ParameterError, match="no parameter g: there are J, beta, h"):
        cw.susceptibility("g")


def test_temperature_must_be_known():
    bare = FreeEntropy(LINEARISED, m)
    for use in (lambda: bare.free_energy, lambda: bare.energy, lambda: bare.specific_heat):
        with pytest.raises(ParameterError, match="beta="):
            use()
    fixed = FreeEntropy(LINEARISED.subs(beta, 2), m, beta=2)
    assert fixed.free_energy == -fixed.density / 2
    with pytest.raises(ParameterError, match="keep the temperature as a symbol"):
        fixed.energy  # noqa: B018


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: FreeEntropy(m**2, (m, m)), "named twice"),
        (lambda: FreeEntropy(m**2, (m,), (1, 1)), "one of"),
        (lambda: FreeEntropy(m**2, (m,), (2,)), "one of"),
        (lambda: FreeEntropy(m**2, (m**2,)), "neither a symbol"),
        (lambda: FreeEntropy(nan, m), "no finite expression"),
        (lambda: FreeEntropy(m**2, m, kind="guess"), "choose one of"),
    ],
)
def test_malformed_declarations(declare, message):
    with pytest.raises(DeclarationError, match=message):
        declare()


def test_flat_direction_is_named():
    flat = FreeEntropy(-((m1 + m2) ** 2), (m1, m2))
    with pytest.raises(DeriveError, match="flat"):
        flat.fluctuation  # noqa: B018


# -- hand-over -------------------------------------------------------------------------------------


def test_equations_of_curie_weiss():
    equations = curie_weiss().equations()
    assert equations.unknowns == (m,)
    assert equations.parameters == (J, beta, h)
    assert equations.update == (tanh(beta * (J * m + h)),)
    assert equations.residuals == (tanh(beta * (J * m + h)) - m,)
    assert equations.potential == LINEARISED
    assert equations.signs == (1,)
    assert equations.bounds == ((-1, 1),)
    names = [name for name, _ in equations.observables]
    assert names == ["free_energy", "energy", "entropy", "magnetisation", "susceptibility"]


def test_bounds_come_from_the_update():
    assert spin_one().equations().bounds == ((-1, 1),)
    assert curie_weiss_pair().equations().bounds[0] == (-1, 1)
    wide = beta * J
    low, high = curie_weiss_pair().equations().bounds[1]
    assert (low, high) == (beta * h - wide, beta * h + wide)
    u = Symbol("u", real=True)
    binary = FreeEntropy(log(1 + exp(u)) - u**2 / (2 * J), u)
    assert binary.equations().bounds == ((0, J),)
    free = FreeEntropy(u * h - u**2 / 2 + log(1 + u**2), u)
    assert free.equations().bounds == ((-oo, oo),)


def test_three_spin_ferromagnet_through_its_pair():
    pair = FreeEntropy(
        beta * J * m**3 + beta * h * m - m * mhat + log(2 * cosh(mhat)),
        (m, mhat),
        (1, -1),
        N,
        beta,
    )
    assert pair.saddle_equations == [
        Eq(m, tanh(mhat)),
        Eq(mhat, 3 * beta * J * m**2 + beta * h),
    ]
    assert pair.energy == -J * m**3 - h * m
    inverse = 1 - 6 * beta * J * m * (1 - m**2)
    difference = pair.susceptibility() - beta * (1 - m**2) / inverse
    assert abs(difference.subs({m: 0.7, beta: 0.9, J: Integer(1)}).evalf()) < 1e-14


def test_interval_spins_have_the_langevin_function():
    i = dv.Index("i", N)
    x = dv.Interval("x", i)
    model = dv.Ensemble(
        trace=x,
        exponent=beta * J / (2 * N) * dv.total(x[i], i) ** 2 + beta * h * dv.total(x[i], i),
    )
    rotors = model.derive().hubbard_stratonovich("m").trace(x).saddle_point(N).state
    (equation,) = rotors.saddle_equations
    for field in (0.3, 1.7):
        point = {m: 0.4, beta: 1, J: 0.5, h: field}
        argument = 0.5 * 0.4 + field
        langevin = 1 / mpmath.tanh(argument) - 1 / argument
        assert equation.rhs.subs(point).evalf() == pytest.approx(float(langevin), rel=1e-13)
    assert rotors.critical_point(h=0).value == 3 / J  # 0/0 at m = 0 is taken as a limit


def test_single_site_integral_without_closed_form():
    i = dv.Index("i", N)
    x = dv.Real("x", i, weight=lambda x: exp(-(x**4)))
    model = dv.Ensemble(
        trace=x,
        exponent=beta * J / (2 * N) * dv.total(x[i], i) ** 2 + beta * h * dv.total(x[i], i),
    )
    quartic = model.derive().hubbard_stratonovich("m").trace(x).saddle_point(N).state
    assert quartic.energy == -J * m**2 / 2 - h * m
    assert quartic.parameters == (J, beta, h)
    critical = quartic.critical_point(h=0).value.subs(J, 1).evalf(15)
    mean_square = float(gamma(Rational(3, 4)) / gamma(Rational(1, 4)))  # int x^2 e^{-x^4}
    assert critical == pytest.approx(1 / mean_square, rel=1e-12)


def test_temperature_symbol_may_be_T():
    in_temperature = curie_weiss_in_temperature()
    assert in_temperature.critical_point(h=0).value == J
    assert in_temperature.beta_symbol == T
