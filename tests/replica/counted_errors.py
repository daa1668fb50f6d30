"""Spherical perceptron at a finite temperature of its errors (Gardner, Derrida), and at T = 0."""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import bend, root, settle, slope, stationary
from tests.replica.gardner import argument, pieces, sphere
from tests.replica.quadrature import gauss, legendre_rule, reach, tail, trapezoids
from tests.replica.rows import Row

SOURCE = "Gardner, Derrida, J. Phys. A 21, 271 (1988)"
FORMULA = (
    "Spherical weights, alpha N patterns, weight exp(-beta * number of errors), an error where "
    "lambda < kappa; free_entropy = alpha <log[exp(-beta) + (1-exp(-beta)) H(tau)]> + "
    "log(1-q)/2 + q/(2(1-q)), relative to the uniform measure on the sphere, tau = (kappa - "
    "sqrt(q) z)/sqrt(1-q), stationary in q; errors = -(1/alpha) d free_entropy/d beta is the "
    "fraction of patterns with errors; RS stable iff AT = alpha <[(log psi)'']^2> < 1, psi(tau) "
    "the bracket"
)
T0_FORMULA = (
    "Spherical weights, alpha > alpha_c(kappa), T = 0, replica symmetric: x = lim beta(1-q) "
    "solves 1 = alpha int_{kappa-sqrt(2x)}^kappa Dt (kappa-t)^2; errors = H(sqrt(2x)-kappa) is the "
    "least fraction of patterns with errors (RS unstable, a lower bound)"
)
ROUTES = (
    "saddle equation by the trapezoid rule; differences of the free entropy in q and beta, of "
    "log psi in tau, by Gauss-Legendre pieces"
)
T0_ROUTES = (
    "stationarity in closed form; differences of the energy per weight e = alpha <min over lambda "
    "of theta(kappa-lambda) + (lambda-t)^2/(2x)> - 1/(2x) by quadrature, errors = e/alpha"
)


def psi(beta: mpf, tau: mpf) -> mpf:
    """Return the weight of a pattern, averaged over what q leaves open."""
    return mp.exp(-beta) - mp.expm1(-beta) * tail(tau)


def point(alpha: mpf, beta: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return the numbers from the saddle equation q/(1-q) = alpha <[(log psi)']^2>."""
    density = -mp.expm1(-beta)

    def new(q: mpf) -> list[mpf]:
        def local(z: mpf) -> tuple[mpf]:
            tau = argument(q, kappa, z)
            return ((density * gauss(tau) / psi(beta, tau)) ** 2,)

        strength = alpha * trapezoids(local)[0]
        return [strength / (1 + strength)]

    (q,) = root(lambda q: [q - new(q)[0]], settle(new, (0.5,)))

    def local(z: mpf) -> tuple[mpf, mpf, mpf]:
        tau = argument(q, kappa, z)
        weight = psi(beta, tau)
        g = density * gauss(tau) / weight
        return mp.log(weight), mp.exp(-beta) * tail(-tau) / weight, (g * (g - tau)) ** 2

    log_weight, errors, curvature = trapezoids(local)
    return {
        "q": q,
        "free_entropy": alpha * log_weight + sphere(q),
        "errors": errors,
        "AT": alpha * curvature,
    }


def point_by_differences(
    start: dict[str, mpf], alpha: mpf, beta: mpf, kappa: mpf
) -> dict[str, mpf]:
    """Return the same from values of log psi alone."""
    weighed = [(z, w * gauss(z)) for z, w in legendre_rule(pieces(start["q"], kappa))]

    def phi(q: mpf, beta: mpf = beta) -> mpf:
        average = mp.fsum(w * mp.log(psi(beta, argument(q, kappa, z))) for z, w in weighed)
        return alpha * average + sphere(q)

    (q,) = stationary(phi, (start["q"],))

    def curvature(z: mpf) -> mpf:
        return bend(lambda tau: mp.log(psi(beta, tau)), argument(q, kappa, z))

    return {
        "q": q,
        "free_entropy": phi(q),
        "errors": -slope(lambda b: phi(q, b), beta) / alpha,
        "AT": alpha * mp.fsum(w * curvature(z) ** 2 for z, w in weighed),
    }


def least_errors(alpha: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return x and the fraction of errors at T = 0; the integral of (kappa-t)^2 in closed form."""

    def residual(x: mpf) -> list[mpf]:
        low = kappa - mp.sqrt(2 * x)
        mass = tail(low) - tail(kappa)
        second = (1 + kappa**2) * mass + kappa * gauss(kappa)
        second -= (2 * kappa - low) * gauss(low)
        return [alpha * second - 1]

    (x,) = root(residual, (mpf(1),))
    return {"x": x, "errors": tail(mp.sqrt(2 * x) - kappa)}


def least_errors_by_differences(start: dict[str, mpf], alpha: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return them from differences of the energy in x, pieces ending at its kinks."""

    def energy(x: mpf) -> mpf:
        low, end = kappa - mp.sqrt(2 * x), reach()
        wrong = [low + (-end - low) * k / 8 for k in range(8, -1, -1)]
        moved = [low + (kappa - low) * k / 4 for k in range(5)]
        counted = mp.fsum(w * gauss(t) for t, w in legendre_rule(wrong))
        cost = mp.fsum(w * gauss(t) * (kappa - t) ** 2 for t, w in legendre_rule(moved))
        return alpha * (counted + cost / (2 * x)) - 1 / (2 * x)

    (x,) = stationary(energy, (start["x"],))
    return {"x": x, "errors": energy(x) / alpha}


def _row(alpha: str, beta: str, kappa: str) -> Row:
    params = {"alpha": alpha, "beta": beta, "kappa": kappa}
    return Row(FORMULA, ROUTES, SOURCE, point, point_by_differences, params)


def _t0_row(alpha: str, kappa: str) -> Row:
    params = {"alpha": alpha, "kappa": kappa}
    return Row(T0_FORMULA, T0_ROUTES, SOURCE, least_errors, least_errors_by_differences, params)


ROWS = {
    "errors_a3_b2_k0": _row("3", "2", "0"),
    "errors_a1_b1_k0": _row("1", "1", "0"),
    "errors_a1_b3_k0.5": _row("1", "3", "0.5"),
    "errors_a3_b5_k0": _row("3", "5", "0"),
    "errors_T0_a3_k0": _t0_row("3", "0"),
    "errors_T0_a1_k1": _t0_row("1", "1"),
}
