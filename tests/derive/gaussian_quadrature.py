"""Gaussian averages by quadrature, in mpmath and in NumPy: no symbolic rule is used.

Correlated variables are written in independent standard normals, and integrands with kinks are
integrated piece by piece between them.
"""

import mpmath
import numpy as np
from mpmath import mp

REACH = 17  # standard deviations; the mass beyond is 1e-64


def line(function, *breaks):
    """Return the average of a function of one standard normal, analytic between its breaks."""
    inside = sorted(b for b in map(mp.mpf, breaks) if abs(b) < REACH)
    ends = sorted({*inside, *map(mp.mpf, (-REACH, -6, -2, 2, 6, REACH))})
    return mp.quad(lambda z: mpmath.npdf(z) * function(z), ends)


def below(x):
    """Return the normal distribution function."""
    return mpmath.erfc(-x / mp.sqrt(2)) / 2


def quadrant(h, k, rho):
    """Return <theta(x + h) theta(y + k)>, the second step averaged at fixed x."""
    h, k, rho = map(mp.mpf, (h, k, rho))
    return line(lambda x: below((k + rho * x) / mp.sqrt(1 - rho**2)) if x > -h else 0, -h)


def one_factor(functions, loadings):
    """Return <product of f_i> for y_i = l_i t + sqrt(1 - l_i^2) w_i, given f_i(P(y_i > 0 | t))."""
    slopes = [l / mp.sqrt(1 - l**2) for l in map(mp.mpf, loadings)]
    pairs = list(zip(functions, slopes, strict=True))
    return line(lambda t: mpmath.fprod(f(below(s * t)) for f, s in pairs), 0)


def two_factors(loadings, step=0.2):
    """Return the probability that all y_i = a_i t + b_i u + c_i w_i are positive.

    The conditional probability is entire in t and u: the trapezoid rule converges exponentially.
    """
    loadings = [tuple(map(mp.mpf, pair)) for pair in loadings]
    widths = [mp.sqrt(1 - a**2 - b**2) for a, b in loadings]
    nodes = [mp.mpf(step) * k for k in range(int(-10 / step), int(10 / step) + 1)]
    total = mp.mpf(0)
    for t in nodes:
        inner = mpmath.fsum(
            mpmath.npdf(u)
            * mpmath.fprod(
                below((a * t + b * u) / w) for (a, b), w in zip(loadings, widths, strict=True)
            )
            for u in nodes
        )
        total += mpmath.npdf(t) * inner
    return total * mp.mpf(step) ** 2


def pieces(breaks, reach=11.0, nodes=32):
    """Return nodes and weights on (-reach, reach), split at breaks and at every other integer."""
    inside = [b for b in breaks if abs(b) < reach]
    ends = np.unique([*inside, *np.arange(-reach, reach + 1, 2.0)])
    points, weights = np.polynomial.legendre.leggauss(nodes)
    half, middle = np.diff(ends)[:, None] / 2, (ends[1:] + ends[:-1])[:, None] / 2
    return (middle + half * points).ravel(), (half * weights).ravel()


def axis(function, kinks):
    """Return the average over one standard normal, and that of the absolute value."""
    x, weights = pieces(list(kinks))
    value = function(x) * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * weights
    return value.sum(), abs(value).sum()


def plane(function, lines):
    """Return the average over two standard normals, and that of the absolute value.

    The function is analytic apart from kinks on lines (a, b, c): a x + b y + c = 0.
    """
    # a steep line crosses the mass of y within a narrow range of x
    crossings = [-(b * y + c) / a for a, b, c in lines if a != 0 for y in (-6, -3, 0, 3, 6)]
    for k, (a, b, c) in enumerate(lines):
        for d, e, f in lines[k + 1 :]:
            if a * e != b * d:
                crossings.append((b * f - c * e) / (a * e - b * d))
    total = size = 0.0
    for x, weight in zip(*pieces(crossings), strict=True):
        y, inner = pieces([-(a * x + c) / b for a, b, c in lines if b != 0])
        value = function(x, y) * np.exp(-(x**2 + y**2) / 2) * inner
        total += weight * value.sum()
        size += weight * abs(value).sum()
    return total / (2 * np.pi), size / (2 * np.pi)


def space(function, step=0.25, reach=11.0):
    """Return the average of an entire function of three standard normals, and of its modulus."""
    z = np.arange(-reach, reach + step / 2, step)
    x, y, w = np.meshgrid(z, z, z, indexing="ij", sparse=True)
    density = np.exp(-(x**2 + y**2 + w**2) / 2) * (step / np.sqrt(2 * np.pi)) ** 3
    value = function(x, y, w) * density
    return value.sum(), abs(value).sum()
