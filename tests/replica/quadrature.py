"""Averages over standard Gaussian variables in mpmath, by two rules with nothing in common.

Both aim at ``target_digits()`` digits, which the working precision ``mp.dps`` sets: what is left
of it is for differences (see ``extremise``).
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

import mpmath as mp
from mpmath import mpf

__all__ = [
    "REGULAR",
    "gauss",
    "graded",
    "legendre",
    "legendre_rule",
    "mills",
    "reach",
    "tail",
    "target_digits",
    "trapezoid",
    "trapezoids",
]

LEVELS = 8  # of halving: the last has steps of 1/1024


def target_digits() -> int:
    """Return how many digits an average shall have at this working precision."""
    return int(0.56 * mp.mp.dps)


def reach() -> mpf:
    """Return where the Gaussian weight is beyond the target, with room for growing integrands."""
    return mp.sqrt(2 * mp.log(10) * (target_digits() + 5)) + 1


def gauss(x: mpf) -> mpf:
    """Return the standard Gaussian density."""
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def tail(x: mpf) -> mpf:
    """Return H(x), the probability that a standard Gaussian exceeds x."""
    return mp.erfc(x / mp.sqrt(2)) / 2


def mills(x: mpf) -> mpf:
    """Return G(x)/H(x) = -d log H / dx."""
    return gauss(x) / tail(x)


def trapezoids(f: Callable[[mpf], Sequence[mpf]]) -> list[mpf]:
    """Return the averages of several functions, by halving the step of the trapezoid rule.

    For an analytic integrand the error goes as exp(-c/step): halving squares it, so that two
    levels which agree to half the digits leave the finer one with all of them.
    """
    end = reach()
    step = mpf(1) / 4
    sums = _weighed(f, mpf(0), step, end)
    enough = mpf(10) ** (-target_digits() // 2 - 2)
    for _ in range(LEVELS):
        more = _weighed(f, step / 2, step, end)
        finer = [(a + b) / 2 for a, b in zip(sums, more, strict=True)]
        step /= 2
        if all(abs(a - b) < enough * max(1, abs(a)) for a, b in zip(finer, sums, strict=True)):
            return finer
        sums = finer
    raise ArithmeticError("the trapezoid rule has not converged: a kink, or a pole near the axis")


def trapezoid(f: Callable[[mpf], mpf]) -> mpf:
    """Return the average of one function by the trapezoid rule."""
    return trapezoids(lambda z: (f(z),))[0]


def _weighed(f: Callable[[mpf], Sequence[mpf]], first: mpf, step: mpf, end: mpf) -> list[mpf]:
    """Sum step * gauss(z) * f(z) over z = first + k step within the reach."""
    count = int(end / step)
    rows = []
    for k in range(-count, count + 1):
        z = first + k * step
        weight = step * gauss(z)
        rows.append([weight * value for value in f(z)])
    return [mp.fsum(column) for column in zip(*rows, strict=True)]


def graded(centre: mpf, scale: mpf) -> list[mpf]:
    """Return ends of pieces which double in width away from a feature of this place and scale."""
    end = reach()
    cuts = {-end, end}
    for side in (-1, 1):
        place, width = mpf(centre), mpf(min(scale, 1))
        while -end < place < end:
            cuts.add(place)
            place += side * width
            width = min(2 * width, mpf(3) / 2)
    return sorted(cuts)


REGULAR = (mpf(0), mpf(1))  # a feature at the origin, of the Gaussian's own scale


@cache
def _legendre_rule(size: int, bits: int) -> tuple[list[mpf], list[mpf]]:
    """Return nodes and weights on (-1, 1): Newton on the Legendre polynomial."""
    nodes, weights = [], []
    with mp.workprec(bits + 20):
        for k in range(size):
            x = mp.cos(mp.pi * (k + mpf(3) / 4) / (size + mpf(1) / 2))
            for _ in range(60):
                before, now = mpf(1), x
                for n in range(2, size + 1):
                    before, now = now, ((2 * n - 1) * x * now - (n - 1) * before) / n
                slope = size * (x * now - before) / (x * x - 1)
                x -= now / slope
                if abs(now / slope) < mpf(2) ** (-bits // 2 - 4):
                    break
            nodes.append(x)
            weights.append(_legendre_weight(size, x))
    return nodes, weights


def _legendre_weight(size: int, x: mpf) -> mpf:
    before, now = mpf(1), x
    for n in range(2, size + 1):
        before, now = now, ((2 * n - 1) * x * now - (n - 1) * before) / n
    slope = size * (x * now - before) / (x * x - 1)
    return 2 / ((1 - x * x) * slope**2)


def legendre_rule(cuts: Sequence[mpf]) -> list[tuple[mpf, mpf]]:
    """Return nodes and weights of a Gauss-Legendre rule on each piece between the cuts."""
    nodes, weights = _legendre_rule(int(1.7 * target_digits()), mp.mp.prec)
    rule = []
    for low, high in pairwise(cuts):
        middle, half = (low + high) / 2, (high - low) / 2
        rule += [(middle + half * x, half * w) for x, w in zip(nodes, weights, strict=True)]
    return rule


def legendre(f: Callable[[mpf], mpf], cuts: Sequence[mpf] | None = None) -> mpf:
    """Return the average of one function by Gauss-Legendre rules on the pieces between cuts."""
    rule = legendre_rule(graded(*REGULAR) if cuts is None else cuts)
    return mp.fsum(w * gauss(x) * f(x) for x, w in rule)
