"""Free entropies whose limits are known, written down as the replica calculation leaves them."""

from sympy import Rational, cosh, erfc, exp, log, pi, sqrt, symbols

import derive as dv

x, y, z = symbols("x y z", real=True)
kappa, h, m = symbols("kappa h m", real=True)
alpha, beta, J = symbols("alpha beta J", positive=True)
q, q0, q1, qhat, r, block = symbols("q q0 q1 qhat r b", positive=True)
Average = dv.GaussianAverage


def log_volume(margin):
    """The average of log H((margin - x)/sqrt(1 - q)) over x ~ N(0, q)."""
    return Average(log(erfc((margin - x) / sqrt(2 * (1 - q))) / 2), x, covariance=q)


def sphere():
    """The entropy of weights on a sphere at overlap q, relative to Lebesgue."""
    return log(2 * pi) / 2 + log(1 - q) / 2 + 1 / (2 * (1 - q))


def gardner():
    """Return the spherical perceptron with margin kappa."""
    return dv.FreeEntropy(alpha * log_volume(kappa) + sphere(), q, -1)


def ising_perceptron():
    """Return the perceptron with weights +-1, its conjugate kept."""
    weights = Average(log(2 * cosh(sqrt(qhat) * z)), z) - qhat * (1 - q) / 2
    return dv.FreeEntropy(alpha * log_volume(kappa) + weights, (q, qhat), (-1, 1))


def sherrington_kirkpatrick():
    """Return the glass of Ising spins in a field, replica symmetric."""
    spins = Average(log(2 * cosh(beta * (x + h))), x, covariance=J**2 * q)
    return dv.FreeEntropy(spins + beta**2 * J**2 * (1 - q) ** 2 / 4, q, -1, beta=beta)


def one_step():
    """Return the same with one step of replica symmetry breaking, blocks of size b."""
    spins = exp(block * log(2 * cosh(beta * (h + x + y))))
    inner = Average(spins, y, covariance=J**2 * (q1 - q0))
    outer = Average(log(inner), x, covariance=J**2 * q0) / block
    energy = beta**2 * J**2 * ((1 - q1) ** 2 - block * (q1**2 - q0**2)) / 4
    return dv.FreeEntropy(outer + energy, (q0, q1, block), (-1, -1, 1), beta=beta)


def p_spin(p):
    """Return the glass with interactions of p spins."""
    spins = Average(log(2 * cosh(beta * x)), x, covariance=J**2 * p * q ** (p - 1) / 2)
    energy = beta**2 * J**2 * (1 - p * q ** (p - 1) + (p - 1) * q**p) / 4
    return dv.FreeEntropy(spins + energy, q, -1, beta=beta)


def hopfield():
    """Return the network of Amit, Gutfreund and Sompolinsky with one condensed pattern."""
    gap = 1 - beta * (1 - q)
    noise = alpha / 2 * (log(gap) - beta * q / gap) + alpha * beta**2 * r * (1 - q) / 2
    spins = Average(log(2 * cosh(beta * (m + sqrt(alpha * r) * z))), z)
    phi = spins - beta * m**2 / 2 - noise
    return dv.FreeEntropy(phi, (m, q, r), (1, -1, 1), beta=beta)


def biased_outputs(fraction, threshold):
    """Return the spherical perceptron whose outputs are +1 for a fraction of the patterns."""
    above = log_volume(kappa + threshold)
    below = log_volume(kappa - threshold)
    volume = fraction * above + (1 - fraction) * below
    return dv.FreeEntropy(alpha * volume + sphere(), q, -1)


HALF = Rational(1, 2)
