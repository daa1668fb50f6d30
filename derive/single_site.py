"""Traces over single variables: the visible table of closed forms, and what stays an integral.

The rows are model-free identities, each checked to 30 digits by the tests:

* finite sums:            log sum_v w_v exp(E(v)), values +-v paired into 2 cosh
* indicator vectors:      log sum_a exp(f(a))
* Gaussian integrals:     int exp(-a x^2 + b x + c) dx = sqrt(pi/a) exp(b^2/(4a) + c), Re a > 0
                          (a conjugate field in a has its contour shifted so that Re a > 0)
* exponential, interval:  int_l^u exp(b x + c) dx = e^c (e^{bu} - e^{bl})/b
* Gaussian measures:      <exp(a x^2 + b x)> = exp((b^2 v/2 + b m + a m^2)/(1 - 2 a v)) /
                          sqrt(1 - 2 a v),  x ~ N(m, v)
* quadratic, half-line:   the Gaussian integral times P(x > l), x ~ N(b/(2a), 1/(2a)), where the
                          coupling is an order parameter
* Gaussian times any g:   int exp(-a x^2 + b x) g(x) dx = Gaussian integral x <g>,
                          x ~ N(b/(2a), 1/(2a)): an average, in closed form where it has one
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Add,
    Dummy,
    Expr,
    Heaviside,
    Integer,
    KroneckerDelta,
    Mul,
    Poly,
    PolynomialError,
    S,
    Symbol,
    cosh,
    exp,
    expand_log,
    log,
    oo,
    pi,
    sinh,
)

from derive.errors import MoveError, UnboundedError
from derive.gaussian.average import GaussianAverage
from derive.gaussian.one_sided import as_tail, signs_outside, tails_inside
from derive.indices import Element, Index, free_indices
from derive.matching import replace_elements
from derive.measures import Continuous, Finite, OneHot
from derive.moments import gaussian_law
from derive.rational import expanded_log, factored
from derive.relations import normal_form
from derive.total import Total, fresh
from derive.variables import Variable

__all__ = ["closed_log_trace", "collected", "weighted_exponent"]


def weighted_exponent(variable: Variable, exponent: Expr) -> Expr:
    """The exponent with the measure's log-density added."""
    if isinstance(variable.measure, Continuous):
        return exponent + variable.measure.log_weight(variable.element)
    return exponent


def closed_log_trace(variable: Variable, exponent: Expr) -> Expr | None:
    """log of the trace of exp(exponent) over one variable without site index, if a row applies."""
    measure = variable.measure
    if isinstance(measure, Finite):
        return _finite(variable, exponent)
    if isinstance(measure, OneHot):
        return _indicator(variable, exponent)
    if isinstance(measure, Continuous):
        return _continuous(variable, exponent)
    raise MoveError(
        f"{variable.name} has the joint measure {measure}: open a sphere with "
        f"constrain({variable.name}); integrate fields by saddle_point"
    )


def collected(expr: Expr) -> Expr:
    """``beta*J*m + beta*h`` as ``beta*(J*m + h)``: the factors that all terms share, in front."""
    if not expr.is_Add:
        return expr
    shared = set.intersection(*(set(Mul.make_args(term)) for term in expr.args))
    common = Mul(*shared)
    return common * Add(*(term / common for term in expr.args))


def _finite(variable: Variable, exponent: Expr) -> Expr:
    x, measure = variable.element, variable.measure
    weights = dict(zip(measure.values, map(exp, measure.log_weights), strict=True))
    at = {v: exponent.xreplace({x: v}) for v in measure.values}
    if exponent.has(GaussianAverage):  # logarithms of averages: their exponentials are plain
        found = {v: tails_inside(value.expand()) for v, value in at.items()}
        shared = _common_terms(list(found.values()))
        return shared + log(Add(*(w * exp(found[v] - shared) for v, w in weights.items())))
    summands = []
    for v, weight in weights.items():
        if v == 0 or weights.get(-v) != weight:
            summands.append((weight, at[v], None))
        elif v.is_positive:
            even, odd = (at[v] + at[-v]) / 2, (at[v] - at[-v]) / 2
            summands.append((2 * weight, even.expand(), odd.expand()))
    common = _common_terms([even for _, even, _ in summands])
    total = Add(
        *(
            n * exp(collected(even - common)) * (cosh(collected(odd)) if odd is not None else 1)
            for n, even, odd in summands
        )
    )
    return common + log(total)


def _common_terms(exponents: list[Expr]) -> Expr:
    shared = set(Add.make_args(exponents[0]))
    for exponent in exponents[1:]:
        shared &= set(Add.make_args(exponent))
    return Add(*shared)


def _indicator(variable: Variable, exponent: Expr) -> Expr:
    """The exponent is linear in c[a]: at colour a it is its value with c[b] = delta_ab."""
    elements = [e for e in exponent.atoms(Element) if e.label == variable.label]
    q = variable.measure.colours.size
    if q.is_Integer and any(isinstance(e.slots[-1], Integer) for e in elements):
        return log(Add(*(exp(_at_colour(exponent, variable, a)) for a in range(1, int(q) + 1))))
    plain = fresh(Index("a", variable.measure.colours), free_indices(exponent))
    colour = fresh(plain, exponent.atoms(Index) | {plain})
    at = _at_colour(exponent, variable, colour).xreplace({colour: plain})
    return log(Total(exp(collected(at)), plain))


def _at_colour(exponent: Expr, variable: Variable, colour: Any) -> Expr:
    """Put c[b] = delta_ab under every sum over b."""
    return replace_elements(
        exponent, variable.label, lambda *slots: KroneckerDelta(slots[-1], colour)
    )


def _continuous(variable: Variable, exponent: Expr) -> Expr | None:
    measure = variable.measure
    if (law := gaussian_law(measure)) is not None:
        return _gaussian_measure(variable, exponent, *law)
    y = Dummy("y", real=True)
    contour = {variable.element: measure.shift + measure.direction * y}
    density = weighted_exponent(variable, exponent).xreplace(contour)
    try:
        powers = Poly(density.expand(), y)
    except PolynomialError:
        return _gaussian_average(variable, density.xreplace({y: variable.element}))
    if any(c.has(y) for c in powers.coeffs()):
        return _gaussian_average(variable, density.xreplace({y: variable.element}))
    if (measure.lower, measure.upper) == (-oo, oo):
        return _gaussian(variable, density, powers)
    if measure.is_bounded:
        return _exponential(powers, measure) if powers.degree() <= 1 else None
    side = 1 if measure.upper == oo else -1
    if powers.degree() <= 0 or (powers.LC() * side ** powers.degree()).is_nonnegative:
        raise _diverges(variable, powers, f"fall towards {side * oo}")
    if powers.degree() == 2 and powers.LC().has(Element) and not measure.is_imaginary:
        return _on_half_line(variable, density.xreplace({y: variable.element}))
    return None


def _diverges(variable: Variable, powers: Poly, wanted: str) -> UnboundedError:
    exponent = powers.as_expr().xreplace({powers.gen: variable.element})
    return UnboundedError(
        f"the integral over {variable.name} diverges: its exponent {exponent} does not {wanted}; "
        f"give it a weight, e.g. dv.Real('{variable.name}', i, weight=...) or dv.Gaussian"
    )


def _gaussian(variable: Variable, density: Expr, powers: Poly) -> Expr | None:
    leading, degree = powers.LC(), powers.degree()
    if degree % 2 or degree == 0 or leading.is_nonnegative:
        raise _diverges(variable, powers, "fall in both directions")
    if degree > 2:
        return None
    if not leading.is_negative and not leading.has(Element):
        raise MoveError(
            f"the sign of {leading}, the coefficient of {variable.name}**2, is not known: declare "
            "its symbols positive or negative"
        )
    c, b, a = powers.nth(0), powers.nth(1), -leading
    if a.has(Element):  # the coupling is an order parameter, or holds a conjugate field
        a, b, c, _ = _quadratic(powers.gen, density)
        return _completed_square(-a, b) + c
    return collected(b**2 / (4 * a)) + c + expand_log(log(pi / a)) / 2


def _quadratic(x: Expr, exponent: Expr) -> tuple[Expr, Expr, Expr, Expr]:
    """(a, b, c, g) with exponent = a x^2 + b x + c + g(x), g free of such terms."""
    y = Dummy("x", real=True)
    parts = {2: S.Zero, 1: S.Zero, 0: S.Zero}
    rest = S.Zero
    for term in Add.make_args(normal_form(exponent.xreplace({x: y}), {})):
        coefficient, power = term.as_independent(y, as_Add=False)
        degree = {S.One: 0, y: 1, y**2: 2}.get(power)
        if degree is None:
            rest += term
        else:
            parts[degree] += coefficient
    return parts[2], parts[1], parts[0], rest.xreplace({y: x})


def _gaussian_measure(variable: Variable, exponent: Expr, mean: Expr, variance: Expr) -> Expr:
    """log <exp(a x^2 + b x + c + g(x))>: the quadratic part tilts the Gaussian."""
    a, b, c, rest = _quadratic(variable.element, exponent)
    narrowed = factored(1 - 2 * a * variance)
    tilted = _linear_form((mean + b * variance) / narrowed)
    shifted = _linear_form(b**2 * variance / 2 + b * mean + a * mean**2, narrowed)
    value = c + shifted - expanded_log(narrowed) / 2
    return value + _log_average(variable, rest, tilted, factored(variance / narrowed))


def _gaussian_average(variable: Variable, density: Expr) -> Expr | None:
    """log int exp(-a x^2 + b x + c) g(x) dx, None where the density has no Gaussian factor."""
    if (variable.measure.lower, variable.measure.upper) != (-oo, oo):
        return None
    if variable.measure.is_imaginary:
        return None
    a, b, c, rest = _quadratic(variable.element, density)
    if a == 0 or a.is_positive:
        return None
    mean, variance = _linear_form(-b / (2 * a)), factored(-1 / (2 * a))
    return _completed_square(-a, b) + c + _log_average(variable, rest, mean, variance)


def _on_half_line(variable: Variable, density: Expr) -> Expr:
    """log of the Gaussian integral on one side of a point: all of it times P(x there)."""
    a, b, c, _ = _quadratic(variable.element, density)
    lower, upper, x = variable.measure.lower, variable.measure.upper, variable.element
    step = Heaviside(x - lower) if upper == oo else Heaviside(upper - x)
    mean, variance = _linear_form(-b / (2 * a)), factored(-1 / (2 * a))
    return _completed_square(-a, b) + c + _log_average(variable, log(step), mean, variance)


def _completed_square(a: Expr, b: Expr) -> Expr:
    """log int exp(-a x^2 + b x) dx, the coupling a over a common denominator."""
    return _linear_form(b**2, factored(4 * a)) + (log(pi) - expanded_log(a)) / 2


def _linear_form(expr: Expr, below: Expr = S.One) -> Expr:
    """A sum over a coupling; coefficients of fields at the site are factored."""
    coefficients: dict[Expr, Expr] = {}
    for term in Add.make_args(expr.expand()):
        fields = [f for f in Mul.make_args(term) if any(e.slots for e in f.atoms(Element))]
        field = Mul(*fields)
        coefficients[field] = coefficients.get(field, S.Zero) + term / field
    return Add(*(factored(c / below) * field for field, c in coefficients.items()))


def _log_average(variable: Variable, rest: Expr, mean: Expr, variance: Expr) -> Expr:
    if rest == 0:
        return S.Zero
    x = Symbol(variable.name, real=True)
    integrand = exp(rest.xreplace({variable.element: x}))
    value = GaussianAverage(signs_outside(integrand, x), x, mean, variance).doit()
    if value.has(GaussianAverage):
        value = GaussianAverage(integrand, x, mean, variance).doit()
    return log(as_tail(value))


def _exponential(powers: Poly, measure: Continuous) -> Expr:
    lower, upper = measure.lower, measure.upper
    b, c = collected(powers.nth(1)), powers.nth(0)
    if b == 0:
        return c + log(upper - lower)
    middle, half = (upper + lower) / 2, (upper - lower) / 2
    return c + Mul(b, middle) + log(2 * sinh(half * b) / b)
