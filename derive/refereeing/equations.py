"""Whether two equations are the same statement: whether they hold at the same points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sympy import Expr, Mul, Symbol, factor, factor_terms

from derive.errors import DeclarationError
from derive.refereeing.canonical import cancels, canonical_form, ratio
from derive.refereeing.comparison import ExpressionValue, OneDivergesError, Quantity, differ_at
from derive.refereeing.domain import Domain
from derive.refereeing.expressions import (
    Effort,
    factor_between,
    judge_expressions,
    judge_quantities,
    with_explanation,
)
from derive.refereeing.no_value import NoValueError
from derive.refereeing.numbers import value_at
from derive.refereeing.roots import Roots, solved_for
from derive.refereeing.statement import Statement
from derive.refereeing.verdict import Counterexample, Verdict

__all__ = ["judge_equations"]

_SIGNS = 48  # points at which the sign of a factor is looked at


def judge_equations(
    one: Statement, two: Statement, domain: Domain, effort: Effort, for_: Any = None
) -> Verdict:
    """The verdict on two equations.

    Their differences of sides are compared as canonical forms, up to a factor; then the solutions
    for a symbol in which both are linear; then factors by numbers; then the roots by numbers.
    """
    name = _wanted(for_, one, two)
    exact = _as_canonical_forms(one, two, domain, name)
    if exact is not None:
        return exact
    for chosen in [*([name] if name is not None else []), *_likely(one, two)]:
        solutions = [solved_for(s.residual, chosen) for s in (one, two)]
        if None not in solutions:
            verdict = _by_solutions(one, two, domain, effort, chosen, solutions)
            return _shown_by(verdict, name, chosen, one, two, domain, effort)
    return _by_factor(one, two, domain, effort) or _by_roots(one, two, domain, effort, name)


def _wanted(for_: Any, one: Statement, two: Statement) -> Symbol | None:
    if for_ is None:
        return None
    names = {str(s): s for s in one.symbols | two.symbols}
    if str(for_) not in names:
        raise DeclarationError(
            f"for_={for_} occurs on neither side; there are: {', '.join(sorted(names)) or 'none'}"
        )
    return names[str(for_)]


def _likely(one: Statement, two: Statement) -> Iterator[Symbol]:
    """What one would solve for: a symbol that stands alone on the left, then any other."""
    shared = sorted(one.symbols & two.symbols, key=str)
    left = [s.left for s in (two, one)]
    yield from sorted(shared, key=lambda s: (s not in left, 1 / s not in left, str(s)))


def _as_canonical_forms(
    one: Statement, two: Statement, domain: Domain, name: Symbol | None
) -> Verdict | None:
    first, second = canonical_form(one.residual), canonical_form(two.residual)
    how = "as canonical forms"
    if cancels(first, second):
        return Verdict("equal", how)
    quotient = ratio(first, second)
    if quotient is None:
        return None
    if _keeps_sign(quotient, domain):
        return Verdict("equal", how, factor=factor_terms(quotient))
    unknown = name if name is not None else two.left
    if unknown in two.symbols and unknown not in quotient.free_symbols:
        return _up_to_a_root(quotient, how)
    return None


def _up_to_a_root(quotient: Expr, how: str) -> Verdict:
    shown = factor_terms(quotient)
    return Verdict(f"equal up to the factor {shown}, which vanishes somewhere", how, factor=shown)


def _keeps_sign(quotient: Expr, domain: Domain) -> bool:
    """Whether no factor of a quotient changes its sign in the domain."""
    factors = [f.as_base_exp()[0] for f in Mul.make_args(factor(quotient))]
    return all(_one_sign(f, domain.of_symbols(f.free_symbols)) for f in factors)


def _one_sign(form: Expr, domain: Domain) -> bool:
    signs = set()
    for point in domain.points(_SIGNS):
        try:
            value = value_at(form, point, 15)
        except NoValueError:
            return False
        signs.add(bool(value.real > 0))
    return len(signs) == 1


def _by_solutions(
    one: Statement,
    two: Statement,
    domain: Domain,
    effort: Effort,
    name: Symbol,
    solutions: list[Any],
) -> Verdict:
    published, derived = solutions
    rest = domain.of_symbols(published.free_symbols | derived.free_symbols)
    verdict = judge_expressions(published, derived, rest, effort, name)
    if verdict.equal:
        return replace(verdict, how=f"solved for {name}, {verdict.how}")
    values = ExpressionValue(published, name), ExpressionValue(derived, name)
    return _explained(one, two, verdict, *values, domain, effort)


def _shown_by(
    verdict: Verdict,
    name: Symbol | None,
    solved: Symbol,
    one: Statement,
    two: Statement,
    domain: Domain,
    effort: Effort,
) -> Verdict:
    """A difference shown by the solutions for the symbol that was asked for."""
    if name in (None, solved) or verdict.equal or name not in one.symbols & two.symbols:
        return verdict
    published, derived = _roots(one, two, name, domain)
    for point in _without(domain, name).points(effort.points):
        try:
            found = differ_at(published, derived, point, effort.digits)
        except (NoValueError, OneDivergesError):
            continue
        if isinstance(found, Counterexample):
            return replace(verdict, counterexample=found)
    return verdict


def _roots(one: Statement, two: Statement, name: Any, domain: Domain) -> tuple[Roots, Roots]:
    first, second = (Roots(s.residual, name, domain[name]) for s in (one, two))
    return first, second


def _without(domain: Domain, name: Any) -> Domain:
    return domain.of_symbols(s for s, _ in domain.intervals if s != name)


def _explained(
    one: Statement,
    two: Statement,
    verdict: Verdict,
    published: Quantity,
    derived: Quantity,
    domain: Domain,
    effort: Effort,
) -> Verdict:
    """A difference explained by the right sides if the left ones are equal, or by the solutions."""
    if not verdict.compares:
        return verdict
    subject: str | None = f"the solutions for {derived.name} are"
    if cancels(canonical_form(one.left), canonical_form(two.left)):
        rights = ExpressionValue(one.right), ExpressionValue(two.right)
        symbols = one.right.free_symbols | two.right.free_symbols
        found = factor_between(*rights, domain.of_symbols(symbols))
        if found is not None:
            return replace(verdict, factor=found, subject="the right sides are")
        if isinstance(published, ExpressionValue):
            subject = None  # the solutions have no simpler quotient than the right sides
    rest = _without(domain, derived.name)
    return with_explanation(verdict, published, derived, rest, effort, subject)


def _by_factor(one: Statement, two: Statement, domain: Domain, effort: Effort) -> Verdict | None:
    """Equal if the differences of sides are proportional by a factor that does not vanish."""
    sides = ExpressionValue(one.residual), ExpressionValue(two.residual)
    found = factor_between(*sides, domain)
    if found is None:
        return None
    verdict = judge_expressions(one.residual, found * two.residual, domain, effort)
    if not verdict.equal:
        return None
    if _keeps_sign(found, domain):
        return replace(verdict, factor=found)
    return _up_to_a_root(found, verdict.how)


def _by_roots(
    one: Statement, two: Statement, domain: Domain, effort: Effort, name: Symbol | None
) -> Verdict:
    shared = one.symbols & two.symbols
    likely = [s for s in (name, two.left, one.left) if s in shared]
    if not likely:
        named = ", ".join(sorted(map(str, shared)))
        reason = f"say what to solve for: for_= one of {named}" if named else "no common symbol"
        return Verdict("not verified", reason=reason)
    unknown = likely[0]
    published, derived = _roots(one, two, unknown, domain)
    rest = _without(domain, unknown)
    verdict = judge_quantities(published, derived, rest, rest.points(effort.points), effort)
    if verdict.equal:
        if not _same_sign(one, two, domain):
            return Verdict(
                "not verified",
                reason=f"the solutions found for {unknown} agree, yet the sides differ in sign "
                "elsewhere: a solution may lie outside of what was searched",
            )
        return replace(verdict, how=f"by their solutions for {unknown}, {verdict.how}")
    return _explained(one, two, verdict, published, derived, domain, effort)


def _same_sign(one: Statement, two: Statement, domain: Domain) -> bool:
    """Whether the quotient of the differences of sides has one sign, as it must if all zeros are
    shared and simple."""
    signs = set()
    for point in domain.points(_SIGNS):
        try:
            first, second = (value_at(s.residual, point, 15) for s in (one, two))
        except NoValueError:
            continue
        signs.add(bool(first.real * second.real > 0))
    return len(signs) == 1
