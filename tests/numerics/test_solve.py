"""Solutions of the Curie-Weiss magnet and its relatives obey the physics they stand for."""

import pickle
from dataclasses import FrozenInstanceError

import mpmath as mp
import numpy as np
import pytest
from sympy import log, symbols, tanh

from derive.equations import Equations
from numerics.errors import NumericsError
from numerics.solvers import (
    BranchError,
    DampedFixedPoint,
    Newton,
    ProblemError,
    Stability,
    Status,
    solve,
)
from tests.numerics.models import CONJUGATE, CURIE_WEISS, POTTS, beta, h, m

EPS = np.finfo(float).eps

# T, h: m, F per spin, chi at J = 1, to 25 digits (mpmath).
REFERENCE = {
    (0.99, 0.0): (
        "0.1725110699750512227943607708",
        "-0.6862905580867436783927423678",
        "49.10103895773244029185125036",
    ),
    (0.8, 0.1): (
        "0.8161560324809378965130163164",
        "-0.6602406842851525343662660940",
        "0.7163305897009159363411500821",
    ),
    (1.0, 1e-6): (
        "0.01442189571377182259672527433",
        "-0.6931471913765170907344346671",
        "4806.898585521035779751671960",
    ),
    (1.5, 0.3): (
        "0.4752547028115811524312618269",
        "-1.118795975244354153534162317",
        "1.066494182469970141936272831",
    ),
    (2.0, 0.5): (
        "0.4369774072580215149351651808",
        "-1.502713371521651673195118388",
        "0.6793326772911174199759149249",
    ),
}


def magnet(temperature, field=0.0, **options):
    return solve(CURIE_WEISS, beta=1 / np.asarray(temperature), J=1, h=field, **options)


def exact_root(inverse, field, near):
    """The root for exactly these floats, to 40 digits."""
    with mp.workdps(40):
        b, f = mp.mpf(float(inverse)), mp.mpf(float(field))
        return mp.findroot(lambda x: x - mp.tanh(b * (x + f)), mp.mpf(float(near)))


@pytest.mark.parametrize(("point", "known"), REFERENCE.items())
def test_reference_values_to_the_rounding_of_their_parameters(point, known):
    temperature, field = point
    value, energy, chi = (float(number) for number in known)
    found = magnet(temperature, field)
    # 1/T and h carry half an ulp each: m moves by chi times the change of the field they amount to.
    moved = 2 * EPS * (value + chi * (value + 2 * field))
    assert abs(found.dominant("m") - value) <= moved
    assert abs(found.dominant("free_energy") - energy) <= 4 * EPS
    susceptibility = found.dominant("susceptibility")
    assert abs(susceptibility / chi - 1) <= 4 * chi * (EPS + value * moved) / (1 - value**2)


@pytest.mark.parametrize("point", REFERENCE)
def test_the_error_estimate_bounds_the_error_without_hiding_behind_a_large_one(point):
    temperature, field = point
    found = magnet(temperature, field)
    root = exact_root(1 / temperature, field, found.dominant("m"))
    error = abs(float(root - mp.mpf(float(found.dominant("m")))))
    condition = 1 + float(REFERENCE[point][2])
    assert error <= found.dominant("error") <= 16 * EPS * condition


def test_well_conditioned_roots_are_right_to_the_last_bit_or_two():
    inverse = np.linspace(1.2, 30, 40)
    values = solve(CURIE_WEISS, beta=inverse, J=1, h=0.1).dominant("m")
    for b, value in zip(inverse, values, strict=True):
        assert abs(float(exact_root(b, 0.1, value) - mp.mpf(float(value)))) <= 2 * EPS * value


def test_three_branches_below_the_critical_temperature_with_their_stability():
    found = magnet([0.3, 0.5, 0.9, 1.1, 3.0])
    assert found.count.tolist() == [3, 3, 3, 1, 1]
    below = found["m"][:3]
    np.testing.assert_allclose(below[:, 0], -below[:, 2], rtol=4 * EPS)
    assert (below[:, 1] == 0).all()
    assert found.stable[:3].tolist() == [[True, False, True]] * 3
    assert found.stable[3:, 0].all()
    assert found["m"].mask[3:, 1:].all()
    assert (found.coexisting == [2, 2, 2, 1, 1]).all()


def test_the_metastable_branch_exists_up_to_the_spinodal_field():
    edge = 0.06224413545227518128362760301  # cw_spinodal_T0.8
    found = magnet(0.8, np.array([-edge - 1e-6, -edge + 1e-6]))
    assert found.count.tolist() == [1, 3]
    assert found.dominant("m")[1] < 0 < found["m"][1, 2]


def test_dominant_is_the_stable_branch_of_largest_potential():
    found = magnet(0.8, np.array([-0.05, 0.05]))
    assert found.count.tolist() == [3, 3]
    assert (np.sign(found.dominant("m")) == [-1, 1]).all()
    assert (found.dominant("potential") == found.potential.max(axis=1)).all()


def test_the_critical_point_is_found_and_called_marginal():
    found = magnet(1.0)
    assert found.status == Status.MARGINAL
    assert found.count == 1
    assert found.stability[0] == Stability.MARGINAL
    assert abs(found["m"][0]) <= found.error[0]
    # m - tanh(m) = m**3/3 drowns in rounding below m = (3 eps)**(1/2) or so
    assert 1e-9 < found.error[0] < 1e-6
    assert found.residual[0] == 0
    assert np.isinf(found.dominant("susceptibility"))
    assert "nearly singular" in found.sentence()


@pytest.mark.parametrize("shift", [1e-3, 1e-5, 1e-7, 1e-9])
def test_near_critical_roots_lie_within_their_error_estimates(shift):
    found = magnet(1 - shift)
    root = exact_root(1 / (1 - shift), 0, np.sqrt(3 * shift))
    top = found["m"][found.count - 1]
    assert abs(float(root - mp.mpf(float(top)))) <= found.error[found.count - 1]


def test_a_batch_equals_its_points_one_by_one():
    temperatures = np.linspace(0.4, 2, 400)
    batch = magnet(temperatures, 0.01)
    for k in range(0, 400, 7):
        single = magnet(temperatures[k], 0.01)
        n = int(single.count)
        assert n == batch.count[k]
        assert (single["m"] == batch["m"][k, :n]).all()
        assert (single.stability == batch.stability[k, :n]).all()


def test_parameters_broadcast_against_each_other():
    temperatures, fields = np.array([[0.6], [1.2]]), np.array([-0.2, 0.0, 0.3])
    found = magnet(temperatures, fields)
    assert found.shape == found.count.shape == (2, 3)
    assert found["m"].shape == (2, 3, 3)
    for a in range(2):
        for b in range(3):
            alone = magnet(temperatures[a, 0], fields[b])
            assert alone.dominant("m") == found.dominant("m")[a, b]


def test_a_conjugate_field_is_eliminated_before_stability_is_judged():
    one = magnet([0.5, 0.8, 1.5], 0.02)
    two = solve(CONJUGATE, beta=1 / np.array([0.5, 0.8, 1.5]), J=1, h=0.02)
    assert (one.count == two.count).all()
    assert (one.stability == two.stability).all()
    np.testing.assert_allclose(one["m"], two["m"], rtol=1e-14)
    np.testing.assert_allclose(one.potential, two.potential, rtol=1e-14)
    np.testing.assert_allclose(np.tanh(two["u"]), two["m"], rtol=1e-14)


def test_a_field_of_negative_sign_alone_is_stable_where_the_potential_is_minimal():
    repelling = Equations(
        (m,), (beta, h), (), potential=m**2 / (2 * beta) - h * m, signs=(-1,), bounds=((-9, 9),)
    )
    found = solve(repelling, beta=2.0, h=0.5)
    assert found["m"].tolist() == [1.0]
    assert found.stable.tolist() == [True]
    upright = Equations((m,), (beta, h), (), potential=m**2 / (2 * beta) - h * m, signs=(1,))
    assert solve(upright, beta=2.0, h=0.5).stable.tolist() == [False]


def test_potts_has_all_its_branches_in_the_coexistence_region():
    found = solve(POTTS, K=2.8)  # between the transition at 4 log 2 and the spinodal at 3
    states = np.stack([found[f"x{a}"].data for a in (1, 2, 3)], axis=-1)
    np.testing.assert_allclose(states.sum(axis=-1), 1, rtol=8 * EPS)
    stable = states[np.asarray(found.stable)]
    assert len(states) == 7
    assert len(stable) == 4
    ordered = {tuple(row.argsort()[-1:]) for row in stable if np.ptp(row) > 0.1}
    assert len(ordered) == 3
    assert found.coexisting == 3


def test_fixed_point_iteration_finds_the_same_attractors():
    inverse, fields = np.array([0.7, 1.4]), 0.05
    newton = solve(CURIE_WEISS, beta=inverse, J=1, h=fields)
    for method in ("fixed_point", DampedFixedPoint(damping=0.6), Newton()):
        other = solve(CURIE_WEISS, method=method, beta=inverse, J=1, h=fields)
        np.testing.assert_allclose(other.dominant("m"), newton.dominant("m"), rtol=4 * EPS)


def test_starts_of_the_user_lead_to_the_branch_they_are_near():
    found = magnet(0.5, starts={"m": [0.9]})
    assert found.count == 1
    assert found["m"][0] > 0.9
    assert magnet(0.5, starts={"m": [0.9, 0.1, -0.9]}).count == 3


def test_only_keeps_what_it_says():
    found = magnet([0.5, 1.5])
    assert magnet([0.5, 1.5], branches="stable").count.tolist() == [2, 1]
    assert found.only("stable")["m"].count() == 3
    dominant = found.only("dominant")
    assert (dominant["m"][:, 0] == found.dominant("m")).all()


def test_an_observable_may_be_any_expression():
    found = magnet([0.5, 0.8], 0.1)
    assert (found.observable(m**2) == found["m"] ** 2).all()
    np.testing.assert_allclose(
        found.observable(-log(2) * beta + h)[:, 0], -np.log(2) / np.array([0.5, 0.8]) + 0.1
    )


def test_an_observable_of_parameters_alone_is_the_same_on_every_branch():
    found = magnet(0.5, 0.01)
    assert found.observable(h + beta).tolist() == [2.01] * 3
    assert found.observable(h * 0 + 1).tolist() == [1.0] * 3


def test_a_value_that_is_no_number_is_masked():
    point = Equations((m,), (h,), (), residuals=(m - h,), observables=(("ratio", h / m),))
    ratio = solve(point, h=[0.0, 2.0]).observable("ratio")
    assert ratio.mask.tolist() == [[True], [False]]


def test_bounds_may_depend_on_parameters():
    scaled = Equations((m,), (beta,), (), residuals=(m**2 - beta**2,), bounds=((0, 3 * beta),))
    np.testing.assert_allclose(solve(scaled, beta=[1e-3, 1e3])["m"][:, 0], [1e-3, 1e3], rtol=EPS)


def test_solutions_are_immutable_and_survive_pickle():
    found = magnet([0.5, 1.5])
    again = pickle.loads(pickle.dumps(found))
    assert (again["m"] == found["m"]).all()
    assert (again.dominant("susceptibility") == found.dominant("susceptibility")).all()
    for solution in (found, again):
        with pytest.raises(FrozenInstanceError):
            solution.states = None
        with pytest.raises(ValueError, match="read-only"):
            solution.states[...] = 0


def test_what_a_solution_says_of_itself():
    found = magnet([0.5, 1.0])
    text = repr(found)
    assert "2 points" in text
    assert "1 converged, 1 marginal" in text
    assert "<table>" in found._repr_html_()
    assert sorted(found.branches) == ["m"]
    assert found.parameters["J"] == 1


def test_labelled_solutions_carry_their_parameters():
    data = magnet(np.array([0.5, 0.8, 1.5]), 0.1).to_xarray()
    assert dict(data.sizes) == {"beta": 3, "branch": 3}
    assert float(data.h) == 0.1
    assert int(data.exists.sum()) == int(data.m.notnull().sum())
    assert "susceptibility" in data


@pytest.mark.parametrize("name", ["best", "dominant", "observable", "__getitem__"])
def test_unknown_names_are_refused(name):
    with pytest.raises(ProblemError, match="magnetization"):
        getattr(magnet(0.5), name)("magnetization")


def test_what_equations_lack_is_named():
    bare = Equations((m,), (h,), (), residuals=(m - h,))
    found = solve(bare, h=1.0)
    assert found.stability[0] == Stability.UNKNOWN
    with pytest.raises(ProblemError, match="no potential"):
        found.dominant("m")
    with pytest.raises(ProblemError, match="no fixed-point form"):
        solve(bare, method="fixed_point", h=1.0)
    with pytest.raises(ProblemError, match="no residuals"):
        solve(Equations((m,), (h,), ()), h=1.0)
    with pytest.raises(ProblemError, match="no unknown"):
        solve(Equations((), (h,), ()), h=1.0)
    with pytest.raises(ProblemError, match="offers no equations"):
        solve(m - h, h=1.0)
    with pytest.raises(ProblemError, match="no method"):
        solve(bare, method="secant", h=1.0)
    with pytest.raises(ProblemError, match="branches"):
        solve(bare, branches="some", h=1.0)


def test_no_root_of_a_cubic_is_missed_however_close_they_lie():
    # y**3 - p y - q has three roots where |q| < 2 (p/3)**(3/2); the positive weight changes none.
    place, stretch, p, q = symbols("place stretch p q", real=True)
    y = (m - place) * stretch
    cubic = Equations(
        (m,),
        (place, stretch, p, q),
        (),
        residuals=((y**3 - p * y - q) / (1 + y**2),),
        bounds=((-1, 1),),
    )
    rng = np.random.default_rng(1)
    count = 1500
    size = 10 ** rng.uniform(-7, -1, count)
    edge = 2 * (size / 3) ** 1.5
    ratio = rng.uniform(-2, 2, count)
    found = solve(
        cubic,
        place=rng.uniform(-0.6, 0.6, count),
        stretch=10 ** rng.uniform(0.5, 1.5, count),
        p=size,
        q=ratio * edge,
    )
    assert (found.count == np.where(np.abs(ratio) < 1, 3, 1)).all()


def test_the_roots_of_two_coupled_populations_have_the_degree_of_their_map():
    # The map sends the square into itself, so that the signs of det(1 - J) over all roots add to 1:
    # a single root missed would show.
    m1, m2 = symbols("m1 m2", real=True)
    a, b, c = symbols("a b c", real=True)
    pair = Equations(
        (m1, m2),
        (a, b, c, h),
        (),
        update=(tanh(a * m1 + c * m2 + h), tanh(c * m1 + b * m2 - h / 2)),
        bounds=((-1, 1),) * 2,
    )
    rng = np.random.default_rng(0)
    given = {
        "a": rng.uniform(0, 4, 200),
        "b": rng.uniform(0, 4, 200),
        "c": rng.uniform(-2, 2, 200),
        "h": 0.1 * rng.normal(size=200),
    }
    found = solve(pair, **given)
    A, B, C = (given[name][:, None] for name in "abc")
    s1, s2 = 1 - found["m1"] ** 2, 1 - found["m2"] ** 2
    orientation = np.sign((1 - s1 * A) * (1 - s2 * B) - s1 * s2 * C**2)
    assert (orientation.sum(axis=1) == 1).all()
    assert found.count.max() == 9


def test_a_missing_branch_raises_unless_it_is_filled():
    gap = Equations((m,), (h,), (), potential=-(m**3) / 3 - h * m, bounds=((-2, 2),))
    found = solve(gap, h=[-1.0, 1.0])  # m**2 = -h
    assert found.count.tolist() == [2, 0]
    with pytest.raises(BranchError, match="h=1"):
        found.dominant("m")
    assert found.dominant("m", missing=-7).tolist() == [1.0, -7.0]


def test_every_refusal_is_a_numerics_error():
    assert issubclass(ProblemError, NumericsError)
    assert issubclass(BranchError, NumericsError)
    assert symbols("m", real=True) == m
