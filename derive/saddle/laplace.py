"""Laplace's method to any order: Wick contractions around a saddle, in any number of dimensions.

The integral is over ``exp(N e_0(u) + e_1(u) + e_2(u)/N + ...)``.  With ``u = u0 + y/sqrt(N)`` the
term of degree k of ``e_j`` has weight ``N**(1 - j - k/2)``; the quadratic part of ``e_0`` makes y
Gaussian with covariance ``G = (-e_0'')**(-1)``, and the rest is expanded.  Rotating a contour onto
the imaginary axis leaves G, hence every correction, unchanged: only the determinant sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import factorial, prod
from typing import Any

from sympy import QQ, Expr, Matrix, S, Symbol, exp, log, pi, ring, sympify

from derive.errors import DeriveError
from derive.saddle.linear import determinant, inverse, vanishes

__all__ = ["LaplaceExpansion", "laplace", "wick_corrections"]

Multi = tuple[int, ...]


@dataclass(frozen=True)
class LaplaceExpansion:
    """An integral at large N: ``log I = exponent + log_prefactor + sum_k corrections[k-1]/N**k``.

    Attributes
    ----------
    exponent : Expr
        -N times the minimum.
    log_prefactor : Expr
        ``(n/2) log(2 pi/N) - (1/2) log det`` of the Hessian.
    corrections : tuple of Expr
        Coefficients of 1/N, 1/N**2, ... in the logarithm of the integral.
    size : Expr
        N.
    """

    exponent: Expr
    log_prefactor: Expr
    corrections: tuple[Expr, ...]
    size: Expr

    @property
    def log_integral(self) -> Expr:
        """The logarithm of the integral to the order kept."""
        terms = (c / self.size**k for k, c in enumerate(self.corrections, start=1))
        return sum(terms, self.exponent + self.log_prefactor)

    @property
    def factors(self) -> tuple[Expr, ...]:
        """Coefficients of 1/N, 1/N**2, ... of the factor that multiplies the leading integral."""
        moments: list[Expr] = [S.One]
        for k in range(1, len(self.corrections) + 1):  # k M_k = sum_j j c_j M_{k-j}
            terms = (j * self.corrections[j - 1] * moments[k - j] for j in range(1, k + 1))
            moments.append(sum(terms, S.Zero) / k)
        return tuple(moments[1:])

    @property
    def integral(self) -> Expr:
        """The integral itself to the order kept."""
        series = sum((c / self.size**k for k, c in enumerate(self.factors, start=1)), S.One)
        return exp(self.exponent) * exp(self.log_prefactor) * series


def laplace(f: Any, x: Any, x0: Any, N: Any, order: int = 1) -> LaplaceExpansion:
    """Expand the integral of exp(-N f(x)) around an interior minimum.

    Parameters
    ----------
    f : Expr
        A function of x, independent of N.
    x : Symbol or sequence of Symbol
        The variable(s) of integration.
    x0 : Expr or sequence of Expr
        The minimum.  A symbol stands for a minimum that is not known in closed form.
    N : Expr
        The large parameter.
    order : int
        How many powers of 1/N to keep beyond the leading Gaussian integral.

    Returns
    -------
    LaplaceExpansion

    Raises
    ------
    DeriveError
        If x0 is no stationary point, or the Hessian is singular there.

    Notes
    -----
    In one dimension the first coefficient is ``5 f'''**2/(24 f''**3) - f''''/(8 f''**2)``
    (Bender and Orszag, Advanced Mathematical Methods, section 6.4).

    Examples
    --------
    >>> from sympy import symbols, log
    >>> x, N = symbols("x N", positive=True)
    >>> laplace(x - log(x), x, 1, N, order=2).corrections  # Stirling's series
    (1/12, 0)
    """
    single = isinstance(x, Expr)
    variables = (x,) if single else tuple(x)
    point = dict(zip(variables, (x0,) if single else tuple(x0), strict=True))
    f = sympify(f)
    known = all(not sympify(v).free_symbols for v in point.values())
    slopes = [f.diff(v).subs(point) for v in variables]
    if known and any(slope.is_number and not vanishes(slope) for slope in slopes):
        raise DeriveError(
            f"{point} is no stationary point of {f}: its gradient there is {slopes}; give a minimum"
        )
    hessian = Matrix([[f.diff(a, b).subs(point) for b in variables] for a in variables])
    det = determinant(hessian)
    if det == 0:
        raise DeriveError(f"the Hessian of {f} is singular at {point}: no Gaussian integral there")
    corrections = wick_corrections([-f], variables, point, inverse(hessian), order)
    log_prefactor = len(variables) * log(2 * pi / N) / 2 - log(det) / 2
    return LaplaceExpansion(-N * f.subs(point), log_prefactor, corrections, sympify(N))


def wick_corrections(
    exponents: Sequence[Expr],
    variables: Sequence[Expr],
    point: dict[Expr, Expr],
    covariance: Matrix,
    order: int,
    tidy: Any = None,
) -> tuple[Expr, ...]:
    """Coefficients of N**-1, ..., N**-order in the logarithm of a saddle-point integral.

    Parameters
    ----------
    exponents : sequence of Expr
        e_0, e_1, ...: the exponent is ``sum_j N**(1 - j) e_j``.
    variables : sequence of Expr
        The variables of integration.
    point : dict
        The saddle (empty if the variables themselves stand for it).
    covariance : Matrix
        ``(-e_0'')**(-1)`` at the saddle.
    order : int
        Number of coefficients.
    tidy : callable, optional
        Applied to every derivative at the saddle, for instance to use the saddle equations.
    """
    vertices = _vertices(exponents, variables, point, order, tidy)
    n = len(variables)
    pairs = [(a, b) for a in range(n) for b in range(a, n)]
    names = [f"v{k}" for k in range(len(vertices))] + [f"G{a}_{b}" for a, b in pairs]
    algebra, *gens = ring(",".join([*names, *(f"y{a}" for a in range(n))]), QQ)
    couplings, ys = gens[: len(vertices)], gens[len(names) :]
    propagator = dict(zip(pairs, gens[len(vertices) : len(names)], strict=True))
    action = [algebra.zero for _ in range(2 * order + 1)]
    for coupling, (weight, powers, _) in zip(couplings, vertices, strict=True):
        term = coupling / prod(factorial(p) for p in powers)
        for y, p in zip(ys, powers, strict=True):
            term *= y**p
        action[weight] += term
    moments = _moments(action, order, lambda poly: _average(poly, n, propagator, algebra))
    values = [value for *_, value in vertices] + [covariance[a, b] for a, b in pairs]
    at = dict(zip((Symbol(name) for name in names), values, strict=True))
    return tuple(c.as_expr().xreplace(at) for c in _logarithm(moments, order))


def _vertices(
    exponents: Sequence[Expr],
    variables: Sequence[Expr],
    point: dict[Expr, Expr],
    order: int,
    tidy: Any,
) -> list[tuple[int, Multi, Expr]]:
    """(weight, multi-index, value) of every non-zero derivative of weight 1 to 2*order."""
    found = []
    for j, e in enumerate(exponents):
        level: dict[Multi, Expr] = {(0,) * len(variables): sympify(e)}
        for degree in range(2 * order + 3 - 2 * j):
            if degree:
                level = _differentiated(level, variables)
            weight = degree + 2 * j - 2
            if weight < 1:
                continue
            for powers, derivative in level.items():
                value = derivative.subs(point) if point else derivative
                value = tidy(value) if tidy else value
                if value != 0:
                    found.append((weight, powers, value))
    return found


def _differentiated(level: dict[Multi, Expr], variables: Sequence[Expr]) -> dict[Multi, Expr]:
    """All derivatives of the next degree; each once, by its last variable."""
    higher: dict[Multi, Expr] = {}
    for powers, derivative in level.items():
        last = max((a for a, p in enumerate(powers) if p), default=0)
        for a in range(last, len(variables)):
            raised = tuple(p + (b == a) for b, p in enumerate(powers))
            higher[raised] = derivative.diff(variables[a])
    return higher


def _moments(action: list[Any], order: int, average: Callable[[Any], Any]) -> list[Any]:
    """<exp V> as a series in N**(-1/2): the coefficients of its even powers."""
    top = 2 * order
    power = [action[0].ring.one] + [action[0].ring.zero] * top
    total = list(power)
    for count in range(1, top + 1):  # V starts at weight 1, so that V**count starts at `count`
        power = [
            sum((power[k] * action[w - k] for k in range(w)), action[0].ring.zero)
            for w in range(top + 1)
        ]
        for w in range(top + 1):
            total[w] += power[w] / factorial(count)
    return [average(total[2 * k]) for k in range(order + 1)]


def _logarithm(moments: list[Any], order: int) -> list[Any]:
    """Coefficients of log(1 + M_1 e + ...): k c_k = k M_k - sum_{j<k} j c_j M_{k-j}."""
    logs: list[Any] = []
    for k in range(1, order + 1):
        rest = sum((j * logs[j - 1] * moments[k - j] for j in range(1, k)), moments[0] * 0)
        logs.append(moments[k] - rest / k)
    return logs


def _average(poly: Any, n: int, propagator: dict[tuple[int, int], Any], algebra: Any) -> Any:
    """Gaussian average over the y's (the last n generators) by Isserlis' theorem."""
    result = algebra.zero
    for monomial, coefficient in poly.terms():
        head, powers = monomial[:-n], monomial[-n:]
        for pairing, count in _pairings(powers):
            term = algebra({(*head, *(0,) * n): coefficient * count})
            for pair in pairing:
                term *= propagator[pair]
            result += term
    return result


@lru_cache(maxsize=4096)
def _pairings(powers: Multi) -> tuple[tuple[tuple[tuple[int, int], ...], int], ...]:
    """The pairings of y_0**p_0 y_1**p_1 ... as (pairs, how often), the first y paired in turn."""
    if not any(powers):
        return (((), 1),)
    if sum(powers) % 2:
        return ()
    first = next(a for a, p in enumerate(powers) if p)
    left = [p - (a == first) for a, p in enumerate(powers)]
    counts: dict[tuple[tuple[int, int], ...], int] = {}
    for other, available in enumerate(left):
        if available:
            rest = tuple(p - (a == other) for a, p in enumerate(left))
            for pairs, count in _pairings(rest):
                key = tuple(sorted(((first, other), *pairs)))
                counts[key] = counts.get(key, 0) + available * count
    return tuple(counts.items())
