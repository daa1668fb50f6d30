"""What ``make run`` prints and writes."""

import json

import pytest

from tools.run import FIELDS, SIZES, TEMPERATURES, main


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "out"
    assert main(["--out", str(folder)]) == 0
    return folder


def test_the_files_are_what_they_are_called(out):
    assert {path.name for path in out.iterdir()} == {
        f"curie_weiss.{k}" for k in ("tex", "png", "json")
    }
    assert (out / "curie_weiss.png").read_bytes().startswith(b"\x89PNG")
    document = (out / "curie_weiss.tex").read_text()
    assert document.startswith(r"\documentclass")
    assert "All steps hold" in document


def test_the_numbers_are_those_of_the_magnet(out):
    numbers = json.loads((out / "curie_weiss.json").read_text())
    assert numbers["check"]["holds"]
    assert numbers["check"]["digits"] >= 25
    assert numbers["derived"]["critical temperature"] == "J"
    assert numbers["derived"]["exponent delta"] == "3"
    assert all(output["error"] <= 4 for output in numbers["certificate"]["outputs"])
    assert len(numbers["curves"]["m by h"]) == len(FIELDS)
    assert all(len(m) == len(TEMPERATURES) for m in numbers["curves"]["m by h"].values())


def test_each_order_gains_a_power_of_the_size(out):
    comparisons = json.loads((out / "curie_weiss.json").read_text())["comparisons"]
    assert [c["size"] for c in comparisons] == list(SIZES)
    before, after = comparisons[-2:]
    growth = after["size"] / before["size"]
    orders = zip(before["free_entropy"].values(), after["free_entropy"].values(), strict=True)
    for power, (coarse, fine) in enumerate(orders, start=1):
        assert coarse / fine == pytest.approx(growth**power, rel=0.1)
