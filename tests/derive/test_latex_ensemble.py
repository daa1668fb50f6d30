"""LaTeX of ensembles with every measure and contour, of steps, derivations and results."""

import pickle

import pytest
from sympy import (
    Rational,
    exp,
    pi,
    symbols,
)

import derive as dv
from derive.typesetting.document import document_of
from derive.typesetting.latex import latex_of
from derive.typesetting.latex_measures import definitions, measure_latex
from tests.typeset_models import (
    DERIVATIONS,
    J,
    N,
    curie_weiss,
    curie_weiss_with_conjugate,
    i,
    linearised_network,
    mixed_measures,
    network,
    potts,
    quartic,
    sphere,
    spin_glass,
)

x, y, m = symbols("x y m")


def test_curie_weiss_model_and_steps():
    derivation = curie_weiss()
    states = [derivation.start, *(step.after for step in derivation.steps)]
    assert [latex_of(state) for state in states] == [
        r"Z = \sum_{\{s_{i} = \pm 1\}} \exp\left\{\frac{\beta J}{2 N} "
        r"\left(\sum_{i} s_{i}\right)^{2} + \beta h \sum_{i} s_{i}\right\}",
        r"Z = \sqrt{\frac{N \beta J}{2 \pi}} \sum_{\{s_{i} = \pm 1\}} "
        r"\int_{-\infty}^{\infty} \mathrm{d}m \, \exp\left\{\beta J m \sum_{i} s_{i} - "
        r"\frac{N \beta J}{2} m^{2} + \beta h \sum_{i} s_{i}\right\}",
        r"Z = \sqrt{\frac{N \beta J}{2 \pi}} \int_{-\infty}^{\infty} \mathrm{d}m \, "
        r"\exp\left\{N \ln\{2 \cosh[\beta (J m + h)]\} - \frac{N \beta J}{2} m^{2}\right\}",
        "\\begin{aligned}\n"
        r"\phi = \frac{1}{N} \ln Z &\simeq \max_{m} \left\{\ln\{2 \cosh[\beta (J m + h)]\} - "
        r"\frac{\beta J}{2} m^{2}\right\} \\" + "\n"
        r"m &= \tanh[\beta (J m + h)] \\" + "\n"
        r"f &= - \frac{\phi}{\beta}" + "\n"
        r"\end{aligned}",
    ]


def test_a_conjugate_has_a_real_measure_on_the_imaginary_axis():
    latex = latex_of(curie_weiss_with_conjugate().steps[0].after)
    assert r"\frac{N}{2 \pi}" in latex
    contour = r"\int_{- \mathrm{i} \infty}^{\mathrm{i} \infty}"
    assert contour + r" \frac{\mathrm{d}\hat{m}}{\mathrm{i}}" in latex
    assert r"- N m \hat{m} + \hat{m} \sum_{i} s_{i}" in latex


def test_site_fields_have_products_of_differentials():
    latex = latex_of(network().steps[0].after)
    assert r"\left(\frac{1}{2 \pi}\right)^{N}" in latex
    assert r"\int_{-\infty}^{\infty} \prod_{i} \mathrm{d}V_{i}" in latex
    assert r"\prod_{i} \frac{\mathrm{d}U_{i}}{\mathrm{i}}" in latex


def test_a_steepest_contour_is_named_and_explained():
    after = linearised_network().steps[0].after
    latex = latex_of(after)
    assert r"\int_{\mathcal{C}} \left|\prod_{i} \mathrm{d}m_{i}\right|" in latex
    assert r"\sqrt{\det{}' \left|\frac{\beta}{2 \pi N} w_{i j}\right|}" in latex
    (explained,) = definitions(after)
    assert explained.startswith(r"\mathcal{C}:\ \text{real along eigenvectors of } \frac{\beta}{N}")


def test_a_sphere_is_a_delta_function_and_its_conjugate_passes_on_the_right():
    closed, opened = sphere().start, sphere().steps[0].after
    assert r"\delta\left(\sum_{i} w_{i}^{2} - N\right)" in latex_of(closed)
    assert (
        r"\frac{1}{4 \pi} \int_{-\infty}^{\infty} \prod_{i} \mathrm{d}w_{i} \, "
        r"\int_{1 - \mathrm{i} \infty}^{1 + \mathrm{i} \infty} \frac{\mathrm{d}\hat{w}}{\mathrm{i}}"
    ) in latex_of(opened)


def test_every_measure_is_shown():
    start = mixed_measures().start
    latex = latex_of(start)
    for piece in (
        r"\int_{-1}^{1} \prod_{i} \mathrm{d}u_{i}",
        r"\int \prod_{i} \mathcal{D}g_{i}",
        r"\mathrm{d}g_{2,i} \, \mathcal{N}\left(g_{2,i}; 1, \frac{J}{N}\right)",
        r"\sum_{\{t_{i} = 0, 1, 3\}} \prod_{i} \rho_{t}(t_{i})",
        r"\sum_{\{a_{i} = 0, 1\}}",
        r"\sum_{z = \pm 1}",
        r"\prod_{i} (u_{i}^{2} + 1)",
    ):
        assert piece in latex
    assert definitions(start) == [
        r"\mathcal{D}g = \frac{\mathrm{d}g}{\sqrt{2 \pi}} e^{-g^{2} / 2}",
        r"\rho_{t}(0) = 1",
        r"\rho_{t}(1) = p",
        r"\rho_{t}(3) = 2",
    ]


def test_potts_colours_and_a_power_of_the_prefactor():
    after = potts().steps[0].after
    assert r"c_{i a} \in \{0, 1\},\ \sum_{a} c_{i a} = 1" in latex_of(potts().start)
    assert r"\left(\frac{N \beta J}{2 \pi}\right)^{3/2}" in latex_of(after)


def test_quenched_disorder_is_averaged_after_the_logarithm():
    start = spin_glass().start
    assert r"\mathbb{E}_{J} \ln Z &= \mathbb{E}_{J} \ln \sum_{\{s_{i} = \pm 1\}}" in latex_of(start)
    assert definitions(start) == [
        r"J_{i j} \sim \mathcal{N}\left(0, \frac{1}{N}\right),\ J_{i j} = J_{j i}"
    ]


def test_what_has_no_closed_form_is_an_integral_or_an_average():
    state = quartic().state
    integral = r"\ln \int_{-\infty}^{\infty} \mathrm{d}x \, e^{- x^{4}} \, \exp\left\{"
    assert integral in latex_of(state.density)
    (equation,) = state.saddle_equations
    average = r"m = \left\langle x \right\rangle_{x \sim "
    assert latex_of(equation).startswith(average)


@pytest.mark.parametrize(
    ("variable", "latex"),
    [
        (dv.Ising("s", i), r"s_{i} = \pm 1"),
        (dv.Spin("S", i, spin=Rational(1, 2)), r"S_{i} = \pm \frac{1}{2}"),
        (dv.Binary("a"), "a = 0, 1"),
        (dv.Spin("S", spin=5), r"S = -5, -4, \ldots, 5"),
        (dv.Discrete("x", values=(-J, J)), r"x = \pm J"),
        (dv.Interval("u", i, lower=0, upper=pi), r"u_{i} \in (0, \pi)"),
        (dv.Gaussian("g", i), r"g_{i} \sim \mathcal{N}(0, 1)"),
        (
            dv.Real("x", i, weight=lambda y: exp(-(y**4))),
            r"x_{i} \in (-\infty, \infty),\ \rho(x_{i}) = e^{- x_{i}^{4}}",
        ),
        (dv.Sphere("w", i), r"\delta\left(\sum_{i} w_{i}^{2} - N\right)"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_one_variable_with_its_measure(variable, latex):
    assert measure_latex(variable) == latex
    assert latex_of(variable) == latex


def test_a_step_is_an_arrow_with_name_and_kind():
    step = curie_weiss().steps[0]
    first, second = latex_of(step).splitlines()[1:3]
    assert first == r"&\xrightarrow[\text{exact}]{\text{hubbard stratonovich}(m)} \\"
    assert second.startswith(r"Z &= \sqrt")


def test_a_derivation_is_an_aligned_chain():
    latex = latex_of(curie_weiss())
    assert latex.count("&=") == 4
    assert [line for line in latex.splitlines() if "downarrow" in line] == [
        rf"&\qquad \Big\downarrow \ \text{{{move}}}({argument}):\ \text{{{kind}}} \\"
        for move, argument, kind in (
            ("hubbard stratonovich", "m", "exact"),
            ("trace", "s", "exact"),
            ("saddle point", "N", "asymptotic"),
        )
    ]


def test_an_extremum_of_fields_on_both_axes_is_no_maximum():
    assert r"\max_{m}" in latex_of(curie_weiss().state)
    assert r"\operatorname*{extr}_{m, \hat{m}}" in latex_of(curie_weiss_with_conjugate().state)
    indefinite = linearised_network().saddle_point(N).state
    assert r"\approx \operatorname*{extr}_{\{m_{i}\}}" in latex_of(indefinite)


def test_critical_point_landau_and_equations():
    state = curie_weiss().state
    assert latex_of(state.critical_point(h=0)) == r"\beta_{c} = \frac{1}{J}"
    assert latex_of(state.landau(4, h=0)) == (
        r"-\phi(m) = - \ln 2 - \frac{\beta J}{2} (\beta J - 1) m^{2} + "
        r"\frac{\beta^{4} J^{4}}{12} m^{4} + \mathcal{O}(m^{5})"
    )
    assert latex_of(state.equations()) == r"m = \tanh[\beta (J m + h)]"
    assert latex_of([x < y, m]) == "\\begin{aligned}\nx &< y \\\\\n&m\n\\end{aligned}"


@pytest.mark.parametrize("name", DERIVATIONS)
def test_the_same_object_always_gives_the_same_text(name):
    derivation = DERIVATIONS[name]()
    again = pickle.loads(pickle.dumps(derivation))
    assert latex_of(again) == latex_of(derivation)
    assert document_of(again) == document_of(derivation)
