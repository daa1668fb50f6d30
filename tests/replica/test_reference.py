"""The reference numbers come out again, by both routes, as the table has them."""

import json

import mpmath as mp
import pytest

from tests.replica.reference import ROWS, TRUSTED_DIGITS, main
from tests.replica.rows import Row, computed, difference
from tests.replica.table import keys, row, value

QUICK = (
    "alpha_c_k0.5",
    "kappa_at_alpha_c_1",
    "cover_p50_n20",
    "rs_alpha_q0.5_k1",
    "rs_q_alpha0.5_k0",
    "sk_rs_T0",
    "sk_b1_h0.2",
    "hopfield_b2_a0.02",
    "errors_T0_a3_k0",
    "ridge_a2_l0.1_s0.5",
    "cdma_a1_noise1",
    "bipartite_b1_g2_h0.5_k0",
    "biased_outputs_best_f0.8_k0",
    "biased_patterns_M0.5_k0",
    "spherical_sk_b2_h0",
    "spherical_3spin_b2",
    "spherical_3spin_transition",
)
QUICK_DPS = 40  # aims at 22 digits
ONE_STEP_T0 = ("sk_1rsb_T0", "sk_1rsb_T0_h0.5")
# Two averages nested on either route: a quarter of an hour, which the program is there for
NESTED = ("sk_1rsb_b2_h0", "sk_1rsb_b2_h0.3")
AGREE = mp.mpf(10) ** -TRUSTED_DIGITS


def _comes_out_again(key: str) -> None:
    first, second = computed(ROWS[key], QUICK_DPS)
    assert difference(first, second) < AGREE
    assert difference(value(key), first) < AGREE


@pytest.mark.parametrize("key", QUICK)
def test_both_routes_give_the_table_again(key):
    _comes_out_again(key)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in ROWS if key not in {*QUICK, *ONE_STEP_T0, *NESTED}])
def test_both_routes_give_the_rest_of_the_table_again(key):
    _comes_out_again(key)


@pytest.mark.slow
@pytest.mark.parametrize("key", ONE_STEP_T0)
def test_both_routes_give_one_step_at_no_temperature_again_in_fewer_digits(key):
    first, second = computed(ROWS[key], 20)  # aims at 11 digits
    assert difference(first, second) < mp.mpf(10) ** -10
    assert difference(value(key), first) < mp.mpf(10) ** -10


def test_the_table_holds_what_the_program_computes():
    assert keys() == list(ROWS)
    for key, stated in ROWS.items():
        entry = row(key)
        assert entry["params"] == stated.params
        assert entry["formula"] == stated.formula
        assert entry["routes"] == stated.routes
        assert entry["source"] == stated.source


@pytest.mark.parametrize("key", ROWS)
def test_the_routes_agree_to_the_digits_that_are_trusted(key):
    entry = row(key)
    assert entry["digits"] >= TRUSTED_DIGITS
    assert mp.mpf(entry["check"]) < mp.mpf(10) ** -entry["digits"]


def test_the_program_writes_what_is_asked_for_and_keeps_the_rest(tmp_path, monkeypatch, capsys):
    table = tmp_path / "table.json"
    table.write_text('{"sk_rs_T0": {"kept": true}}')
    monkeypatch.setattr("tests.replica.reference.PATH", table)
    main(["alpha_c_k2", "cover_p30"])
    rows = json.loads(table.read_text())
    assert list(rows) == ["alpha_c_k2", "cover_p30_n20", "sk_rs_T0"]
    assert rows["sk_rs_T0"] == {"kept": True}
    assert rows["alpha_c_k2"] == row("alpha_c_k2")
    assert "cover_p30_n20" in capsys.readouterr().out


def test_routes_that_disagree_are_not_written(tmp_path, monkeypatch):
    table = tmp_path / "table.json"
    apart = Row("1", "one; nearly one", "-", lambda: mp.mpf(1), lambda start: 1 + AGREE)
    monkeypatch.setattr("tests.replica.reference.PATH", table)
    monkeypatch.setitem(ROWS, "apart", apart)
    with pytest.raises(ArithmeticError, match=r"apart: the routes differ by 1\.0e-20"):
        main(["apart"])
    assert not table.exists()
