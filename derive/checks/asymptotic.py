"""Does a saddle point approach the exact partition function at the order that it claims?

Per site, log Z/N - phi must fall as 1/N, with the Gaussian fluctuations as 1/N**2, and with the
next order as 1/N**3.  The verdict is that of the highest order: it implies the lower ones, whose
errors are then known coefficients, which may change sign on the way.  Saddles of equal height
(related by a symmetry) are summed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mp
from sympy import Expr, Symbol

from derive.checks.evaluate import Environment, count, evaluator, key_of
from derive.checks.expand import Expansion
from derive.checks.integrals import OutOfReach
from derive.checks.world import World
from derive.ensemble import Ensemble
from derive.equations import FiniteSum
from derive.errors import DeriveError, UnboundedError
from derive.finite import site_families
from derive.indices import Element, IndexRange
from derive.measures import Continuous
from derive.saddle.free_entropy import FreeEntropy
from derive.step import Kind
from derive.variables import Variable

__all__ = ["check_saddle", "dominant_saddles", "log_partition"]

Saddles = list[Environment]
SIZES = (16, 32, 64)
DIGITS = 16
TOLERANCE = 0.15  # of an order, what the next power of 1/N changes at these sizes
RISING = SMALL = 0.05
MOST_STATES = 50000


def check_saddle(derivation: Any, position: int, world: World) -> Convergence:
    """Compare log Z at growing sizes with the expansion around the dominant saddles."""
    step = derivation.steps[position]
    size = step.after.size
    with mp.workdps(DIGITS):
        free_entropy = step.after.componentwise(world.sizes)
        saddles = dominant_saddles(free_entropy, world)
        exact = [_exact(derivation, position, world, size, n) for n in SIZES]
        levels = range(3 if len(free_entropy.unknowns) < 3 else 2)
        orders = [_orders(free_entropy, saddles, world, size, exact, k) for k in levels]
        last = [_expansion(free_entropy, saddles, world, size, SIZES[-1], k) for k in levels[1:]]
    listed = ", ".join(f"{float(max(found)):.2f}" for found in orders)
    claimed, best = len(orders) - TOLERANCE, max(orders[-1])
    # near criticality the terms beyond the fluctuations are not small yet: no verdict
    settled = abs(last[-1] - last[0]) < SMALL and orders[-1][-1] < orders[-1][0] + RISING
    return Convergence(
        f"{size} = {SIZES[0]} to {SIZES[-1]}: errors per site fall as {size}^-({listed})",
        float(best),
        claimed,
        refuted=bool(best < claimed and settled),
    )


@dataclass(frozen=True)
class Convergence:
    """How the error of an expansion falls with the size, at its highest level."""

    method: str
    order: float
    claimed: float
    refuted: bool


def _orders(
    free_entropy: FreeEntropy,
    saddles: Saddles,
    world: World,
    size: Symbol,
    exact: list[Any],
    level: int,
) -> list[Any]:
    """The power of 1/N in the error, from successive sizes."""
    errors = []
    for n, value in zip(SIZES, exact, strict=True):
        errors.append(abs(value - _expansion(free_entropy, saddles, world, size, n, level)) / n)
    if errors[-1] < mpmath.mpf(10) ** (4 - DIGITS):
        return [mpmath.mpf(level + 1)]  # exact to rounding: nothing is left that could fall
    return [mpmath.log(a / b, 2) for a, b in itertools.pairwise(errors)]


def _expansion(
    free_entropy: FreeEntropy, saddles: Saddles, world: World, size: Symbol, n: int, level: int
) -> Any:
    """log of the sum over saddles of exp(log Z at one saddle), to the level asked for."""
    if level == 0:
        expr: Expr = size * free_entropy.density
    else:
        expr = (
            free_entropy.log_partition(level - 1)
            if level > 1
            else (size * free_entropy.density + free_entropy.fluctuation)
        )
    evaluate = evaluator(expr, world.resized(size, n))
    with mp.workdps(4 * DIGITS):  # derivatives cancel next to a removable singularity
        values = [mpmath.re(evaluate(world.environment() | s)) for s in saddles]
        top = max(values)
        if level > 0:
            top += mpmath.log(mpmath.fsum(mpmath.exp(v - top) for v in values))
        return top


def dominant_saddles(free_entropy: FreeEntropy, world: World) -> Saddles:
    """The stationary points of the right inertia with the largest phi, found from many starts."""
    unknowns = list(free_entropy.unknowns)
    gradient = [_numerical(g, unknowns, world) for g in free_entropy.gradient]
    density = _numerical(free_entropy.density, unknowns, world)
    hessian = [
        [_numerical(h, unknowns, world) for h in row] for row in free_entropy.hessian.tolist()
    ]
    wanted = sum(s < 0 for s in free_entropy.signs)
    found: list[tuple[Any, list[Any]]] = []
    for start in itertools.product(("0.0", "0.6", "-0.6", "1.5", "-1.5"), repeat=len(unknowns)):
        root = _root(gradient, [mpmath.mpf(x) for x in start])
        if root is None or any(
            _distance(root, r) < mpmath.mpf(10) ** (-DIGITS / 2) for _, r in found
        ):
            continue
        matrix = -mpmath.matrix([[h(*root) for h in row] for row in hessian])
        negative = sum(e < 0 for e in mpmath.eigsy(matrix, eigvals_only=True))
        if negative == wanted:
            found.append((density(*root), root))
    if not found:
        raise OutOfReach("no stable saddle point was found numerically")
    top = max(height for height, _ in found)
    return [
        dict(zip(map(key_of, unknowns), root, strict=True))
        for height, root in found
        if top - height < mpmath.mpf(10) ** (4 - DIGITS)
    ]


def _numerical(expr: Expr, unknowns: list[Expr], world: World) -> Any:
    evaluate, env = evaluator(expr, world.sizes), world.environment()
    keys = [key_of(u) for u in unknowns]
    return lambda *at: evaluate(env | dict(zip(keys, at, strict=True)))


def _root(gradient: list[Any], start: list[Any]) -> list[Any] | None:
    try:
        root = mpmath.findroot(lambda *at: [g(*at) for g in gradient], start, tol=mp.eps**1.3)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    root = list(root) if isinstance(root, mpmath.matrix) else [root]
    real = all(mpmath.isfinite(x) and abs(mpmath.im(x)) < mp.eps * 10 for x in root)
    return [mpmath.re(x) for x in root] if real else None


def _distance(a: list[Any], b: list[Any]) -> Any:
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


# -- the exact partition function -----------------------------------------------------------------


def _exact(derivation: Any, position: int, world: World, size: Symbol, n: int) -> Any:
    """log Z at size n: from the model itself where that is a sum over occupation numbers."""
    steps = derivation.steps[:position]
    start = derivation.start
    if all(s.kind == Kind.EXACT for s in steps):
        try:
            return log_partition(start, world, size, n)
        except DeriveError:
            pass
    before: Ensemble = derivation.steps[position].before
    if any(e.label.given for e in before.exponent.atoms(Element)):
        raise OutOfReach("with arrays given there is no sequence of sizes to compare at")
    for factor in (1, 2, 4, 8):
        moved = _shifted(before, factor)
        expansion = Expansion(moved, world.resized(size, n), world.environment())
        try:
            found = expansion.trace(list(moved.variables), world.environment())
        except UnboundedError:
            if moved == before and factor > 1:
                raise
            continue
        if found.error:
            raise OutOfReach(f"log Z is sampled only, with relative error {found.error:.0e}")
        return mpmath.re(found.exponent) + mpmath.log(mpmath.re(found.value))
    raise UnboundedError("the integral over the fields does not settle on any contour tried")


def _shifted(ensemble: Ensemble, factor: int) -> Ensemble:
    """Shifted contours moved further right, where they pass all singularities."""
    variables = []
    for v in ensemble.variables:
        if isinstance(v.measure, Continuous) and v.measure.shift != 0:
            m = v.measure
            moved = Continuous(m.lower, m.upper, m.log_weight, m.direction, m.shift * factor)
            v = Variable(v.label, moved)
        variables.append(v)
    return ensemble.replaced(variables=variables)


def log_partition(ensemble: Ensemble, world: World, size: Symbol, n: int) -> Any:
    """log Z of an ensemble as a sum over occupation numbers of the states of each kind of sites."""
    families = site_families(ensemble)
    sizes, env = world.resized(size, n), world.environment()
    counts = [count(IndexRange(f.size), sizes) for f in families]
    terms = [math.comb(c + len(f.values) - 1, c) for c, f in zip(counts, families, strict=True)]
    if math.prod(terms) > MOST_STATES:
        raise OutOfReach("too many occupation numbers")
    exponent = evaluator(families[0].exponent, sizes)
    choices = [list(_occupations(f, c, sizes, env)) for f, c in zip(families, counts, strict=True)]
    logs = []
    for chosen in itertools.product(*choices):
        point = dict(env)
        for totals, _ in chosen:
            point.update(totals)
        logs.append(mpmath.fsum(weight for _, weight in chosen) + exponent(point))
    top = max(logs)
    return top + mpmath.log(mpmath.fsum(mpmath.exp(x - top) for x in logs))


def _occupations(
    family: FiniteSum, sites: int, sizes: dict[Symbol, Any], env: Environment
) -> Iterator[tuple[Environment, Any]]:
    """Each way to fill the states: the totals, and the log of its number times its weight."""
    weights = [evaluator(w, sizes)(env) for w in family.weights]
    values = [[evaluator(v, sizes)(env) for v in row] for row in family.values]
    for occupation in _compositions(sites, len(values)):
        totals = {
            total: mpmath.fsum(k * row[t] for k, row in zip(occupation, values, strict=True))
            for t, total in enumerate(family.totals)
        }
        ways = mpmath.loggamma(sites + 1) - mpmath.fsum(mpmath.loggamma(k + 1) for k in occupation)
        own = mpmath.fsum(k * w for k, w in zip(occupation, weights, strict=True))
        yield totals, ways + own


def _compositions(n: int, parts: int) -> Any:
    if parts == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in _compositions(n - first, parts - 1):
            yield (first, *rest)
