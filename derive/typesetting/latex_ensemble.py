r"""How an ensemble is typeset: ``Z = e^{c} \sum_{\{s_i = \pm 1\}} \int ... W \exp\{E\}``.

The measure of an imaginary field is that of its imaginary part, ``d\hat{m}/i``, so that prefactors
are real; on a steepest contour it is the length along the contour, ``|dm|``.
"""

from __future__ import annotations

from math import gcd

from sympy import Add, Expr, Mul, S, exp, factor_terms, log

from derive.ensemble import Ensemble, joint_groups
from derive.gaussian_norm import GaussianNorm
from derive.measures import Collective, Finite, OneHot, SphereSurface, SteepestContour
from derive.single_site import weighted_exponent
from derive.typesetting.latex_measures import (
    Site,
    label_latex,
    limits,
    normal,
    one_hot,
    rho,
    slots_of,
    sphere,
    values,
)
from derive.typesetting.latex_printer import Typesetter, bracketed
from derive.typesetting.replica_notation import number_of_replicas
from derive.variables import Variable

__all__ = ["ensemble_latex", "partition_function", "site_density"]


def ensemble_latex(ensemble: Ensemble, printer: Typesetter | None = None) -> list[tuple[str, ...]]:
    """The defining lines of an ensemble, as (left, relation, right)."""
    printer = printer or Typesetter()
    stationary = [v for v in ensemble.variables if isinstance(v.measure, Collective)]
    copies = number_of_replicas(ensemble)
    if stationary and copies is None:  # continued: the exponent is the average of log Z
        density = _braced(printer.doprint(ensemble.exponent))
        return [(r"\overline{\ln Z}", r"\simeq", f"{_extremum(stationary, printer)} {density}")]
    right = partition_function(ensemble, printer)
    names = ", ".join(label_latex(v, printer) for v in ensemble.disorder)
    average = rf"\mathbb{{E}}_{{{names}}}" if names else ""
    if copies is not None:
        left = rf"\overline{{Z^{{{printer.doprint(copies)}}}}}"
        relation = r"\simeq" if stationary else "="
        return [(left, relation, f"{average} {right}".strip())]
    if not names:
        return [("Z", "=", right)]
    return [(rf"{average} \ln Z", "=", rf"{average} \ln {right}")]


def partition_function(ensemble: Ensemble, printer: Typesetter) -> str:
    """Prefactor, sums and integrals, weight, and the exponential of the exponent."""
    pieces = [_prefactor(ensemble.log_prefactor, printer)]
    stationary = [v for v in ensemble.variables if isinstance(v.measure, Collective)]
    pieces += [_extremum(stationary, printer)] * bool(stationary)
    traced = [v for v in ensemble.variables if v not in stationary]
    pieces += [_trace(group, ensemble, printer) for group in joint_groups(traced)]
    if ensemble.weight != 1:
        pieces.append(printer.doprint(ensemble.weight))
    if ensemble.exponent != 0 or not any(pieces):
        pieces.append(rf"\exp{_braced(printer.doprint(ensemble.exponent))}")
    return " ".join(piece for piece in pieces if piece)


def site_density(ensemble: Ensemble, printer: Typesetter) -> str:
    """The density of a small ensemble up to its norm, such as ``x ~ e^{-x^4}``."""
    names = ", ".join(printer.doprint(v.element) for v in ensemble.variables)
    exponent = ensemble.exponent
    for variable in ensemble.variables:
        exponent = weighted_exponent(variable, exponent)
    return rf"{names} \sim {printer.doprint(exp(exponent))}"


# --- prefactor --------------------------------------------------------------------------------


def _prefactor(log_prefactor: Expr, printer: Typesetter) -> str:
    r"""e^c, where logarithms with a common coefficient become one power: ``\sqrt{N/(2\pi)}``."""
    powers: dict[Expr, dict[Expr, int]] = {}
    determinants: dict[Expr, list[str]] = {}
    rest = S.Zero
    collected: dict[Expr, Expr] = {}
    for term in Add.make_args(log_prefactor.expand()):
        coefficient, function = _logarithm(term)
        collected[function] = collected.get(function, S.Zero) + coefficient
    for function, total in collected.items():
        coefficient, term = factor_terms(total), total * function
        number, size = coefficient.as_coeff_Mul()
        if size.could_extract_minus_sign():  # one form for powers that are opposite
            number, size = -number, factor_terms(-size.expand())
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
    return rf"{base if base.isalnum() and len(base) == 1 else bracketed(base)}^{{{above}}}"


# --- sums and integrals -----------------------------------------------------------------------


def _extremum(variables: list[Variable], printer: Typesetter) -> str:
    names = ", ".join(label_latex(v, printer) for v in variables)
    return rf"\operatorname*{{extr}}_{{{names}}}"


def _trace(group: tuple[Variable, ...], ensemble: Ensemble, printer: Typesetter) -> str:
    sites = [Site(v, slots_of(v, ensemble), printer) for v in group]
    measure, site = group[0].measure, sites[0]
    if isinstance(measure, SteepestContour):
        differentials = r" \, ".join(s.product() + rf"\mathrm{{d}}{s.text}" for s in sites)
        return rf"\int_{{\mathcal{{C}}}} \left|{differentials}\right| \,"
    if isinstance(measure, Finite):
        condition = site.text + values(measure, printer)
        weight = "" if measure.normalisation == "counting" else f" {site.product()}{rho(site)}"
        return rf"\sum_{{{_set(condition, site)}}}" + weight
    if isinstance(measure, OneHot):
        condition = rf"{site.text} \in \{{0, 1\}},\ {one_hot(site)}"
        return rf"\sum_{{{_set(condition, site)}}}"
    if isinstance(measure, SphereSurface):
        outer = site.product(site.indices[:-1])
        all_sites = rf"{site.product()}\mathrm{{d}}{site.text}"
        return rf"\int_{{-\infty}}^{{\infty}} {all_sites} \; {outer}{sphere(site)} \,"
    return _integral(site)


def _integral(site: Site) -> str:
    measure, printer = site.variable.measure, site.printer
    differential, product = rf"\mathrm{{d}}{site.text}", site.product()
    if parameters := normal(measure):
        if parameters == (0, 1):
            return rf"\int {product}\mathcal{{D}}{site.text} \,"
        mean, variance = map(printer.doprint, parameters)
        density = rf"\mathcal{{N}}{bracketed(f'{site.text}; {mean}, {variance}')}"
        return rf"\int_{{-\infty}}^{{\infty}} {product}{differential} \, {density} \,"
    lower, upper = limits(measure, printer)
    if measure.is_imaginary:
        differential = rf"\frac{{{differential}}}{{\mathrm{{i}}}}"
    log_weight = measure.log_weight(site.element)
    weight = "" if log_weight == 0 else rf" \, {printer.doprint(exp(log_weight))}"
    return rf"\int_{{{lower}}}^{{{upper}}} {product}{differential}{weight} \,"


def _set(condition: str, site: Site) -> str:
    return rf"\{{{condition}\}}" if site.sites else condition


def _braced(text: str) -> str:
    return rf"\left\{{{text}\right\}}"
