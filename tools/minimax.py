"""The coefficients of the elementary functions: best polynomials, found with mpmath.

Run ``python -m tools.minimax`` to print the module ``numerics/native/coefficients.py``.

A fit minimises the largest of |weight(x) (p(x) - f(x))| by Remez' exchange on a fine grid of
Chebyshev points.  Then the coefficients are rounded one after the other, from the constant one
upwards; each time the later ones move by what, in least squares, makes up for the rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mpmath import mp, mpf

__all__ = ["FITS", "Fit", "fitted", "main"]

DIGITS = 50
PER_COEFFICIENT = 24  # grid points
ROUNDS = 40
LEVEL = mpf("1.001")  # how far from equal the extrema of the error may end up
Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Fit:
    """A polynomial to find: of `function` on an interval, where an error counts `weight`."""

    name: str
    meaning: str
    function: Function
    weight: Function
    low: Any
    high: Any
    count: int


def fitted(fit: Fit) -> tuple[list[float], float]:
    """The rounded coefficients, and the largest weighted error that they leave."""
    with mp.workdps(DIGITS):
        points = grid(fit.low, fit.high, PER_COEFFICIENT * fit.count)
        values = [fit.function(x) for x in points]
        weights = [abs(fit.weight(x)) for x in points]
        coefficients = rounded(remez(points, values, weights, fit.count), points, weights)
        rows = zip(points, values, weights, strict=True)
        return coefficients, float(max(w * abs(value(coefficients, x) - y) for x, y, w in rows))


def grid(low: Any, high: Any, count: int) -> list[Any]:
    """Chebyshev points of an interval, from low to high."""
    middle, half = (mpf(low) + high) / 2, (mpf(high) - low) / 2
    angles = (mp.pi * (2 * k + 1) / (2 * count) for k in reversed(range(count)))
    return [middle + half * mp.cos(angle) for angle in angles]


def value(coefficients: Sequence[Any], x: Any) -> Any:
    """A polynomial, its constant coefficient first."""
    return mp.polyval(list(reversed(coefficients)), x)


def remez(points: Sequence[Any], values: Sequence[Any], weights: Sequence[Any], count: int) -> Any:
    """The coefficients of the best polynomial on the points, by exchange of all extrema."""
    last = len(points) - 1
    chosen = [round(last * (1 - mp.cos(mp.pi * k / count)) / 2) for k in range(count + 1)]
    for _ in range(ROUNDS):
        rows = [
            [points[i] ** j for j in range(count)] + [(-1) ** k / weights[i]]
            for k, i in enumerate(chosen)
        ]
        *coefficients, height = mp.lu_solve(mp.matrix(rows), mp.matrix([values[i] for i in chosen]))
        triples = zip(points, values, weights, strict=True)
        errors = [w * (y - value(coefficients, x)) for x, y, w in triples]
        chosen = alternating(errors, count + 1)
        if max(map(abs, errors)) <= LEVEL * abs(height):
            break
    return coefficients


def rounded(best: Sequence[Any], points: Sequence[Any], weights: Sequence[Any]) -> list[float]:
    """Doubles near the best coefficients: the later ones make up for rounding the earlier ones."""
    left, count = list(best), len(best)
    pairs = [(w * w, x) for x, w in zip(points, weights, strict=True)]
    moments = [mp.fsum(w * x**k for w, x in pairs) for k in range(2 * count - 1)]
    for j in range(count):
        lost, free = left[j] - mpf(float(left[j])), range(j + 1, count)
        left[j] = float(left[j])
        if free:
            normal = mp.matrix([[moments[a + b] for a in free] for b in free])
            change = mp.lu_solve(normal, mp.matrix([lost * moments[j + b] for b in free]))
            for k, step in zip(free, change, strict=True):
                left[k] += step
    return left


def alternating(errors: Sequence[Any], count: int) -> list[int]:
    """Where the error is largest between its changes of sign: `count` neighbours, the highest."""
    peaks: list[int] = []
    for i, error in enumerate(errors):
        if peaks and (error > 0) == (errors[peaks[-1]] > 0):
            if abs(error) > abs(errors[peaks[-1]]):
                peaks[-1] = i
        else:
            peaks.append(i)
    while len(peaks) > count:
        peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
    return peaks


def erfcx(x: Any) -> Any:
    """exp(x**2) erfc(x), from an integral where the product would be infinity times zero."""
    if x < 100:
        return mp.exp(x * x) * mp.erfc(x)
    ends = [0, *(k / x for k in (1, 10, 30, 100))]
    return mp.quad(lambda t: mp.exp(-t * (t + 2 * x)), ends) * 2 / mp.sqrt(mp.pi)


def ratio_of_root(function: Function) -> Function:
    """f(sqrt(z))/sqrt(z), of an odd function f."""
    return lambda z: function(mp.sqrt(z)) / mp.sqrt(z)


def seen_from_infinity(y: Any) -> Any:
    """erfcx(a)/y with a = K/y - K: what y = K/(a + K), which maps [0, oo) to (0, 1], leaves."""
    return erfcx(ERFCX_HALF / y - ERFCX_HALF) / y


def from_its_end(t: Any) -> Any:
    """The above as the double at y = 0 plus y times this function of t = 2 y - 1."""
    y = (1 + t) / 2
    return (seen_from_infinity(y) - ERFCX_END) / y


def end_weight(t: Any) -> Any:
    """Relative errors of erfcx; those near a = 0, where it is 1, count up to four times."""
    y = (1 + t) / 2
    return y / seen_from_infinity(y) * (1 + 3 * y**100)


HALF = mp.log(2) / 2 * mpf("1.0001")  # arguments are reduced by multiples of log 2, to |r| <= HALF
ROOT = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mpf("1.0001")  # the largest f/(2 + f), 1 + f = sqrt(2)
FIFTH = mpf("0.2")  # artanh(x) is k log(2)/2 + artanh(s) with |s| below
EIGHTH = mp.tan(mp.pi / 8) * mpf("1.0001")
ERF_ONE = mpf("5.95")  # from here on erf is 1 to the last digit
ERFCX_HALF = mpf(4)  # K: erfcx is fitted in y = K/(a + K), which is 1/2 at a = K
ERFCX_END = mpf(float(1 / (ERFCX_HALF * mp.sqrt(mp.pi))))  # erfcx(a)/y at infinity

FITS = (
    Fit(
        "EXPM1",
        "(exp(r) - 1 - r)/r**2 in r",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.expm1(r),
        -HALF,
        HALF,
        10,
    ),
    Fit(
        "COTH",
        "(u coth(u) - 1)/u**2 in u**2",
        lambda z: (mp.sqrt(z) * mp.coth(mp.sqrt(z)) - 1) / z,
        lambda z: z,
        0,
        (HALF / 2) ** 2,
        5,
    ),
    Fit(
        "SINH",
        "(sinh(r)/r - 1)/r**2 in r**2",
        lambda z: (ratio_of_root(mp.sinh)(z) - 1) / z,
        lambda z: z,
        0,
        HALF**2,
        5,
    ),
    Fit(
        "COSH",
        "(cosh(r) - 1)/r**2 in r**2",
        lambda z: (mp.cosh(mp.sqrt(z)) - 1) / z,
        lambda z: z,
        0,
        HALF**2,
        6,
    ),
    Fit(
        "LOG",
        "2 (artanh(s)/s - 1)/s**2 in s**2",
        lambda z: 2 * (ratio_of_root(mp.atanh)(z) - 1) / z,
        lambda z: z / 2,
        0,
        ROOT**2,
        7,
    ),
    Fit(
        "ARTANH",
        "(artanh(s)/s - 1)/s**2 in s**2",
        lambda z: (ratio_of_root(mp.atanh)(z) - 1) / z,
        lambda z: z,
        0,
        FIFTH**2,
        8,
    ),
    Fit(
        "LOG1P",
        "log(1 + u)/u in u - 1/2",
        lambda t: mp.log1p(t + mpf("0.5")) / (t + mpf("0.5")) if t > -mpf("0.5") else mpf(1),
        lambda t: (t + mpf("0.5")) / mp.log1p(t + mpf("0.5")) if t > -mpf("0.5") else mpf(1),
        -mpf("0.5"),
        mpf("0.5"),
        21,
    ),
    Fit(
        "ARCSIN",
        "(arcsin(s)/s - 1)/s**2 in s**2",
        lambda z: (ratio_of_root(mp.asin)(z) - 1) / z,
        lambda z: z,
        0,
        mpf(1) / 4,
        12,
    ),
    Fit(
        "ARCTAN",
        "(arctan(s)/s - 1)/s**2 in s**2",
        lambda z: (ratio_of_root(mp.atan)(z) - 1) / z,
        lambda z: z,
        0,
        EIGHTH**2,
        11,
    ),
    Fit(
        "ERF",
        "-log(erfc(a))/a in a, error of erf",
        lambda a: -mp.log(mp.erfc(a)) / a,
        lambda a: a * mp.erfc(a) / mp.erf(a),
        0,
        ERF_ONE,
        23,
    ),
    Fit(
        "ERFCX",
        "(erfcx(a)/y - END)/y in 2 y - 1, y = K/(a + K), error of erfcx",
        from_its_end,
        end_weight,
        mpf("1e-6") - 1,
        1,
        22,
    ),
)


def main() -> None:
    """Print the module of coefficients."""
    print('"""Coefficients of polynomials, lowest first; made by ``python -m tools.minimax``."""\n')
    print("# fmt: off")
    print(f"ERFCX_HALF = {float(ERFCX_HALF)!r}  # K: y = K/(a + K) is a half at a = K")
    print(f'ERFCX_END = float.fromhex("{float(ERFCX_END).hex()}")  # erfcx(a)/y at infinity')
    for fit in FITS:
        coefficients, error = fitted(fit)
        print(f"\n# {fit.meaning}; largest error 2**{float(mp.log(error, 2)):.1f}")
        print(f"{fit.name} = (")
        for coefficient in coefficients:
            print(f'    float.fromhex("{coefficient.hex()}"),')
        print(")")


if __name__ == "__main__":
    main()
