r"""Averages over independent sites: moments of products as sums over set partitions.

Sites are independent, so that joint cumulants of different sites vanish, and an average of
fluctuations ``d_a = x_a - <x_a>`` is, with a block for each cumulant,

    <d_1 ... d_n> = sum over partitions into blocks of two or more of
                    prod_blocks delta(all sites of the block equal) kappa_{|block|}(site).

The cumulants themselves are derivatives of the logarithm of the single-site trace,
``kappa_p = d^p log z(U) / dU^p``; where ``V = kappa_1(U)`` has a closed inverse U(V) they are
functions of V: ``kappa_2 = 1/U'(V)`` and ``kappa_{p+1} = kappa_2 d kappa_p/dV``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from sympy import Add, Dummy, Expr, Float, Mul, Poly, Pow, Rational, S, cancel, exp, fraction, igcd, ilcm, lcm, sqrt, together

from derive.indices import Element, Index, Label, free_indices
from derive.monomials import Monomial, different, identified
from derive.saddle.linear import sample_point
from derive.saddle.stationarity import tidy
from derive.total import Total

__all__ = ["SiteCumulants", "average", "central_moment", "cumulant", "partitions", "placeholder_order", "site_cumulants"]

_DIGITS = 30
_KAPPA = "\0kappa"

# -- averages under a product measure -------------------------------------------------------------


def partitions(
    count: int, together_allowed: Callable[[int, int], bool]
) -> Iterator[list[list[int]]]:
    """Set partitions of range(count) into blocks of two or more, of members that may share one.

    Examples
    --------
    >>> list(partitions(3, lambda a, b: True))
    [[[0, 1, 2]]]
    """
    yield from _partitioned(list(range(count)), together_allowed)


def _partitioned(items: list[int], allowed: Callable[[int, int], bool]) -> Iterator[list[list[int]]]:
    if not items:
        yield []
        return
    first, *others = items
    for size in range(1, len(others) + 1):
        for chosen in combinations(others, size):
            block = [first, *chosen]
            if all(allowed(a, b) for a, b in combinations(block, 2)):
                for rest in _partitioned([k for k in others if k not in chosen], allowed):
                    yield [block, *rest]


def cumulant(label: Label, order: int, slots: Sequence[Expr]) -> Element:
    """The placeholder of kappa_order at a site of a variable."""
    return Element(Label(f"{_KAPPA}{order} {label.name}", label.ranges), *slots)


def placeholder_order(expr: Expr) -> tuple[str, int] | None:
    """(name of the variable, order) of a placeholder; None for anything else."""
    if not (isinstance(expr, Element) and expr.name.startswith(_KAPPA)):
        return None
    order, name = expr.name[len(_KAPPA) :].split(" ", 1)
    return name, int(order)


def average(factors: Sequence[Monomial], connected: bool = False) -> Expr:
    """The average of a product of sums of products of fluctuations, in placeholders of cumulants.

    Parameters
    ----------
    factors : sequence of Monomial
        Whose sites stand for the fluctuations ``x_a - <x_a>`` there; a power may be zero.
    connected : bool
        Only partitions that connect all factors: the joint cumulant, if each average vanishes.

    Returns
    -------
    Expr
        A polynomial in totals.
    """
    apart: list[Monomial] = []
    taken = {i for f in factors for i in _free(f)}
    for factor in factors:
        apart.append(factor.renamed_apart(taken))
        taken.update(apart[-1].indices)
    items = [(k, s) for k, f in enumerate(apart) for s, power in f.sites for _ in range(power)]

    def may_share(a: int, b: int) -> bool:
        (k, x), (l, y) = items[a], items[b]
        return x.label == y.label and (k != l or x == y)

    bound = tuple(i for f in apart for i in f.indices)
    found = (
        _contracted(apart, [[items[a] for a in block] for block in blocks], bound)
        for blocks in partitions(len(items), may_share)
        if not connected or _connects([{items[a][0] for a in block} for block in blocks], apart)
    )
    return Add(*found)


def _free(factor: Monomial) -> frozenset[Index]:
    own = free_indices(factor.coupling).union(*(free_indices(s) for s, _ in factor.sites))
    return own.difference(factor.indices)


def _connects(blocks: list[set[int]], factors: Sequence[Monomial]) -> bool:
    reached, waiting = {0}, blocks
    while touching := [b for b in waiting if b & reached]:
        waiting = [b for b in waiting if b not in touching]
        reached = reached.union(*touching)
    return len(reached) == len(factors)


def _contracted(
    factors: Sequence[Monomial], blocks: list[list[tuple[int, Element]]], bound: tuple[Index, ...]
) -> Expr:
    """One partition: the sites of each block made one, a cumulant for each."""
    names = identified([[site for _, site in block] for block in blocks], bound)
    pairs = {
        frozenset((a.xreplace(names), b.xreplace(names)))
        for factor in factors
        for a, b in factor.constraints()
    }
    if any(len(pair) == 1 for pair in pairs):
        return S.Zero
    body = Mul(
        *(factor.coupling.xreplace(names) for factor in factors),
        *(
            cumulant(block[0][1].label, len(block), block[0][1].xreplace(names).slots)
            for block in blocks
        ),
        *(different(*pair) for pair in pairs),
    )
    return Total(body, *(i for i in bound if names.get(i, i) == i))


@cache
def central_moment(label: Label, power: int, slots: tuple[Expr, ...]) -> Expr:
    """<(x - <x>)**power> at one site in cumulants: 1, 0, kappa_2, kappa_3, kappa_4 + 3 kappa_2**2."""
    terms = [
        Mul(*(cumulant(label, len(block), slots) for block in blocks))
        for blocks in partitions(power, lambda a, b: True)
    ]
    return Add(*terms)


# -- single-site cumulants ------------------------------------------------------------------------


@dataclass(frozen=True)
class SiteCumulants:
    """Mean and cumulants of one site, in terms of one unknown there.

    Attributes
    ----------
    log_trace : Expr
        log z, a function of the field.
    field : Symbol
        U, which is conjugate to the variable.
    unknown : Symbol
        The mean V where ``V = kappa_1(U)`` has a closed inverse, else the field U.
    first, second : Expr
        kappa_1 and kappa_2 as functions of the unknown.
    """

    log_trace: Expr
    field: Expr
    unknown: Expr
    first: Expr
    second: Expr

    @property
    def is_closed(self) -> bool:
        """Whether the unknown is the mean."""
        return self.first == self.unknown

    def kappa(self, order: int) -> Expr:
        """kappa_order as a function of the unknown."""
        if order == 1:
            return self.first
        result = self.second
        for _ in range(order - 2):
            slope = result.diff(self.unknown)
            if not self.is_closed:
                result = tidy(slope, (self.unknown,))
            elif fraction(self.second)[1].has(self.unknown):
                result = self.second * slope  # its denominator is no removable zero: kept
            else:
                result = _rational(self.second * slope, self.unknown)
        return result


def site_cumulants(log_trace: Expr, field: Expr) -> SiteCumulants:
    """The cumulants of one site from the logarithm of its trace with a field.

    Examples
    --------
    >>> from sympy import Symbol, cosh, log
    >>> U = Symbol("U", real=True)
    >>> ising = site_cumulants(log(2*cosh(U)), U)
    >>> ising.second.subs(ising.unknown, Symbol("V"))
    1 - V**2
    """
    first = tidy(log_trace.diff(field), (field,))
    mean = Dummy("V", real=True)
    second = _second_of_mean(first, field, mean)
    if second is None:
        return SiteCumulants(log_trace, field, field, first, tidy(first.diff(field), (field,)))
    return SiteCumulants(log_trace, field, mean, mean, second)


def _second_of_mean(first: Expr, field: Expr, mean: Expr) -> Expr | None:
    """kappa_2(V) = 1/U'(V), if V = kappa_1(U) is linear in U or of degree 2 in an exponential."""
    if first.is_polynomial(field):
        return first.diff(field) if Poly(first, field).degree() == 1 else None
    held = {e: Dummy(real=True) for e in first.atoms(Element)}
    found = _in_exponential(first.xreplace(held) - mean, field)
    if found is None:
        return None
    powers, rate = found
    back = {dummy: element for element, dummy in held.items()}
    for z in _quadratic_roots(powers):
        # z = exp(rate U), so that dV/dU = rate z / z'(V)
        if _is_branch(z, rate, first.xreplace(held), field, mean):
            second = _rational(rate * z / z.diff(mean), mean)
            return None if second is None else second.xreplace(back)
    return None


def _in_exponential(expr: Expr, field: Expr) -> tuple[Poly, Expr] | None:
    """The numerator as a polynomial in exp(rate U), and the rate."""
    expr = expr.rewrite(exp)
    kernels = [e for e in expr.atoms(exp) if e.has(field)]
    rates = [k.args[0].diff(field) for k in kernels]
    if not kernels or not all((r / rates[0]).is_Rational for r in rates):
        return None
    unit = rates[0] / ilcm(1, *((r / rates[0]).q for r in rates))
    z = Dummy("z", positive=True)
    inside = {
        k: exp((k.args[0] - r * field).expand()) * z ** (r / unit)
        for k, r in zip(kernels, rates, strict=True)
    }
    numerator = fraction(together(expr.xreplace(inside)))[0]
    if numerator.has(field):
        return None
    terms = Poly(numerator, z).terms()
    lowest = min(power for (power,), _ in terms)
    step = igcd(*(power - lowest for (power,), _ in terms))
    if not step:
        return None
    lowered = {((power - lowest) // step,): c for (power,), c in terms}
    return Poly.from_dict(lowered, z), unit * step


def _quadratic_roots(poly: Poly) -> list[Expr]:
    if poly.degree() == 1:
        return [-poly.nth(0) / poly.nth(1)]
    if poly.degree() > 2:
        return []
    a, b, c = (poly.nth(k) for k in (2, 1, 0))
    root = sqrt((b**2 - 4 * a * c).expand())
    return [(-b + root) / (2 * a), (-b - root) / (2 * a)]


def _is_branch(z: Expr, rate: Expr, first: Expr, field: Expr, mean: Expr) -> bool:
    """Whether z(kappa_1(U)) = exp(rate U) at sample points on both sides of zero."""
    symbols = sorted(first.free_symbols - {field}, key=str)
    point = {s: Float(v, _DIGITS) for s, v in sample_point(symbols, 0).items()}
    for u in (Float("-0.57", _DIGITS), Float("0.38", _DIGITS)):
        at = {**point, field: u}
        value = z.xreplace({**at, mean: first.xreplace(at).evalf(_DIGITS)})
        if abs((value / exp(rate * u) - 1).evalf(_DIGITS)) > Float(10) ** (-_DIGITS // 2):
            return False
    return True


def _rational(expr: Expr, x: Expr) -> Expr | None:
    """a + b sqrt(p), a and b rational in x, if the expression has at most one square root of x."""
    roots = {p for p in expr.atoms(Pow) if p.base.has(x) and not p.exp.is_Integer}
    bases = {p.base for p in roots}
    if len(bases) > 1 or any(not (2 * p.exp).is_Integer for p in roots):
        return None
    if not bases:
        return cancel(together(expr))
    (base,) = bases
    root = Dummy("root")
    above, below = fraction(together(expr.xreplace({p: root ** (2 * p.exp) for p in roots})))
    a, b = _parts(above, root, base)
    c, d = _parts(below, root, base)
    norm = c**2 - d**2 * base
    return _regular(cancel((a * c - b * d * base) / norm), cancel((b * c - a * d) / norm), base)


def _regular(a: Expr, b: Expr, base: Expr) -> Expr:
    """a + b r or (a**2 - b**2 r**2)/(a - b r): what has no denominator that a parameter zeroes."""
    below = lcm(fraction(a)[1], fraction(b)[1])
    if not below.free_symbols:
        return a + b * sqrt(base)
    above = cancel((a**2 - b**2 * base) * below)
    if fraction(above)[1].free_symbols:
        return a + b * sqrt(base)
    return above / (cancel(a * below) - cancel(b * below) * sqrt(base))


def _parts(expr: Expr, root: Expr, square: Expr) -> tuple[Expr, Expr]:
    """(a, b) of a + b root, where root**2 is known."""
    a, b = S.Zero, S.Zero
    for (power,), coefficient in Poly(expr, root).terms():
        value = coefficient * square ** (power // 2)
        a, b = (a, b + value) if power % 2 else (a + value, b)
    return a, b
