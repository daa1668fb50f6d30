r"""How an ensemble is typeset: ``Z = e^{c} \sum_{\{s_i = \pm 1\}} \int ... W \exp\{E\}``.

The measure of an imaginary field is that of its imaginary part, ``d\hat{m}/i``, so that prefactors
are real; on a steepest contour it is the length along the contour, ``|dm|``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any

from sympy import Add, Expr, I, Mul, S, Symbol, exp, log, oo

from derive.ensemble import Ensemble, elements_of, joint_groups
from derive.gaussian_norm import GaussianNorm
from derive.indices import Element, Index
from derive.latex_printer import Typesetter, bracketed
from derive.measures import Continuous, Finite, OneHot, SphereSurface, SteepestContour
from derive.total import Total
from derive.variables import Variable

__all__ = ["definitions", "ensemble_latex", "measure_latex", "partition_function", "site_density", "slots_of"]

_LETTERS = "ijklmnpqr"


@dataclass(frozen=True)
class _Site:
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
        names = " ".join(map(self.printer.doprint, self.sites if indices is None else indices))
        return rf"\prod_{{{names}}} " if names else ""


def ensemble_latex(ensemble: Ensemble, printer: Typesetter | None = None) -> list[tuple[str, ...]]:
    """The defining lines of an ensemble, as (left, relation, right)."""
    printer = printer or Typesetter()
    right = partition_function(ensemble, printer)
    if not ensemble.disorder:
        return [("Z", "=", right)]
    names = ", ".join(_label(v, printer) for v in ensemble.disorder)
    return [(rf"\mathbb{{E}}_{{{names}}} \ln Z", "=", rf"\mathbb{{E}}_{{{names}}} \ln {right}")]


def partition_function(ensemble: Ensemble, printer: Typesetter) -> str:
    """Prefactor, sums and integrals, weight, and the exponential of the exponent."""
    pieces = [_prefactor(ensemble.log_prefactor, printer)]
    pieces += [_trace(group, ensemble, printer) for group in joint_groups(ensemble.variables)]
    if ensemble.weight != 1:
        pieces.append(printer.doprint(ensemble.weight))
    if ensemble.exponent != 0 or not any(pieces):
        pieces.append(rf"\exp{_braced(printer.doprint(ensemble.exponent))}")
    return " ".join(piece for piece in pieces if piece)


def site_density(ensemble: Ensemble, printer: Typesetter) -> str:
    """The density of a small ensemble up to its norm, such as ``x ~ e^{-x^4}``."""
    from derive.single_site import weighted_exponent

    names = ", ".join(printer.doprint(v.element) for v in ensemble.variables)
    exponent = ensemble.exponent
    for variable in ensemble.variables:
        exponent = weighted_exponent(variable, exponent)
    return rf"{names} \sim {printer.doprint(exp(exponent))}"


def definitions(ensemble: Ensemble) -> list[str]:
    """What the symbols of the measures stand for: weights, normal densities, contours, disorder."""
    printer = Typesetter()
    found: list[str] = []
    for variable in ensemble.variables:
        found += _definitions(_Site(variable, slots_of(variable, ensemble), printer))
    for variable in ensemble.disorder:
        site = _Site(variable, slots_of(variable, ensemble), printer)
        symmetry = _symmetry(site) if variable.label.symmetric else ""
        found += [measure_latex(variable, site.indices) + symmetry, *_definitions(site)]
    return list(dict.fromkeys(found))


def measure_latex(variable: Variable, indices: tuple[Index, ...] | None = None) -> str:
    r"""One variable with what it is summed or averaged over, such as ``s_{i} = \pm 1``."""
    printer = Typesetter()
    site = _Site(variable, indices or _default_slots(variable), printer)
    measure = variable.measure
    if isinstance(measure, Finite):
        return site.text + _values(measure, printer)
    if isinstance(measure, OneHot):
        return rf"{site.text} \in \{{0, 1\}},\ {_one_hot(site)}"
    if isinstance(measure, SphereSurface):
        return _sphere(site)
    if isinstance(measure, SteepestContour):
        return rf"{site.text} \in \mathcal{{C}}"
    if normal := _normal(measure):
        mean, variance = map(printer.doprint, normal)
        return rf"{site.text} \sim \mathcal{{N}}{bracketed(f'{mean}, {variance}')}"
    lower, upper = _limits(measure, printer)
    weight = printer.doprint(exp(measure.log_weight(site.element)))
    density = "" if weight == "1" else rf",\ \rho({site.text}) = {weight}"
    return rf"{site.text} \in ({lower}, {upper}){density}"


# --- prefactor --------------------------------------------------------------------------------


def _prefactor(log_prefactor: Expr, printer: Typesetter) -> str:
    r"""e^c, where logarithms with a common coefficient become one power: ``\sqrt{N/(2\pi)}``."""
    powers: dict[Expr, dict[Expr, int]] = {}
    determinants: dict[Expr, list[str]] = {}
    rest = S.Zero
    for term in Add.make_args(log_prefactor.expand()):
        coefficient, function = _logarithm(term)
        number, size = coefficient.as_coeff_Mul()
        if isinstance(function, log) and number.is_Rational:
            powers.setdefault(size / number.q, {})[function.args[0]] = int(number.p)
        elif isinstance(function, GaussianNorm):
            determinants.setdefault(coefficient / 2, []).append(printer.determinant(function))
        else:
            rest += term
    found = [_product_of_powers(bases, power, printer) for power, bases in powers.items()]
    found += [_power(" ".join(texts), power, printer) for power, texts in determinants.items()]
    if rest != 0:
        found.append(printer.doprint(exp(rest)))
    return " ".join(found)


def _product_of_powers(bases: dict[Expr, int], power: Expr, printer: Typesetter) -> str:
    """prod base^(n power), with what the integers n share taken to the power."""
    shared = gcd(*bases.values())
    product = Mul(*(base ** (n // shared) for base, n in bases.items()))
    return _power(printer.doprint(product), shared * power, printer)


def _logarithm(term: Expr) -> tuple[Expr, Expr]:
    """(c, f) of a term c f with f a logarithm or the norm of a Gaussian integral."""
    factors = Mul.make_args(term)
    found = [f for f in factors if isinstance(f, log | GaussianNorm)]
    if len(found) != 1:
        return S.One, term
    return Mul(*(f for f in factors if f is not found[0])), found[0]


def _power(base: str, power: Expr, printer: Typesetter) -> str:
    if power == 1:
        return base
    if power == S.Half:
        return rf"\sqrt{{{base}}}"
    above = str(power) if power.is_Rational else printer.doprint(power)
    return rf"{bracketed(base)}^{{{above}}}"


# --- sums and integrals -----------------------------------------------------------------------


def _trace(group: tuple[Variable, ...], ensemble: Ensemble, printer: Typesetter) -> str:
    sites = [_Site(v, slots_of(v, ensemble), printer) for v in group]
    measure, site = group[0].measure, sites[0]
    if isinstance(measure, SteepestContour):
        differentials = r" \, ".join(s.product() + rf"\mathrm{{d}}{s.text}" for s in sites)
        return rf"\int_{{\mathcal{{C}}}} \left|{differentials}\right| \,"
    if isinstance(measure, Finite):
        values = site.text + _values(measure, printer)
        weight = "" if measure.normalisation == "counting" else f" {site.product()}{_rho(site)}"
        return rf"\sum_{{{_set(values, site)}}}" + weight
    if isinstance(measure, OneHot):
        values = rf"{site.text} \in \{{0, 1\}},\ {_one_hot(site)}"
        return rf"\sum_{{{_set(values, site)}}}"
    if isinstance(measure, SphereSurface):
        outer = site.product(site.indices[:-1])
        all_sites = rf"{site.product()}\mathrm{{d}}{site.text}"
        return rf"\int_{{-\infty}}^{{\infty}} {all_sites} \; {outer}{_sphere(site)} \,"
    return _integral(site)


def _integral(site: _Site) -> str:
    measure, printer = site.variable.measure, site.printer
    differential, product = rf"\mathrm{{d}}{site.text}", site.product()
    if normal := _normal(measure):
        if normal == (0, 1):
            return rf"\int {product}\mathcal{{D}}{site.text} \,"
        mean, variance = map(printer.doprint, normal)
        density = rf"\mathcal{{N}}{bracketed(f'{site.text}; {mean}, {variance}')}"
        return rf"\int_{{-\infty}}^{{\infty}} {product}{differential} \, {density} \,"
    lower, upper = _limits(measure, printer)
    if measure.is_imaginary:
        differential = rf"\frac{{{differential}}}{{\mathrm{{i}}}}"
    log_weight = measure.log_weight(site.element)
    weight = "" if log_weight == 0 else rf" \, {printer.doprint(exp(log_weight))}"
    return rf"\int_{{{lower}}}^{{{upper}}} {product}{differential}{weight} \,"


def _limits(measure: Continuous, printer: Typesetter) -> tuple[str, str]:
    if measure.is_imaginary and (measure.lower, measure.upper) == (-oo, oo):
        shift = "" if measure.shift == 0 else printer.doprint(measure.shift)
        plus = " + " if shift else ""
        return rf"{shift} - \mathrm{{i}} \infty".strip(), rf"{shift}{plus}\mathrm{{i}} \infty"
    ends = (measure.shift + measure.direction * y for y in (measure.lower, measure.upper))
    lower, upper = (printer.doprint(end) for end in ends)
    return lower.replace("- ", "-"), upper


def _values(measure: Finite, printer: Typesetter) -> str:
    if len(measure.values) == 2 and measure.values[0] == -measure.values[1]:
        return rf" = \pm {printer.doprint(max(measure.values))}"
    return " = " + ", ".join(map(printer.doprint, measure.values))


def _set(condition: str, site: _Site) -> str:
    return rf"\{{{condition}\}}" if site.sites else condition


def _one_hot(site: _Site) -> str:
    colour = site.indices[-1]
    return rf"\sum_{{{site.printer.doprint(colour)}}} {site.text} = 1"


def _sphere(site: _Site) -> str:
    norm = site.printer.doprint(Total(site.element**2, site.indices[-1]))
    return rf"\delta\left({norm} - {site.printer.doprint(site.variable.measure.norm2)}\right)"


def _normal(measure: Any) -> tuple[Expr, Expr] | None:
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
    normal = Continuous.gaussian(mean, variance) if variance.is_positive is not False else None
    return (mean, variance) if normal and _equal(normal.log_weight(x), density) else None


def _equal(left: Expr, right: Expr) -> bool:
    return bool((left - right).expand() == 0)


# --- names ------------------------------------------------------------------------------------


def _definitions(site: _Site) -> list[str]:
    measure, printer = site.variable.measure, site.printer
    if isinstance(measure, Finite) and measure.normalisation != "counting":
        return [
            rf"{_rho(site, printer.doprint(v))} = {printer.doprint(exp(w))}"
            for v, w in zip(measure.values, measure.log_weights, strict=True)
        ]
    if isinstance(measure, SteepestContour):
        form = printer.doprint(measure.form)
        signs = r"\text{ of positive, imaginary along those of negative eigenvalue}"
        return [rf"\mathcal{{C}}:\ \text{{real along eigenvectors of }} {form} {signs}"]
    if _normal(measure) == (0, 1):
        x = printer.doprint(site.variable.label)
        gaussian = rf"\frac{{\mathrm{{d}}{x}}}{{\sqrt{{2 \pi}}}} e^{{-{x}^{{2}} / 2}}"
        return [rf"\mathcal{{D}}{x} = {gaussian}"]
    return []


def _symmetry(site: _Site) -> str:
    mirrored = Element(site.variable.label, *site.indices)
    swapped = site.printer.doprint(Symbol(site.variable.name))
    slots = " ".join(site.printer.doprint(i) for i in reversed(site.indices))
    return rf",\ {site.printer.doprint(mirrored)} = {swapped}_{{{slots}}}"


def _rho(site: _Site, value: str | None = None) -> str:
    return rf"\rho_{{{_label(site.variable, site.printer)}}}({value or site.text})"


def _label(variable: Variable, printer: Typesetter) -> str:
    return str(printer.doprint(Symbol(variable.name)))


def slots_of(variable: Variable, ensemble: Ensemble) -> tuple[Index, ...]:
    """The indices that the exponent or weight uses for a variable, else i, j, ..."""
    used = elements_of(ensemble.exponent, [variable.label]) | elements_of(
        ensemble.weight, [variable.label]
    )
    plain = [e.slots for e in used if all(isinstance(s, Index) for s in e.slots)]
    named = [slots for slots in plain if not any(i.name.startswith("\0") for i in slots)]
    different = [slots for slots in named if len(set(slots)) == len(slots)]
    fewest_primes = min(
        different, key=lambda slots: (str(slots).count("'"), str(slots)), default=()
    )
    return fewest_primes or _default_slots(variable)


def _default_slots(variable: Variable) -> tuple[Index, ...]:
    return tuple(Index(n, r) for n, r in zip(_LETTERS, variable.label.ranges, strict=False))


def _braced(text: str) -> str:
    return rf"\left\{{{text}\right\}}"
