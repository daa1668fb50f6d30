r"""The Legendre transform of log Z at fixed means, order by order in the interaction I.

With ``exponent = local + alpha * I`` and fields that hold the means ``<x_i> = V_i``, the
derivatives of ``G(V, alpha) = ext_U (log Z(U, alpha) - sum_i U_i V_i)`` at alpha = 0 are averages
over independent sites of

    Y = I - <I> - sum_i (<I d_i> / kappa_2(i)) d_i,       d_i = x_i - V_i,

the interaction without its mean and its linear part: ``dG/dalpha = <I>``, and the fields move so as
to hold the means, ``dU_i/dalpha = -d<I>/dV_i``.  Hence

    G_1 = <I>,    G_2 = <Y^2> / 2,    G_3 = <Y^3> / 6,
    G_4 = (<Y^4> - 3 <Y^2>^2 - 3 sum_i <Y^2 d_i>^2 / kappa_2(i)) / 24.

A. Georges and J. S. Yedidia, J. Phys. A 24, 2173 (1991), section 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from itertools import product as cartesian
from math import factorial, prod

from sympy import Add, Expr, Mul, Rational, S, binomial

from derive.cumulants import average, central_moment, cumulant
from derive.indices import Element, Label
from derive.monomials import Monomial, site_indices
from derive.total import Total

__all__ = ["HIGHEST_ORDER", "coupling_orders"]

HIGHEST_ORDER = 4

Options = Iterator[tuple[Expr, int, bool]]


def coupling_orders(
    interaction: Sequence[Monomial], labels: Sequence[Label], order: int
) -> list[Expr]:
    """G_1 to G_order, in placeholders of the means (kappa_1) and cumulants of single sites.

    Parameters
    ----------
    interaction : sequence of Monomial
        I, a sum of products of variables at two or more sites.
    labels : sequence of Label
        All variables.
    order : int
        At most `HIGHEST_ORDER`.
    """
    found = [Add(*(average([_at_means(part)]) for part in interaction))]
    rest = [piece for part in interaction for piece in _without_linear_part(part)]
    for power in range(2, order + 1):
        joint = _joint_cumulant(rest, power)
        if power == 4:
            joint -= 3 * _held_means(rest, labels)
        found.append(joint / factorial(power))
    return found


def _joint_cumulant(rest: Sequence[Monomial], power: int, *more: Monomial) -> Expr:
    """<Y^power ...>, connected: what subtracts <Y^2>^2 from <Y^4>."""
    terms = []
    for chosen in combinations_with_replacement(range(len(rest)), power):
        ways = Rational(factorial(power), prod(factorial(chosen.count(k)) for k in set(chosen)))
        terms.append(ways * average([*(rest[k] for k in chosen), *more], connected=True))
    return Add(*terms)


def _held_means(rest: Sequence[Monomial], labels: Sequence[Label]) -> Expr:
    """sum_i <Y^2 d_i>^2 / kappa_2(i): the fields move once more to hold the means."""
    terms = []
    for label in labels:
        site = site_indices(label)
        moved = _joint_cumulant(rest, 2, Monomial(S.One, (), ((label[site], 1),)))
        terms.append(Total(moved**2 / cumulant(label, 2, site), *site))
    return Add(*terms)


def _at_means(part: Monomial) -> Monomial:
    means = (_moment(site, power, 0) for site, power in part.sites)
    return Monomial(
        Mul(part.coupling, *means), part.indices, tuple((site, 0) for site, _ in part.sites)
    )


def _without_linear_part(part: Monomial) -> Iterator[Monomial]:
    """prod_a x_a**p_a as products of fluctuations, without its mean and its linear part.

    Each factor is ``mean + slope d + rest``, the rest uncorrelated with 1 and d.
    """
    for chosen in cartesian(*(list(_options(site, power)) for site, power in part.sites)):
        powers = [k for _, k, _ in chosen]
        if sum(powers) < 2 and not any(is_rest for *_, is_rest in chosen):
            continue
        coupling = Mul(part.coupling, *(coefficient for coefficient, *_ in chosen))
        sites = tuple((site, k) for (site, _), k in zip(part.sites, powers, strict=True))
        yield Monomial(coupling, part.indices, sites)


def _options(site: Element, power: int) -> Options:
    """(coefficient, power of d, whether it belongs to the rest) of the terms of x**power."""
    mean = _moment(site, power, 0)
    slope = (_moment(site, power, 1) / cumulant(site.label, 2, site.slots)).expand()
    yield mean, 0, False
    yield slope, 1, False
    rest = dict(_binomial(site, power))
    rest[0] = (rest[0] - mean).expand()
    rest[1] = (rest[1] - slope).expand()
    yield from ((coefficient, k, True) for k, coefficient in rest.items() if coefficient != 0)


def _binomial(site: Element, power: int) -> Iterator[tuple[int, Expr]]:
    mean = cumulant(site.label, 1, site.slots)
    for k in range(power + 1):
        yield k, binomial(power, k) * mean ** (power - k)


def _moment(site: Element, power: int, extra: int) -> Expr:
    """<x**power d**extra> at one site."""
    return Add(
        *(
            coefficient * central_moment(site.label, k + extra, site.slots)
            for k, coefficient in _binomial(site, power)
        )
    ).expand()
