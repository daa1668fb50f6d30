"""Cumulants of a single-variable probability measure, and measures made into probabilities."""

from __future__ import annotations

from sympy import (
    Add,
    Dummy,
    Expr,
    Integral,
    Poly,
    PolynomialError,
    Rational,
    S,
    cancel,
    exp,
    integrate,
    log,
    oo,
    pi,
)

from derive.errors import MoveError, UnboundedError
from derive.measures import Continuous, Finite, Measure

__all__ = ["cumulants", "gaussian_law", "normalised"]


def gaussian_law(measure: Measure) -> tuple[Expr, Expr] | None:
    """(mean, variance) of a Gaussian probability measure, None for any other."""
    if not isinstance(measure, Continuous) or (measure.lower, measure.upper) != (-oo, oo):
        return None
    x = Dummy("x", real=True)
    try:
        density = Poly(measure.log_weight(x), x)
    except PolynomialError:
        return None
    if density.degree() != 2 or measure.direction != 1:
        return None
    variance = cancel(-1 / (2 * density.nth(2)))
    mean = cancel(density.nth(1) * variance)
    # the square of the density at the mean is 1/(2 pi variance)
    at_mean = exp((2 * density.nth(0) + mean**2 / variance).expand())
    return (mean, variance) if cancel(at_mean * 2 * pi * variance) == 1 else None


def normalised(name: str, measure: Measure) -> Measure:
    """The probability measure proportional to a measure."""
    if gaussian_law(measure) is not None:
        return measure
    if isinstance(measure, Finite):
        total = Add(*map(exp, measure.log_weights))
        return Finite(measure.values, [w - log(total) for w in measure.log_weights])
    if isinstance(measure, Continuous):
        total = _integral(name, measure, 0)
        weight = measure.log_weight
        return Continuous(
            measure.lower, measure.upper, lambda x: weight(x) - log(total), measure.direction
        )
    raise MoveError(f"{name} has the joint measure {measure}: it is no probability of one variable")


def cumulants(name: str, measure: Measure, order: int) -> list[Expr]:
    """The cumulants of orders 1 to `order` of the probability measure proportional to a measure.

    Raises
    ------
    UnboundedError
        If a moment that is needed diverges.
    """
    law = gaussian_law(measure)
    if law is not None:
        return [*law, *([S.Zero] * order)][:order]
    if isinstance(measure, Finite):
        weights = [exp(w) for w in measure.log_weights]
        total = Add(*weights)
        pairs = list(zip(measure.values, weights, strict=True))
        moments = [Add(*(w * v**k for v, w in pairs)) / total for k in range(order + 1)]
    elif isinstance(measure, Continuous):
        raw = [_integral(name, measure, k) for k in range(order + 1)]
        moments = [m / raw[0] for m in raw]
    else:
        raise MoveError(f"{name} has the joint measure {measure}: it has no single-site cumulants")
    return _from_moments(moments)


def _from_moments(moments: list[Expr]) -> list[Expr]:
    """kappa_n = m_n - sum_k binomial(n - 1, k - 1) kappa_k m_(n - k)."""
    found: list[Expr] = []
    for n in range(1, len(moments)):
        known = Add(*(_binomial(n - 1, k - 1) * found[k - 1] * moments[n - k] for k in range(1, n)))
        found.append((moments[n] - known).expand())
    return found


def _binomial(n: int, k: int) -> Rational:
    value = S.One
    for j in range(k):
        value = value * (n - j) / (j + 1)
    return value


def _integral(name: str, measure: Continuous, power: int) -> Expr:
    x = Dummy("x", real=True)
    density = exp(measure.log_weight(x)).expand(power_exp=False)
    value = integrate(x**power * density, (x, measure.lower, measure.upper))
    if value.has(oo, -oo, S.NaN, S.ComplexInfinity):
        what = "norm" if power == 0 else f"moment of order {power}"
        raise UnboundedError(
            f"the {what} of {name} diverges: an average over this disorder does not exist; "
            "declare a law with finite variance"
        )
    if value.has(Integral):
        raise MoveError(
            f"the moment of order {power} of {name} is not known in closed form: declare it with "
            "dv.Gaussian, dv.Discrete, dv.Interval, or another weight"
        )
    return value
