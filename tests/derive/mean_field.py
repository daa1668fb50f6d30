"""Free entropies that several tests share, written down by hand as a user might."""

import mpmath
from sympy import Rational, Symbol, cosh, exp, lambdify, log, pi, sqrt, symbols

from derive import FreeEntropy

N = Symbol("N", integer=True, positive=True)
beta, J, T, Delta = symbols("beta J T Delta", positive=True)
m, h = symbols("m h", real=True)
mhat, m1, m2 = symbols("mhat m1 m2", real=True)

LINEARISED = log(2 * cosh(beta * (J * m + h))) - beta * J * m**2 / 2


def curie_weiss():
    """The field that linearises the square of the magnetisation."""
    return FreeEntropy(
        LINEARISED, m, size=N, beta=beta, correction=log(sqrt(beta * J * N / (2 * pi)))
    )


def curie_weiss_in_temperature():
    return FreeEntropy(
        LINEARISED.subs(beta, 1 / T),
        m,
        size=N,
        beta=1 / T,
        correction=log(sqrt(J * N / T / 2 / pi)),
    )


def curie_weiss_pair():
    """The magnetisation with its Fourier conjugate."""
    return FreeEntropy(
        beta * J * m**2 / 2 + beta * h * m - m * mhat + log(2 * cosh(mhat)),
        (m, mhat),
        (1, -1),
        N,
        beta,
        correction=log(N / (2 * pi)),
    )


def spin_one():
    """Spin 1 with a crystal field (Blume and Capel)."""
    one_site = log(1 + 2 * exp(-beta * Delta) * cosh(beta * (J * m + h)))
    return FreeEntropy(
        one_site - beta * J * m**2 / 2,
        m,
        size=N,
        beta=beta,
        correction=log(sqrt(beta * J * N / (2 * pi))),
    )


def two_populations(J1, J2, J12):
    """Two populations of equal size; the couplings form a matrix."""
    fields = (J1 * m1 + J12 * m2 + h, J12 * m1 + J2 * m2 + h)
    quadratic = J1 * m1**2 + 2 * J12 * m1 * m2 + J2 * m2**2
    half = Rational(1, 2)
    phi = sum(half * log(2 * cosh(beta * x)) for x in fields) - beta * quadratic / 4
    return FreeEntropy(phi, (m1, m2), size=N, beta=beta)


def at_root(free_entropy, values, start):
    """A function that evaluates expressions at the saddle near `start`, with mpmath."""
    names = [*free_entropy.unknowns, *free_entropy.parameters, N]
    given = [mpmath.mpf(values[str(p)]) for p in free_entropy.parameters]
    size = mpmath.mpf(values.get("N", 1))
    gradient = lambdify(names, list(free_entropy.gradient), "mpmath")
    start = [mpmath.mpf(s) for s in start]
    if len(start) == 1:
        root = [mpmath.findroot(lambda x: gradient(x, *given, size)[0], start[0])]
    else:
        root = list(mpmath.findroot(lambda *x: gradient(*x, *given, size), start))
    return lambda expr: mpmath.mpf(lambdify(names, expr, "mpmath")(*root, *given, size))


def agree(value, reference, digits=25):
    reference = mpmath.mpf(reference)
    return abs(value - reference) <= abs(reference) * mpmath.mpf(10) ** (1 - digits)
