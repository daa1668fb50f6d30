"""Rules for products, logs and sums with erf and erfc, where tails meet exponentials.

One normal form serves them all: a product ``c exp(E) H(x1)**p1 H(x2)**p2 ...`` of tails of a
Gaussian, ``erfc(t) = 2 H(sqrt(2) t)`` and ``1 + erf(t) = 2 H(-sqrt(2) t)``.  With
``H(x)**p = (H/G)**p exp(-p x**2/2) (2 pi)**(-p/2)`` the exponential of each tail is taken together
with the others, so that what cancels does so in symbols.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sympy import (
    Add,
    Expr,
    Mul,
    Pow,
    S,
    cancel,
    count_ops,
    erf,
    erfc,
    exp,
    expand,
    log,
    pi,
    sqrt,
)
from sympy import factor as polynomial_factors

from numerics.polynomials import length, normal, primitive
from numerics.special import (
    GaussianTail,
    InverseMills,
    LogErfc,
    LogGaussianTail,
    LogMillsRatio,
    MillsRatio,
    TailCumulant,
    TailPower,
)

__all__ = ["common_tails", "log_of_tails", "mean_excess", "partial_moment", "product_of_tails"]

EXPONENTIAL = (exp, erf, erfc, GaussianTail, InverseMills, TailCumulant)
LARGEST_CANCELLATION = 400  # operations in an exponent that are brought over one denominator


@dataclass
class _Product:
    """``coefficient * exp(exponent) * product of H(x)**p``."""

    coefficient: Expr = S.One
    exponent: Expr = S.Zero
    tails: dict[Expr, Expr] = field(default_factory=dict)


def common_tails(expr: Expr) -> Expr | None:
    """A sum that is divided by, with the tails that its terms share in front of it."""
    factors = [_before_the_sum(factor) for factor in Mul.make_args(expr)]
    return Mul(*factors) if factors != list(Mul.make_args(expr)) else None


def _before_the_sum(factor: Expr) -> Expr:
    if not isinstance(factor, Pow) or not isinstance(factor.base, Add):
        return factor
    if not factor.exp.is_negative or not factor.base.has(erf, erfc, GaussianTail):
        return factor
    if count_ops(factor.base) > LARGEST_CANCELLATION:
        return factor
    taken = polynomial_factors(factor.base)
    return taken**factor.exp if isinstance(taken, Mul) else factor


def product_of_tails(expr: Expr) -> Expr | None:
    """A product of tails and exponentials that would overflow; None if it does not."""
    if not isinstance(expr, Mul | Pow):
        return None
    found = _product(expr)
    opened = _opened(expr, found)
    if opened is not None:
        return opened
    powers = found.tails.values()
    if not found.tails or (found.exponent == 0 and (min(powers) > 0 or max(powers) < 0)):
        return None
    exponent = normal(found.exponent)
    absorbed, left = {}, {}
    for x, p in found.tails.items():
        lowered = _absorbed(exponent, x, p)
        if lowered is None:
            left[x] = p
        else:
            absorbed[x] = p
            exponent = lowered
    if left and (min(left.values()) < 0 or not _decays(exponent)):
        if len(left) == 1 and not absorbed and exponent != 0:
            ((x, p),) = left.items()
            return found.coefficient * TailPower(found.exponent, _together(exponent, x, p), p, x)
        exponent += Add(*(p * LogGaussianTail(x) for x, p in left.items()))
    elif absorbed:
        found.coefficient *= Mul(*(GaussianTail(x) ** p for x, p in left.items()))
    else:
        return None
    return found.coefficient * _joined(found.exponent, exponent, absorbed)


def _opened(expr: Expr, found: _Product) -> Expr | None:
    """A sum that is divided by a tail, its terms with exponentials divided each."""
    if all(p > 0 for p in found.tails.values()):
        return None
    for factor in Mul.make_args(expr):
        if isinstance(factor, Add) and _as_tail(factor) is None and factor.has(*EXPONENTIAL):
            return Add(*(expr / factor * term for term in factor.args))
    return None


def log_of_tails(expr: Expr) -> Expr | None:
    """The log of a product with tails; None if there is none."""
    if not isinstance(expr, log):
        return None
    found = _product(expr.args[0])
    if not found.tails:
        return None
    exponent = normal(found.exponent)
    terms = []
    coefficient = found.coefficient
    for x, p in found.tails.items():
        lowered = _absorbed(exponent, x, p) if exponent != 0 else None
        if lowered is not None:
            exponent = lowered
            coefficient *= (2 * pi) ** (-p / 2)
            terms.append(p * LogMillsRatio(x))
        elif coefficient != 1 and _is_power_of_two(coefficient, p):
            coefficient /= 2**p
            terms.append(p * LogErfc(_over_root_two(x)))
        else:
            terms.append(p * LogGaussianTail(x))
    return Add(exponent, *terms, log(coefficient))


def mean_excess(expr: Expr) -> Expr | None:
    """c R**2 - c x R = c R (R - x), and c R - c x, inside of a sum; R = G/H."""
    if not isinstance(expr, Add):
        return None
    for ratio in sorted(expr.atoms(InverseMills), key=str):
        x = ratio.args[0]
        powers = _by_power(expr, ratio)
        for k in (2, 1):
            for upper in powers[k]:
                lower = _cancelling(powers[k - 1], upper / ratio * x)
                if lower is None:
                    continue
                taken, rest = lower
                others = [term for term in expr.args if term != upper and term not in taken]
                return Add(*others, rest, upper / ratio * TailCumulant(1, x))
    return None


def partial_moment(expr: Expr) -> Expr | None:
    """c (G - x H) = c H (G/H - x), and c (1 + x**2) H - c x G = c H E[(z - x)**2 | z > x]."""
    if not isinstance(expr, Add):
        return None
    products = {term: _product(term) for term in expr.args}
    for x in dict.fromkeys(x for p in products.values() for x in p.tails):
        tails = [t for t, p in products.items() if p.tails == {x: 1} and p.exponent == 0]
        densities = [
            t
            for t, p in products.items()
            if not p.tails and p.exponent != 0 and normal(p.exponent + x**2 / 2) == 0
        ]
        if not tails or not densities:
            continue
        h = normal(Add(*(products[t].coefficient for t in tails)))
        g = normal(sqrt(2 * pi) * Add(*(products[t].coefficient for t in densities)))
        found = _moment(h, g, x)
        if found is not None:
            rest = (t for t in expr.args if t not in tails and t not in densities)
            return Add(*rest, GaussianTail(x) * found)
    return None


def _moment(h: Expr, g: Expr, x: Expr) -> Expr | None:
    """What h H + g G is in units of H, if it is a moment of the excess."""
    if normal(h + x * g) == 0:
        return g * TailCumulant(1, x)
    if cancel(h * x + (1 + x**2) * g) == 0:
        return cancel(h / (1 + x**2)) * (TailCumulant(2, x) + TailCumulant(1, x) ** 2)
    return None


# -- products as powers of tails ------------------------------------------------------------------


def _product(expr: Expr) -> _Product:
    found = _Product()
    for factor in Mul.make_args(expr):
        base, power = (factor.base, factor.exp) if isinstance(factor, Pow) else (factor, S.One)
        tail = _as_tail(base) if power.is_Integer else None
        if isinstance(base, exp) and not base.is_number:
            found.exponent += power * base.args[0]
        elif tail is None:
            found.coefficient *= factor
        else:
            c, x = tail
            found.coefficient *= c**power
            found.tails[x] = found.tails.get(x, S.Zero) + power
    found.tails = {x: p for x, p in found.tails.items() if p != 0}
    return found


def _as_tail(expr: Expr) -> tuple[Expr, Expr] | None:
    """A factor as c H(x); None if it is none, or a number."""
    if isinstance(expr, GaussianTail):
        return S.One, expr.args[0]
    if isinstance(expr, erfc) and not expr.is_number:
        return S(2), _times_root_two(expr.args[0])
    if not isinstance(expr, Add) or len(expr.args) != 2:
        return None
    for term, other in (expr.args, expr.args[::-1]):
        for factor in Mul.make_args(term):
            if not isinstance(factor, erf | erfc):
                continue
            c, x = term / factor, _times_root_two(factor.args[0])
            if isinstance(factor, erf) and other in (c, -c):  # 1 +- erf(t) = 2 H(-+ sqrt(2) t)
                return (2 * c, _positive(-x)) if other == c else (-2 * c, x)
            if isinstance(factor, erfc) and other == -2 * c:  # 2 - erfc(t) = 2 H(-sqrt(2) t)
                return -2 * c, _positive(-x)
    return None


def _times_root_two(t: Expr) -> Expr:
    return _positive(primitive(sqrt(2) * t))


def _positive(x: Expr) -> Expr:
    """The sign of a product put into a sum that is among its factors: -2 (a - b) = 2 (b - a)."""
    sums = [f for f in Mul.make_args(x) if isinstance(f, Add)]
    if sums and x.as_coeff_Mul()[0].is_negative:
        return -x / sums[0] * (-sums[0])
    return x


def _over_root_two(x: Expr) -> Expr:
    return primitive(x / sqrt(2))


def _is_power_of_two(coefficient: Expr, p: Expr) -> bool:
    """Whether log(c H**p) with c = 2**p is better said as p log erfc."""
    return bool(coefficient.is_Rational and coefficient == S(2) ** p)


# -- exponents -----------------------------------------------------------------------------------


def _absorbed(exponent: Expr, x: Expr, p: Expr) -> Expr | None:
    """The exponent with that of H(x)**p if it becomes simpler, or decays and divides no more."""
    reduced = _together(exponent, x, p)
    if length(reduced) < length(exponent) or (p < 0 and _decays(reduced) and exponent != 0):
        return reduced
    return None


def _together(exponent: Expr, x: Expr, p: Expr) -> Expr:
    """The exponent with that of H(x)**p, as short as it gets."""
    whole = exponent - p * expand(x**2) / 2
    reduced = normal(whole)
    if length(reduced) > 1 and whole.count_ops() <= LARGEST_CANCELLATION:
        return min(reduced, normal(cancel(whole)), key=length)
    return reduced


def _joined(before: Expr, after: Expr, powers: dict[Expr, Expr]) -> Expr:
    """exp(before) times powers of tails; with their own exponentials it is exp(after).

    In one function where a factor may overflow alone.
    """
    if after == 0 or (_decays(after) and all(p < 0 for p in powers.values())):
        ratios = (InverseMills(x) ** -p if p < 0 else MillsRatio(x) ** p for x, p in powers.items())
        return Mul(*((2 * pi) ** (-p / 2) for p in powers.values()), *ratios, exp(after))
    if len(powers) == 1:
        ((x, p),) = powers.items()
        return TailPower(before, after, p, x)
    logs = (p * (LogMillsRatio(x) - log(2 * pi) / 2) for x, p in powers.items())
    return exp(after + Add(*logs))


def _decays(exponent: Expr) -> bool:
    """Whether it is seen to be negative: every term is minus an even power."""
    return all(_is_minus_even(term) for term in Add.make_args(exponent))


def _is_minus_even(term: Expr) -> bool:
    coefficient, rest = term.as_coeff_Mul()
    if rest.is_nonnegative:
        return bool(coefficient <= 0)
    powers = (factor.as_base_exp() for factor in Mul.make_args(rest))
    even = all(b.is_nonnegative or (n.is_Integer and n % 2 == 0) for b, n in powers)
    return bool(coefficient < 0 and even)


# -- sums ----------------------------------------------------------------------------------------


def _by_power(expr: Expr, ratio: Expr) -> tuple[list[Expr], list[Expr], list[Expr]]:
    """Terms of a sum by their power of a ratio; those that hold it otherwise go to the first."""
    found: tuple[list[Expr], list[Expr], list[Expr]] = ([], [], [])
    for term in expr.args:
        power = term.as_powers_dict().get(ratio, S.Zero)
        found[int(power) if power in (1, 2) else 0].append(term)
    return found


def _cancelling(terms: list[Expr], wanted: Expr) -> tuple[list[Expr], Expr] | None:
    """Terms that cancel what is wanted, and what they leave; None if they do not."""
    change = normal(wanted)
    for term in terms:
        if normal(term) + change == 0:
            return [term], S.Zero
    before = normal(Add(*terms))
    after = before + change
    return (terms, after) if length(after) <= length(before) - length(change) else None
