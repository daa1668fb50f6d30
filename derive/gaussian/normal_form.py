"""An integrand as a sum of polynomial x exp(quadratic form) x steps x delta functions.

Powers and products are multiplied out; cos, sin, cosh and sinh are exponentials; whatever has a
kink is split there (`steps`); and erf, which is an average itself, is a step with one more standard
normal w in it: erf(f) = 2 <theta(sqrt(2) f + w)> - 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sympy import (
    Abs,
    DiracDelta,
    Dummy,
    Expr,
    Heaviside,
    Integer,
    Max,
    Min,
    Mul,
    Piecewise,
    Poly,
    PolynomialError,
    Pow,
    S,
    Symbol,
    cos,
    cosh,
    erf,
    erf2,
    erfc,
    exp,
    expand,
    factor_terms,
    log,
    sign,
    sin,
    sinh,
    sqrt,
)

from derive.gaussian.no_closed_form import NoClosedForm
from derive.gaussian.steps import cases, positive_parts

__all__ = ["IMAGINARY", "Term", "normal_form", "one_orientation"]

IMAGINARY = Dummy("i", real=True)  # squares to -1; averages of cos and sin are real parts
_KINKS = (Abs, Heaviside, Max, Min, Piecewise, sign)
_MOST_TERMS = 4096


@dataclass(frozen=True)
class Term:
    """polynomial * exp(exponent) * product of theta(step) * product of delta(root)."""

    polynomial: Expr = S.One
    exponent: Expr = S.Zero
    steps: frozenset[Expr] = frozenset()
    roots: frozenset[Expr] = frozenset()
    noises: tuple[Symbol, ...] = ()

    def __mul__(self, other: Term) -> Term | None:
        """The product; None where it vanishes."""
        if any(-step in self.steps for step in other.steps):
            return None
        if self.roots & other.roots:
            raise NoClosedForm
        return Term(
            self.polynomial * other.polynomial,
            self.exponent + other.exponent,
            self.steps | other.steps,
            self.roots | other.roots,
            (*self.noises, *other.noises),
        )


Terms = list[Term]


def normal_form(integrand: Expr, variables: Iterable[Symbol]) -> Terms:
    """The terms of an integrand; raises NoClosedForm where it is no such sum."""
    return _gathered(_Reader(tuple(variables)).terms(integrand))


def one_orientation(terms: Terms) -> Terms:
    """theta(-f) as 1 - theta(f), where both occur."""
    forms = {form for term in terms for form in term.steps}
    turned = {f for f in forms if -f in forms and f.could_extract_minus_sign()}

    def factor(form: Expr) -> Terms:
        if form in turned:
            return [Term(), Term(-S.One, steps=frozenset({-form}))]
        return [Term(steps=frozenset({form}))]

    return _gathered(
        turned_term
        for term in terms
        for turned_term in _product([[replace(term, steps=frozenset())], *map(factor, term.steps)])
    )


class _Reader:
    def __init__(self, variables: tuple[Symbol, ...]) -> None:
        self.variables = variables
        self._bound = frozenset(variables)
        self._rules: dict[Any, Callable[[Expr], Terms]] = {
            exp: lambda e: self._exponential(e.args[0]),
            cos: lambda e: self._halves(e.args[0], IMAGINARY, S.Half, S.Half),
            sin: lambda e: self._halves(e.args[0], IMAGINARY, -IMAGINARY / 2, IMAGINARY / 2),
            cosh: lambda e: self._halves(e.args[0], S.One, S.Half, S.Half),
            sinh: lambda e: self._halves(e.args[0], S.One, S.Half, -S.Half),
            erf: lambda e: [*self._probit(sqrt(2) * e.args[0], 2), Term(-S.One)],
            erfc: lambda e: self._probit(-sqrt(2) * e.args[0], 2),
            erf2: lambda e: self.terms(erf(e.args[1]) - erf(e.args[0])),
            Heaviside: lambda e: self._step(e.args[0]),
            DiracDelta: self._root,
        }

    def terms(self, expr: Expr) -> Terms:
        """The terms of an expression, by its outermost function."""
        if not expr.free_symbols & self._bound or expr.is_polynomial(*self.variables):
            return [Term(expr)]
        if expr.is_Add:
            return _gathered(t for part in expr.args for t in self.terms(part))
        if expr.is_Mul:
            return _product(self.terms(part) for part in expr.args)
        if isinstance(expr, Pow):
            return self._power(expr.base, expr.exp)
        if isinstance(expr, _KINKS) and not isinstance(expr, Heaviside):
            return self._split(expr, expr)
        rule = self._rules.get(expr.func)
        if rule is None:
            raise NoClosedForm
        return rule(expr)

    def _power(self, base: Expr, power: Expr) -> Terms:
        if not base.free_symbols & self._bound:
            return self._exponential(power * log(base))
        if not (power.is_Integer and power.is_positive):
            raise NoClosedForm
        if isinstance(base, Heaviside):
            return self.terms(base)
        if isinstance(base, sign):
            return self.terms(base) if power.is_odd else [Term()]
        if isinstance(base, Abs) and power.is_even:
            return self.terms(base.args[0] ** power)
        return _product(self.terms(base) for _ in range(int(power)))

    def _exponential(self, exponent: Expr) -> Terms:
        kinked = self._innermost_kink(exponent)
        if kinked is not None:
            return self._split(exp(exponent), kinked)
        exponent = expand(exponent)
        self._degree(exponent, 2)
        return [Term(exponent=exponent)]

    def _halves(self, argument: Expr, unit: Expr, plus: Expr, minus: Expr) -> Terms:
        kinked = self._innermost_kink(argument)
        if kinked is not None:
            raise NoClosedForm
        forward, backward = self._exponential(unit * argument), self._exponential(-unit * argument)
        return [
            *(replace(t, polynomial=plus * t.polynomial) for t in forward),
            *(replace(t, polynomial=minus * t.polynomial) for t in backward),
        ]

    def _probit(self, form: Expr, factor: int) -> Terms:
        """factor * Phi(f/c) = factor * <theta(f + c w)> for c > 0."""
        form = factor_terms(expand(form))
        below = Mul(*(1 / f for f in Mul.make_args(form) if _is_positive_divisor(f)))
        form = expand(form * below)
        self._degree(form, 1)
        noise = Dummy("w", real=True)
        return [Term(Integer(factor), steps=frozenset({form + below * noise}), noises=(noise,))]

    def _root(self, delta: Expr) -> Terms:
        if len(delta.args) > 1 and delta.args[1] != 0:
            raise NoClosedForm
        form = expand(delta.args[0])
        self._degree(form, 1)
        return [Term(roots=frozenset({form}))]

    def _step(self, argument: Expr) -> Terms:
        kinked = self._innermost_kink(argument)
        if kinked is not None:
            return self._split(Heaviside(argument), kinked)
        parts = positive_parts(argument, self.variables)
        for _, forms in parts:
            for form in forms:
                self._degree(form, 1)
        return [Term(factor, steps=frozenset(forms)) for factor, forms in parts]

    def _split(self, expr: Expr, kinked: Expr) -> Terms:
        """The expression on each side of a kink, times the steps that select that side."""
        found: Terms = []
        for indicator, value in cases(kinked):
            inside = expr.xreplace({kinked: value})
            if inside != 0:
                found += _product([self.terms(indicator), self.terms(inside)])
        return _gathered(found)

    def _innermost_kink(self, expr: Expr) -> Expr | None:
        kinks = [k for k in expr.atoms(*_KINKS) if k.free_symbols & self._bound]
        inner = [k for k in kinks if not any(other in k.atoms(*_KINKS) - {k} for other in kinks)]
        return min(inner, key=lambda k: k.sort_key(), default=None)

    def _degree(self, expr: Expr, most: int) -> None:
        """Refuse what is no polynomial of that degree in the variables."""
        try:
            polynomial = Poly(expr, *self.variables)
        except PolynomialError:
            raise NoClosedForm from None
        if polynomial.total_degree() > most:
            raise NoClosedForm


def _is_positive_divisor(expr: Expr) -> bool:
    """Whether one divides by something positive; a root is, as all is real."""
    if not isinstance(expr, Pow) or expr.is_number:
        return False
    root = expr.exp.is_Rational and expr.exp.q == 2
    return bool(expr.exp.is_negative and (root or expr.base.is_positive))


def _product(factors: Iterable[Terms]) -> Terms:
    found: Terms = [Term()]
    for factor in factors:
        both = (one * two for one in found for two in factor)
        found = _gathered(t for t in both if t is not None)
        if len(found) > _MOST_TERMS:
            raise NoClosedForm
    return found


def _gathered(terms: Iterable[Term]) -> Terms:
    """Terms that differ in their polynomials only are one."""
    found: dict[Any, Term] = {}
    for term in terms:
        key = (expand(term.exponent), term.steps, term.roots)
        before = found.get(key)
        total = term.polynomial if before is None else before.polynomial + term.polynomial
        found[key] = replace(term, polynomial=total)
    return [term for term in found.values() if term.polynomial != 0]
