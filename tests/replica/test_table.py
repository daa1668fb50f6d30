"""The table against printed numbers and against identities of physics, without computing."""

import mpmath as mp
import pytest

from tests.replica.table import keys, value

# key, name of the number, as printed in the literature
PRINTED = [
    ("sk_1rsb_T0", "energy", "-0.765259434673683"),
    ("sk_1rsb_T0", "y", "1.36082080"),
    ("sk_1rsb_T0", "q0", "0.47678437"),
    ("hopfield_T0_capacity", "alpha", "0.137905566494931737843636"),
    ("hopfield_T0_capacity", "m", "0.967"),
    ("ising_perceptron_zero_entropy_k0", "alpha", "0.833078599739579"),
    ("ising_teacher_transition", "alpha", "1.245"),
    ("ising_teacher_spinodal", "alpha", "1.493"),
    ("spherical_3spin_transition", "T", "0.586"),
]


@pytest.mark.parametrize(("key", "name", "printed"), PRINTED)
def test_numbers_of_the_literature(key, name, printed):
    places = len(printed.split(".")[1])
    with mp.workdps(40):
        assert abs(value(key)[name] - mp.mpf(printed)) < mp.mpf(10) ** -places


def close(a, b):
    with mp.workdps(30):
        return abs(mp.mpf(a) - mp.mpf(b)) < mp.mpf(10) ** -22


@pytest.mark.parametrize(
    "key", [*keys("sk_b"), *keys("sk_ferro"), *keys("sk_nishimori"), *keys("sk_1rsb_b")]
)
def test_energy_entropy_and_free_entropy_belong_together(key):
    row = value(key)
    beta = mp.mpf(key.split("_b")[1].split("_")[0])
    with mp.workdps(30):
        assert close(row["entropy"], row["free_entropy"] + beta * row["energy"])


def test_the_almeida_thouless_line_separates_the_points():
    line = value("sk_at_b2")["h"]
    assert 0 < line < 1
    assert value("sk_b2_h0")["AT"] > 1 > value("sk_b2_h1")["AT"]
    assert value("sk_at_b1.25")["h"] < line < value("sk_at_b5")["h"]


def test_replica_symmetry_fails_at_low_temperature_and_one_step_mends_most_of_it():
    assert value("sk_b10_h0.3")["entropy"] < 0 < value("sk_b2_h0")["entropy"]
    symmetric, broken = value("sk_b2_h0"), value("sk_1rsb_b2_h0")
    assert broken["free_entropy"] < symmetric["free_entropy"]  # f is maximal in the overlaps
    assert broken["q0"] < symmetric["q"] < broken["q1"]
    exact = mp.mpf("-0.76316")  # Parisi, full breaking
    assert value("sk_rs_T0")["energy"] < value("sk_1rsb_T0")["energy"] < exact


def test_the_ferromagnet_on_its_nishimori_line():
    row = value("sk_nishimori_b2_J2")  # beta J^2 = J0
    assert close(row["m"], row["q"])
    assert close(row["energy"], -1)  # -J0/2


def test_capacity_at_no_margin_is_two_and_falls_with_the_margin():
    assert close(value("alpha_c_k0"), 2)
    capacities = [value(f"alpha_c_k{k}") for k in (-1, -0.5, 0, 0.25, 0.5, 1, 1.5, 2, 3, 5)]
    assert capacities == sorted(capacities, reverse=True)
    loads = [value(f"rs_alpha_q{q}_k0") for q in (0.1, 0.3, 0.5, 0.9, 0.99, 0.999)]
    assert loads == sorted(loads)
    assert loads[-1] < 2


def test_the_perceptron_is_unstable_below_no_margin_only():
    assert all(value(key)["AT"] < 1 for key in keys("rs_q_") if "k-" not in key)
    assert value("rs_q_alpha4_k-0.5")["AT"] > 1
    assert value("rs_q_alpha8_k-1")["AT"] > 1


def test_no_threshold_no_effect_of_biased_outputs():
    assert close(value("biased_outputs_alpha_c_f0.8_t0_k0"), value("alpha_c_k0"))
    assert value("biased_outputs_best_f0.8_k0")["alpha_c"] > 2


@pytest.mark.parametrize("alpha", ["0.5", "1", "2", "5"])
def test_the_student_of_bayes_is_as_near_the_teacher_as_another_student(alpha):
    row = value(f"teacher_a{alpha}")
    assert close(row["q"], row["R"])
    with mp.workdps(30):
        assert close(row["generalisation_error"], mp.acos(row["R"]) / mp.pi)


def test_other_students_are_nearer_to_each_other_or_further_apart():
    matched = value("teacher_probit_a2_noise0.5")
    assert close(matched["q"], matched["R"])
    sure, unsure = (
        value("teacher_probit_a2_noise0.8_student0.3"),
        value("teacher_probit_a2_noise0.5_student1"),
    )
    assert sure["q"] > sure["R"]
    assert unsure["q"] < unsure["R"] < matched["R"]
    assert value("teacher_a1_margin0.3")["q"] > value("teacher_a1_margin0.3")["R"]


def test_bits_by_code_division_on_the_nishimori_line_and_off_it():
    for key in ("cdma_a2_noise0.5", "cdma_a1_noise1"):
        row = value(key)
        assert close(row["m"], row["q"])
        assert close(row["E"], row["F"])
    best, other = value("cdma_a2_noise0.5"), value("cdma_a2_noise0.5_student1")
    assert best["bit_error"] < other["bit_error"]


def test_the_best_ridge_has_the_variance_of_the_noise():
    for key, variance in (("ridge_a2_l1_s1", 1), ("ridge_a3_l0.25_s0.5", 0.25)):
        row = value(key)
        with mp.workdps(30):
            assert close(row["Q"], row["R"])
            assert close(row["test_error"], variance * (1 + row["V"]))


def test_errors_fall_with_the_temperature_to_the_least():
    least = value("errors_T0_a3_k0")["errors"]
    assert least < value("errors_a3_b5_k0")["errors"] < value("errors_a3_b2_k0")["errors"] < 0.5


def test_retrieval_states_appear_before_they_are_ground_states():
    first, last = value("hopfield_T0_alpha1"), value("hopfield_T0_capacity")
    assert first["alpha"] < last["alpha"]
    with mp.workdps(30):
        assert close((1 - last["C"]) * mp.sqrt(last["r"]), 1)
    assert value("hopfield_TR_a0.13")["T"] < value("hopfield_TM_a0.05")["T"] < 1


def test_the_spherical_glass_below_its_transition():
    assert close(value("spherical_sk_b2_h0")["q"], mp.mpf(1) / 2)
    assert value("spherical_sk_b0.5_h0")["q"] == 0


def test_equal_groups_of_a_bipartite_glass_are_one_glass():
    row = value("bipartite_b1.5_g1_h0")
    assert close(row["q_s"], row["q_t"])
