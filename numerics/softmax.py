"""Rules for logs and ratios of sums of exponentials, hyperbolic functions included.

One normal form serves them all: a sum of ``c exp(A)``, where ``2 cosh x = exp(log 2cosh x)`` and
``2 sinh x = tanh(x) exp(log 2cosh x)``, so that neither a coefficient nor an exponent overflows.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from math import prod

from sympy import Add, Expr, Mul, Pow, S, cosh, exp, log, sinh, tanh

from derive.equations import Element
from numerics.exponentials import LogSumExp, SoftAverage
from numerics.special import Log1mExp, Log2Cosh, LogCosh, Logistic, LogSinhc, Softplus

__all__ = ["exponential_terms", "log_of_exponentials", "over_sinh", "product_of_exponentials"]

Terms = list[tuple[Expr, Expr]]  # coefficient, exponent
LARGEST_EXPANSION = 256


def _is_exponential(factor: Expr) -> bool:
    base, power = (factor.base, factor.exp) if isinstance(factor, Pow) else (factor, S.One)
    return isinstance(base, exp | cosh | sinh) and power.is_Integer and not base.is_number


def _has_exponential(expr: Expr) -> bool:
    """Whether exponentials are terms or factors of the expression, not hidden in a function."""
    if isinstance(expr, Add | Mul):
        return any(_has_exponential(arg) for arg in expr.args)
    return _is_exponential(expr) or (isinstance(expr, Pow) and _has_exponential(expr.base))


def exponential_terms(expr: Expr) -> Terms | None:
    """The expression as a sum of ``c exp(A)``; None if there is no exponential in it."""
    if not _has_exponential(expr):
        return None
    opened = _expanded(expr)
    if opened is None:
        return None
    collected: dict[Expr, Expr] = {}
    for term in Add.make_args(opened):
        coefficient, exponent = _split(term)
        collected[exponent] = collected.get(exponent, S.Zero) + coefficient
    return _paired({a: c for a, c in collected.items() if c != 0})


def _expanded(expr: Expr) -> Expr | None:
    sizes = [
        len(f.args) ** int(power)
        for f, power in (factor.as_base_exp() for factor in Mul.make_args(expr))
        if isinstance(f, Add) and power.is_Integer and power > 0
    ]
    if prod(sizes) > LARGEST_EXPANSION:
        return None
    return expr.expand(deep=False, power_base=False, power_exp=False, log=False)


def _split(term: Expr) -> tuple[Expr, Expr]:
    """One product as coefficient and exponent."""
    coefficient, exponent = S.One, S.Zero
    for factor in Mul.make_args(term):
        if not _is_exponential(factor):
            coefficient *= factor
            continue
        base, power = (factor.base, factor.exp) if isinstance(factor, Pow) else (factor, S.One)
        x = base.args[0]
        if isinstance(base, exp):
            exponent += power * x
            continue
        exponent += power * Log2Cosh(x)
        coefficient *= (tanh(x) / 2 if isinstance(base, sinh) else S.Half) ** power
    return coefficient, exponent


def _paired(collected: dict[Expr, Expr]) -> Terms:
    """exp(A) + exp(-A) = exp(log 2cosh A); exp(A) - exp(-A) = tanh(A) exp(log 2cosh A)."""
    result: Terms = []
    left = dict(collected)
    for exponent, coefficient in collected.items():
        if exponent not in left:
            continue
        del left[exponent]
        mirror = left.get(-exponent)
        if exponent == 0 or mirror is None or mirror not in (coefficient, -coefficient):
            result.append((coefficient, exponent))
            continue
        del left[-exponent]
        odd = tanh(exponent) if mirror == -coefficient else S.One
        result.append((coefficient * odd, Log2Cosh(exponent)))
    return result


# -- logarithms ------------------------------------------------------------


def log_of_exponentials(expr: Expr) -> Expr | None:
    """The log of a sum of exponentials, or of a ratio of such sums; None if it is none."""
    if not isinstance(expr, log):
        return None
    sinhc = _log_sinhc(expr.args[0])
    if sinhc is not None:
        return sinhc
    above, below = _over_sums(expr.args[0])
    top = exponential_terms(above) or [(above, S.Zero)]
    if not below:
        return _log_terms(top) if _has_exponential(above) else None
    if len(below) == 1 and len(top) == 1 and below[0][1] == 1:
        # log(P/Q) = -log(Q/P), which does not cancel where P dominates
        (c, a), bottom = top[0], exponential_terms(below[0][0])
        result = None if bottom is None else _log_terms([(d / c, b - a) for d, b in bottom])
        return None if result is None else -result
    parts = [log(above), *(-power * log(base) for base, power in below)]
    return Add(*parts)


def _log_sinhc(arg: Expr) -> Expr | None:
    """log(c sinh(x)) = log(sinh(x)/x) + log(c x), if c x is simpler than c."""
    for factor in Mul.make_args(arg):
        if isinstance(factor, sinh):
            rest = arg / factor * factor.args[0]
            if _variables(rest) < _variables(arg) or rest.is_number:
                return LogSinhc(factor.args[0]) + log(rest)
    return None


def _variables(expr: Expr) -> set[Expr]:
    return expr.free_symbols | expr.atoms(Element)


def _over_sums(expr: Expr) -> tuple[Expr, list[tuple[Expr, Expr]]]:
    """Numerator, and the sums of exponentials in the denominator with their powers."""
    above, below = [], []
    for factor in Mul.make_args(expr):
        base, power = factor.as_base_exp()
        if isinstance(base, Add) and power.is_Integer and power < 0 and _has_exponential(base):
            below.append((base, -power))
        else:
            above.append(factor)
    return Mul(*above), below


def _log_terms(terms: Terms) -> Expr | None:
    if len(terms) == 1:
        return _log_term(*terms[0])
    constant = [c for c, a in terms if a == 0]
    rest = [(c, a) for c, a in terms if a != 0]
    if constant == [1]:
        if all(c.is_positive for c, _ in rest):
            return Softplus(_log_terms(rest))
        if len(rest) == 1 and rest[0][0] == -1:
            return Log1mExp(-rest[0][1])
    if any(c.could_extract_minus_sign() for c, _ in terms):
        return None
    return LogSumExp(*(item for term in terms for item in term))


def _log_term(coefficient: Expr, exponent: Expr) -> Expr | None:
    """log(c exp A) = log c + A, where halves go into log cosh x = log 2cosh x - log 2."""
    if coefficient == 1:
        return exponent
    if any(isinstance(f, tanh) for f in Mul.make_args(coefficient)):
        return None
    halves = [a for a in Add.make_args(exponent) if isinstance(a, Log2Cosh)]
    if halves and coefficient * 2 ** len(halves) == 1:
        return exponent.xreplace({a: LogCosh(*a.args) for a in halves})
    return log(coefficient) + exponent


# -- products and ratios ------------------------------------------------------------


def product_of_exponentials(expr: Expr) -> Expr | None:
    """A product that would multiply or divide large exponentials; None if it does not."""
    if not isinstance(expr, Mul | Pow):
        return None
    above, below = _over_sums(expr)
    if len(below) == 1:
        return _ratio(above, *below[0])
    return None if below else _single(expr)


def over_sinh(expr: Expr) -> Expr | None:
    """(A cosh x - B sinh x)/sinh x = A coth x - B, as from the derivative of log(sinh(x)/x)."""
    if not isinstance(expr, Mul):
        return None
    below = [f.base.args[0] for f in expr.args if isinstance(f, Pow) and isinstance(f.base, sinh)]
    for factor in expr.args:
        if isinstance(factor, Add) and any(
            all(term.has(cosh(x)) or term.has(sinh(x)) for term in factor.args) for x in below
        ):
            return Add(*(expr / factor * term for term in factor.args))
    return None


def _single(expr: Expr) -> Expr | None:
    factors = [f for f in Mul.make_args(expr) if _is_exponential(f)]
    bases = [f.base if isinstance(f, Pow) else f for f in factors]
    one_argument = len({base.args[0] for base in bases}) == 1
    if len(factors) < 2 or (one_argument and not any(isinstance(base, exp) for base in bases)):
        return None
    coefficient, exponent = _split(expr)
    for term in Add.make_args(exponent):
        rest = exponent - term
        if -term in (Log2Cosh(rest), Log2Cosh(-rest)):
            return coefficient * Logistic(2 * rest)  # exp(y)/(2 cosh y) = 1/(1 + exp(-2y))
    return coefficient * exp(exponent)


def _ratio(above: Expr, bottom: Expr, power: Expr) -> Expr | None:
    below = exponential_terms(bottom)
    if below is None or any(c.could_extract_minus_sign() for c, _ in below):
        return None
    plain = Mul(*(f for f in Mul.make_args(above) if not _has_exponential(f)))
    heavy = Mul(*(f for f in Mul.make_args(above) if _has_exponential(f)))
    top = exponential_terms(heavy) or [(heavy, S.Zero)]
    if len(below) == 1:
        c, a = below[0]
        return plain * Add(*(p / c**power * exp(b - power * a) for p, b in top))
    average = _average(top, below) if power == 1 and len(top) > 1 else None
    if average is not None:
        return plain * average
    return plain * Add(*(p * _share(b, below, int(power)) for p, b in top))


def _average(top: Terms, below: Terms) -> Expr | None:
    """Numerator terms that all stand in the denominator too: an average of their quotients."""
    values = {exponent: c for c, exponent in top}
    if not values.keys() <= {exponent for _, exponent in below}:
        return None
    weights, exponents = zip(*below, strict=True)
    return SoftAverage.over([values.get(a, S.Zero) / w for w, a in below], weights, exponents)


def _share(exponent: Expr, below: Terms, power: int) -> Expr:
    """exp(A) over a power of a sum: shares of its terms if A is a sum of their exponents."""
    for chosen in combinations_with_replacement(range(len(below)), power):
        if (Add(*(below[k][1] for k in chosen)) - exponent).expand() == 0:
            return Mul(*(_pick(k, below) / below[k][0] for k in chosen))
    return exp(exponent - power * LogSumExp(*(item for term in below for item in term)))


def _pick(k: int, below: Terms) -> Expr:
    weights, exponents = zip(*below, strict=True)
    if len(below) == 2 and (weights[k] / weights[1 - k]).is_positive:
        lead = exponents[k] - exponents[1 - k]
        return Logistic(lead + log(weights[k] / weights[1 - k]))
    return SoftAverage.pick(k, weights, exponents)
