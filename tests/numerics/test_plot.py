"""Figures: what is drawn, in which style, and nothing left behind."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from sympy import symbols

from derive.equations import Equations
from numerics.labelled import MissingExtraError
from numerics.plot import plot
from numerics.solvers import ProblemError, continue_branch, solve
from tests.numerics.models import CURIE_WEISS, NETWORK, m


@pytest.fixture
def loop():
    return solve(CURIE_WEISS, h=np.linspace(-0.5, 0.5, 101), beta=2.0, J=1)


def drawn(ax):
    """Lines with their points, left out the empty ones that only feed the legend."""
    return [line for line in ax.get_lines() if len(line.get_xdata())]


def test_stable_branches_are_solid_and_unstable_ones_dashed(loop):
    ax = loop.plot("h", "m")
    styles = sorted(line.get_linestyle() for line in drawn(ax))
    assert styles == ["-", "-", "--"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["stable", "unstable"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("h", "m")


def test_no_line_jumps_between_branches(loop):
    fields = np.linspace(-0.5, 0.5, 101)
    followed = continue_branch(CURIE_WEISS, "h", fields, beta=2.0, J=1)
    for solution in (loop, followed):
        for line in drawn(solution.plot()):
            assert np.abs(np.diff(line.get_ydata())).max() < 0.3


def test_every_branch_point_is_drawn(loop):
    points = {tuple(xy) for line in drawn(loop.plot()) for xy in line.get_xydata()}
    known = {
        (field, value)
        for field, row in zip(loop.parameters["h"], loop["m"], strict=True)
        for value in row.compressed()
    }
    assert points == known


def test_the_pitchfork_is_joined_to_its_handle():
    solution = solve(CURIE_WEISS, beta=np.linspace(0.5, 1.5, 60), J=1, h=0.0)
    solid = [line for line in drawn(solution.plot()) if line.get_linestyle() == "-"]
    # the handle with one tine, and the other tine, which starts from the handle
    assert len(solid) == 2
    assert max(len(line.get_xdata()) for line in solid) == 60
    assert all(np.abs(line.get_ydata()).min() < 1e-6 for line in solid)
    backwards = solve(CURIE_WEISS, beta=np.linspace(1.5, 0.5, 60), J=1, h=0.0)
    solid = [line for line in drawn(backwards.plot()) if line.get_linestyle() == "-"]
    assert all(np.abs(line.get_ydata()).min() < 1e-6 for line in solid)


def test_exact_points_lie_on_top(loop):
    ax = plot(loop, exact=([0.0, 0.2], [0.1, 0.95]))
    marks = [line for line in drawn(ax) if line.get_marker() == "o"]
    assert marks[0].get_xydata().tolist() == [[0.0, 0.1], [0.2, 0.95]]
    assert marks[0].get_label() == "exact"


def test_axes_of_the_caller_are_used(loop):
    ax = Figure().add_subplot()
    assert plot(loop, "h", "potential", ax=ax, label="beta = 2", color="black") is ax
    assert {line.get_color() for line in ax.get_lines()} == {"black"}
    assert ax.get_ylabel() == "potential"
    assert "beta = 2, stable" in [t.get_text() for t in ax.get_legend().get_texts()]


def test_other_axes_of_the_batch_give_families_of_curves():
    solution = solve(CURIE_WEISS, beta=np.array([[0.5], [0.8]]), J=1, h=np.linspace(-1, 1, 9))
    assert len(drawn(solution.plot("h"))) == 2
    assert len(drawn(solution.plot("h", m**2))) == 2
    with pytest.raises(ProblemError, match="no parameter None"):
        solution.plot()
    with pytest.raises(ProblemError, match="no parameter J"):
        solution.plot("J")


def test_a_vector_is_refused():
    solution = solve(NETWORK, beta=[1.0, 2.0], h=0.1, w=np.ones((3, 3)))
    with pytest.raises(ProblemError, match="is a vector"):
        solution.plot("beta", "V")
    assert len(drawn(solution.plot("beta", "m"))) > 0


def test_branches_that_cannot_be_judged_have_a_style_of_their_own():
    x, a = symbols("x a", real=True)
    solution = solve(Equations((x,), (a,), (), residuals=(x - a,)), a=[0.0, 1.0])
    assert [line.get_linestyle() for line in drawn(solution.plot())] == ["-."]


def test_figures_are_written_headless_and_leave_no_global_state(loop, tmp_path):
    ax = loop.plot()
    ax.figure.savefig(tmp_path / "loop.png")
    assert (tmp_path / "loop.png").stat().st_size > 1000
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("package", "act", "extra"),
    [
        ("matplotlib.figure", lambda s: s.plot(), "plot"),
        ("xarray", lambda s: s.to_xarray(), "sweep"),
    ],
)
def test_a_missing_extra_is_named(loop, monkeypatch, package, act, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"saddlepoint\[{extra}\]"):
        act(loop)
