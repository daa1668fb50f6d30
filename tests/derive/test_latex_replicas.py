"""Replica derivations as they are read: copies, averages, what a step names, what is stationary."""

import pytest
from sympy import erfc, log, sqrt, symbols

import derive as dv
from derive.typesetting.document import document_of
from derive.typesetting.html import html_of, markdown_of
from derive.typesetting.latex import latex_lines, latex_of
from tests.derive import replica_models as models


@pytest.fixture(scope="module")
def glass():
    return models.sherrington_kirkpatrick()


@pytest.fixture(scope="module")
def volume():
    return models.gardner()


def after(derivation, move):
    (step,) = [step for step in derivation.steps if step.move == move]
    return latex_lines(step.after)[0]


def test_replicas_stand_above_the_sites_that_they_copy():
    a, b = dv.indices("a b", dv.replicas("n"))
    i = dv.Index("i", dv.size("N"))
    s, q = dv.Real("s", a, i), dv.Real("q", a, b)
    assert latex_of(s[a, i] * q[a, b]) == r"q_{a b} s_{i}^{a}"
    assert latex_of(s[a, i] ** 2) == r"(s_{i}^{a})^{2}"
    primed = dv.Real("s'", a, i)
    assert latex_of(primed[a, i]) == r"s_{a i}'"


def test_the_left_side_says_what_is_averaged(glass):
    assert latex_of(glass.start).startswith(r"\begin{aligned}" "\n" r"\mathbb{E}_{J} \ln Z &=")
    left, relation, right = after(glass, "replicate")
    assert (left, relation) == (r"\overline{Z^{n}}", "=")
    assert right.startswith(r"\mathbb{E}_{J} \sum_{\{s_{i}^{a} = \pm 1\}}")
    assert after(glass, "average")[2].startswith(r"\sum_{\{s_{i}^{a} = \pm 1\}}")
    left, relation, right = after(glass, "continue_replicas")
    assert (left, relation) == (r"\overline{\ln Z}", r"\simeq")
    assert right.startswith(r"\operatorname*{extr}_{q, \hat{q}} \left\{")
    assert latex_lines(glass.state)[0][0] == r"\phi = \frac{1}{N} \overline{\ln Z}"


def test_pairs_of_replicas_are_integrated_over_once(glass):
    right = after(glass, "order_parameters")[2]
    assert r"\prod_{a < b} \mathrm{d}q_{a b}" in right
    assert right.startswith(r"(2 \pi)^{\frac{n}{2} (1 - n)} N^{\frac{n}{2} (n - 1)}")


def test_a_step_says_what_its_names_stand_for(volume):
    page = markdown_of(volume)
    assert "Take n replicas of the system, which share the disorder" in page
    assert r"q_{a b} &= \frac{1}{N} \sum_{i} w_{i}^{a} w_{i}^{b}" in page
    assert r"\lambda_{\mu}^{a} &= \frac{1}{\sqrt{N}} \sum_{i} w_{i}^{a} x_{i \mu}" in page
    cases = r"q & \text{for } a \neq b \\ 1 & \text{for } a = b"
    assert cases in page
    for text in (html_of(volume), document_of(volume)):
        assert "Average over the disorder x." in text
        assert "symmetric ansatz: all pairs of different replicas are alike." in text


def test_blocks_of_replicas_have_three_values():
    text = latex_of(models.sherrington_kirkpatrick(dv.OneStepRSB("m")))
    assert r"q_{0} & \text{in different blocks} \\ q_{1} & \text{in one block, } a \neq b" in text


def test_a_teacher_is_told_from_a_student():
    d = models.hopfield()
    assert "Average over the disorder zeta together with the other variables" in markdown_of(d)
    assert r"m_{a} &= \frac{1}{N} \sum_{i} s_{i}^{a} \zeta_{i}" in latex_of(d)


def test_the_tail_of_a_normal_law_is_compact():
    kappa, z, q = symbols("kappa z q", real=True)
    x = sqrt(2) * kappa / (2 * sqrt(1 - q)) + sqrt(2) * z / (2 * sqrt(1 - q))
    assert latex_of(log(erfc(x))) == (
        r"\ln\left\{\operatorname{erfc}\left[\frac{\kappa + z}{\sqrt{2 (1 - q)}}\right]\right\}"
    )
    assert latex_of(erfc(z) ** 2) == r"\operatorname{erfc}^{2}(z)"


def test_replicon_and_capacity_are_shown_in_notebooks(volume, glass):
    shown = glass.eliminate("qhat").replicon()._repr_latex_()
    assert shown.startswith(r"$\displaystyle \lambda_{\mathrm{R}} = 1 - \beta^{2} J_{0}^{2}")
    capacity = volume.eliminate("qhat", "what").limit("q", 1).state._repr_latex_()
    assert capacity.endswith(r"\int Dz\, (\kappa + z)^{2} \theta(\kappa + z)$")
