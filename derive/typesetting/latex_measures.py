r"""How measures are typeset: what a variable is summed or integrated over, and their symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Expr, I, Symbol, exp, oo

from derive.ensemble import Ensemble, elements_of
from derive.indices import Element, Index
from derive.measures import (
    Collective,
    Continuous,
    Finite,
    OneHot,
    SphereSurface,
    SteepestContour,
)
from derive.total import Total
from derive.typesetting.dummy_names import without_primes
from derive.typesetting.latex_printer import Typesetter, bracketed
from derive.variables import Variable

__all__ = [
    "Site",
    "definitions",
    "label_latex",
    "limits",
    "measure_latex",
    "normal",
    "one_hot",
    "rho",
    "slots_of",
    "sphere",
    "values",
]

_LETTERS = "ijklmnpqr"
_SHOWN = 6  # values that are listed in full


@dataclass(frozen=True)
class Site:
    """A variable with the indices under which it is typeset."""

    variable: Variable
    indices: tuple[Index, ...]
    printer: Typesetter

    @property
    def element(self) -> Element:
        return self.variable[self.indices]

    @property
    def text(self) -> str:
        return str(self.printer.doprint(self.element))

    @property
    def sites(self) -> tuple[Index, ...]:
        return self.indices[: len(self.variable.site_ranges)]

    def product(self, indices: tuple[Index, ...] | None = None) -> str:
        """The product sign over the sites; nothing for a variable without index."""
        own = self.sites if indices is None else indices
        label, between = self.variable.label, " "
        if label.symmetric and own == self.indices:  # one factor for each pair
            between = r" \leq " if label.diagonal is None else " < "
        names = between.join(map(self.printer.doprint, own))
        return rf"\prod_{{{names}}} " if names else ""


def definitions(ensemble: Ensemble) -> list[str]:
    """What the symbols of the measures stand for: weights, normal densities, contours, disorder."""
    printer = Typesetter()
    found: list[str] = []
    for variable in ensemble.variables:
        found += _definitions(Site(variable, slots_of(variable, ensemble), printer))
    for variable in ensemble.disorder:
        site = Site(variable, slots_of(variable, ensemble), printer)
        symmetry = _symmetry(site) if variable.label.symmetric else ""
        found += [measure_latex(variable, site.indices) + symmetry, *_definitions(site)]
    return list(dict.fromkeys(found))


def measure_latex(variable: Variable, indices: tuple[Index, ...] | None = None) -> str:
    r"""One variable with what it is summed or averaged over, such as ``s_{i} = \pm 1``."""
    printer = Typesetter()
    site = Site(variable, indices or _default_slots(variable), printer)
    measure = variable.measure
    if isinstance(measure, Finite):
        return site.text + values(measure, printer)
    if isinstance(measure, OneHot):
        return rf"{site.text} \in \{{0, 1\}},\ {one_hot(site)}"
    if isinstance(measure, SphereSurface):
        return sphere(site)
    if isinstance(measure, SteepestContour):
        return rf"{site.text} \in \mathcal{{C}}"
    if isinstance(measure, Collective):
        return rf"{site.text}\ \text{{stationary}}"
    if parameters := normal(measure):
        mean, variance = map(printer.doprint, parameters)
        return rf"{site.text} \sim \mathcal{{N}}{bracketed(f'{mean}, {variance}')}"
    lower, upper = limits(measure, printer)
    weight = printer.doprint(exp(measure.log_weight(site.element)))
    density = "" if weight == "1" else rf",\ \rho({site.text}) = {weight}"
    return rf"{site.text} \in ({lower}, {upper}){density}"


def slots_of(variable: Variable, ensemble: Ensemble) -> tuple[Index, ...]:
    """The indices that the exponent or weight uses for a variable, else i, j, ..."""
    used = elements_of(ensemble.exponent, [variable.label]) | elements_of(
        ensemble.weight, [variable.label]
    )
    plain = (e.slots for e in used if all(isinstance(s, Index) for s in e.slots))
    named = (slots for slots in plain if not any(i.name.startswith("\0") for i in slots))
    different = [without_primes(slots) for slots in named if len(set(slots)) == len(slots)]
    return min(different, key=str, default=()) or _default_slots(variable)


def _default_slots(variable: Variable) -> tuple[Index, ...]:
    return tuple(Index(n, r) for n, r in zip(_LETTERS, variable.label.ranges, strict=False))


# --- pieces ----------------------------------------------------------------------------------


def limits(measure: Continuous, printer: Typesetter) -> tuple[str, str]:
    if measure.is_imaginary and (measure.lower, measure.upper) == (-oo, oo):
        shift = "" if measure.shift == 0 else printer.doprint(measure.shift)
        plus = " + " if shift else ""
        return rf"{shift} - \mathrm{{i}} \infty".strip(), rf"{shift}{plus}\mathrm{{i}} \infty"
    ends = (measure.shift + measure.direction * y for y in (measure.lower, measure.upper))
    lower, upper = (printer.doprint(end) for end in ends)
    return lower.replace("- ", "-"), upper


def values(measure: Finite, printer: Typesetter) -> str:
    """The values of a finite measure, such as ``= \\pm 1``; long lists are cut short."""
    texts = list(map(printer.doprint, measure.values))
    if len(texts) == 2 and measure.values[0] == -measure.values[1]:
        negative = measure.values[0].could_extract_minus_sign()
        return rf" = \pm {texts[1 if negative else 0]}"
    if len(texts) > _SHOWN:
        texts[2:-1] = [r"\ldots"]
    return " = " + ", ".join(texts)


def one_hot(site: Site) -> str:
    colour = site.indices[-1]
    return rf"\sum_{{{site.printer.doprint(colour)}}} {site.text} = 1"


def sphere(site: Site) -> str:
    norm = site.printer.doprint(Total(site.element**2, site.indices[-1]))
    return rf"\delta\left({norm} - {site.printer.doprint(site.variable.measure.norm2)}\right)"


def normal(measure: Any) -> tuple[Expr, Expr] | None:
    """(mean, variance) if the measure is a normal probability measure on the real line."""
    if not isinstance(measure, Continuous) or measure.is_bounded or measure.direction == I:
        return None
    x = Symbol("x", real=True)
    density = measure.log_weight(x).expand()
    curvature = density.coeff(x, 2)
    if curvature == 0 or curvature.has(x):
        return None
    variance = -1 / (2 * curvature)
    mean = density.coeff(x, 1) * variance
    if variance.is_positive is False:
        return None
    expected = Continuous.gaussian(mean, variance).log_weight(x)
    return (mean, variance) if (expected - density).expand() == 0 else None


def _definitions(site: Site) -> list[str]:
    measure, printer = site.variable.measure, site.printer
    if isinstance(measure, Finite) and measure.normalisation != "counting":
        return [
            rf"{rho(site, printer.doprint(v))} = {printer.doprint(exp(w))}"
            for v, w in zip(measure.values, measure.log_weights, strict=True)
        ]
    if isinstance(measure, SteepestContour):
        form = printer.doprint(measure.form)
        signs = r"\text{ of positive, imaginary along those of negative eigenvalue}"
        return [rf"\mathcal{{C}}:\ \text{{real along eigenvectors of }} {form} {signs}"]
    if normal(measure) == (0, 1):
        x = printer.doprint(site.variable.label)
        gaussian = rf"\frac{{\mathrm{{d}}{x}}}{{\sqrt{{2 \pi}}}} e^{{-{x}^{{2}} / 2}}"
        return [rf"\mathcal{{D}}{x} = {gaussian}"]
    return []


def _symmetry(site: Site) -> str:
    mirrored = Element(site.variable.label, *site.indices)
    swapped = site.printer.doprint(Symbol(site.variable.name))
    slots = " ".join(site.printer.doprint(i) for i in reversed(site.indices))
    return rf",\ {site.printer.doprint(mirrored)} = {swapped}_{{{slots}}}"


def rho(site: Site, value: str | None = None) -> str:
    return rf"\rho_{{{label_latex(site.variable, site.printer)}}}({value or site.text})"


def label_latex(variable: Variable, printer: Typesetter) -> str:
    return str(printer.doprint(Symbol(variable.name)))
