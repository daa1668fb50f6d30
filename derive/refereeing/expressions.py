"""Whether two expressions, or the solutions of two equations, are the same function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import mpmath
from mpmath import mp
from sympy import Expr, Symbol

from derive.gaussian.substitution import put
from derive.refereeing.canonical import cancels, canonical_form
from derive.refereeing.comparison import (
    Comparison,
    ExpressionValue,
    OneDivergesError,
    Quantity,
    agreement,
    compare,
    differ_at,
    number,
    pairs,
)
from derive.refereeing.domain import Domain
from derive.refereeing.factors import find_factor
from derive.refereeing.hidden_difference import hidden_difference
from derive.refereeing.no_value import NoValueError
from derive.refereeing.sample_points import far_points, has_integrals, points_on_all_sides
from derive.refereeing.substitutions import Substituted, screened
from derive.refereeing.verdict import Counterexample, Verdict, point_text

__all__ = ["Effort", "factor_between", "judge_expressions", "judge_quantities", "with_explanation"]

CERTAIN = 500  # digits of closed forms
_LONGEST = 80  # digits of integrals, where a difference is small
_FAR_OUT = 300  # digits near the ends of the domain
_SHOWN = 20  # digits to which a factor holds at the counterexample


@dataclass(frozen=True)
class Effort:
    """How many digits are asked for, at how many points."""

    digits: int
    points: int


def judge_expressions(
    published: Expr, derived: Expr, domain: Domain, effort: Effort, name: Symbol | None = None
) -> Verdict:
    """The verdict on two expressions, without an explanation of a difference."""
    domain = domain.of_symbols(published.free_symbols | derived.free_symbols)
    one, two = canonical_form(published), canonical_form(derived)
    if cancels(one, two):
        return Verdict("equal", "as canonical forms")
    points = points_on_all_sides(domain, effort.points, published, derived)
    sides = ExpressionValue(published, name), ExpressionValue(derived, name)
    verdict = judge_quantities(*sides, domain, points, effort)
    difference = hidden_difference(one, two, points[0]) if verdict.equal else None
    if difference is not None:
        limit = _LONGEST if has_integrals(published, derived) else CERTAIN
        return _different_beyond(*sides, points[0], difference, limit)
    if verdict.equal and not has_integrals(published, derived):
        return _closed_forms(*sides, domain, points, verdict)
    return verdict


def judge_quantities(
    published: Quantity,
    derived: Quantity,
    domain: Domain,
    points: list[dict[Symbol, Expr]],
    effort: Effort,
) -> Verdict:
    """The verdict from values at points."""
    spare = domain.points(3 * effort.points)
    found = compare(published, derived, points, effort.digits, spare)
    if found.counterexample is not None:
        shown = _easier_to_read(published, derived, domain, found.counterexample, effort)
        return Verdict("different", counterexample=shown, divergence=found.divergence)
    needed = min(effort.points, len(points))
    if found.points >= needed and found.digits >= effort.digits and not found.divergence:
        where = f"at {found.points} random points of the domain" if domain.intervals else ""
        return Verdict("equal", f"numerically to {effort.digits} digits {where}".strip())
    return Verdict("not verified", divergence=found.divergence, reason=_reason(found, needed))


def _reason(found: Comparison, needed: int) -> str:
    if found.points and found.digits < float("inf"):
        known = (
            f"both sides agree to {found.digits:.0f} digits at {found.points} of {needed} points"
        )
    else:
        known = "neither side could be compared at any point"
    why = "; ".join(dict.fromkeys(found.reasons))
    return f"{known}: {why}" if why else f"{known}; give a domain= in which both sides have values"


def _easier_to_read(
    published: Quantity, derived: Quantity, domain: Domain, shown: Counterexample, effort: Effort
) -> Counterexample:
    """The counterexample at a rounded point, if it is one."""
    if shown.published is None or shown.derived is None:
        return shown
    try:
        found = differ_at(published, derived, domain.rounded(dict(shown.point)), effort.digits)
    except (NoValueError, OneDivergesError):
        return shown
    return found if isinstance(found, Counterexample) else shown


def _different_beyond(
    published: Quantity, derived: Quantity, point: Any, difference: Any, limit: int
) -> Verdict:
    """Sides whose difference is known and smaller than the digits that were asked for."""
    size = max(abs(value) for value in derived.values(point, _SHOWN))
    work = int(_SHOWN - mpmath.log10(abs(difference) / size)) if size else _SHOWN
    said = f"the difference there is {mpmath.nstr(difference, 6)}"
    if work > limit:
        return Verdict("different", reason=f"{said} at {point_text(pairs(point))}")
    one, two = published.values(point, work), derived.values(point, work)
    if abs(one[0] - two[0] - difference) > abs(difference) / 1000:
        return Verdict("not verified", reason=f"{said} as its terms add up, yet not by the values")
    shown = [tuple(number(value, work) for value in side) for side in (one, two)]
    return Verdict(
        "different",
        counterexample=Counterexample(pairs(point), shown[0], shown[1], derived.name),
        reason=said,
    )


def _closed_forms(
    published: Quantity, derived: Quantity, domain: Domain, points: list[Any], verdict: Verdict
) -> Verdict:
    """Closed forms are compared to 500 digits too, and far out, where a small difference shows."""
    try:
        found = differ_at(published, derived, points[0], CERTAIN)
    except NoValueError as error:
        return Verdict("not verified", reason=error.reason)
    if isinstance(found, Counterexample):
        return Verdict("different", counterexample=found)
    far = compare(published, derived, far_points(domain), _FAR_OUT)
    if far.counterexample is not None and far.divergence is None:
        return Verdict("different", counterexample=far.counterexample)
    return verdict


# -- what a difference is due to ---------------------------------------------------------------


def with_explanation(
    verdict: Verdict,
    published: Quantity,
    derived: Quantity,
    domain: Domain,
    effort: Effort,
    subject: str | None = "",
) -> Verdict:
    """A verdict "different" with the factor or the substitution that it is due to, if one is."""
    if not verdict.compares:
        return verdict
    points = domain.points(max(effort.points, 5))
    factor = None if subject is None else factor_between(published, derived, domain)
    if factor is not None and _explains(factor, published, derived, verdict, domain, effort):
        return replace(verdict, factor=factor, subject=subject or "")
    for moved in screened(published, derived, domain, points):
        found = _judged(moved, derived, domain, effort)
        if found.equal:
            words = ", ".join(f"{old} -> {new}" for old, new in moved.rule)
            return replace(
                verdict, verdict=f"equal up to {words}", how=found.how, substitution=moved.rule
            )
    return verdict


def _judged(moved: Substituted, derived: Quantity, domain: Domain, effort: Effort) -> Verdict:
    """Whether a substitution makes both sides equal."""
    if isinstance(moved.quantity, ExpressionValue) and isinstance(derived, ExpressionValue):
        rule = {old: new for old, new in moved.rule if old != moved.name}
        expr = put(moved.quantity.expr, rule)
        expr = expr if len(rule) == len(moved.rule) else 1 / expr
        return judge_expressions(expr, derived.expr, domain, effort)
    return judge_quantities(moved, derived, domain, domain.points(effort.points), effort)


def _explains(
    factor: Expr,
    published: Quantity,
    derived: Quantity,
    verdict: Verdict,
    domain: Domain,
    effort: Effort,
) -> bool:
    """Whether a factor holds at the counterexample too, and each side has a value."""
    shown = verdict.counterexample
    if shown is None or verdict.divergence is not None or factor == 1:
        return False
    point = dict(shown.point)
    if isinstance(published, ExpressionValue) and isinstance(derived, ExpressionValue):
        scaled_up = factor * derived.expr
        return judge_expressions(published.expr, scaled_up, domain, effort).equal
    scale = factor.xreplace(point)
    one, two = (side.values(point, _SHOWN) for side in (published, derived))
    scaled = tuple(sorted(scale.evalf(_SHOWN)._to_mpmath(mp.prec) * value for value in two))
    return agreement(one, scaled) >= _SHOWN // 2


def factor_between(published: Quantity, derived: Quantity, domain: Domain) -> Expr | None:
    """The exact factor by which all values differ; None if there is none of a known form."""

    def ratio(point: Mapping[Symbol, Expr], digits: int) -> Any:
        one, two = published.values(point, digits), derived.values(point, digits)
        if not one or len(one) != len(two) or not all((*one, *two)):
            raise NoValueError("there is no quotient")
        with mp.workdps(digits):
            quotients = [x / y for x, y in zip(one, two, strict=True)]
        if any(abs(q / quotients[0] - 1) > 10.0 ** (3 - digits) for q in quotients):
            raise NoValueError("several quotients")
        return quotients[0]

    return find_factor(ratio, domain)
