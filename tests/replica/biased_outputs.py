"""Spherical perceptron with a threshold, whose outputs or patterns are biased."""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import bend, root, settle, slope, stationary
from tests.replica.gardner import argument, pieces, sphere
from tests.replica.quadrature import gauss, graded, legendre_rule, mills, tail, trapezoids
from tests.replica.rows import Row

SOURCE = "Gardner, J. Phys. A 21, 257 (1988), section 4"
CONVENTION = (
    "Weights on the sphere |J|^2 = N, unbiased patterns, outputs y = 1 with probability f, y = -1 "
    "else; stored where y (J.x/sqrt(N) - theta) > kappa, alpha N patterns. "
)
FORMULA = CONVENTION + (
    "entropy = alpha f <log H(tau_+)> + alpha (1-f) <log H(tau_-)> + log(1-q)/2 + q/(2(1-q)) "
    "relative to the full sphere, tau_+- = (kappa +- theta - sqrt(q) z)/sqrt(1-q), stationary in "
    "q; AT = alpha <[(log H)'']^2>, averaged over y too"
)
CAPACITY = CONVENTION + (
    "1/alpha_c = f int_{-inf}^{kappa+theta} Dz (kappa+theta-z)^2 + (1-f) int_{-inf}^{kappa-theta} "
    "Dz (kappa-theta-z)^2"
)
BEST = CAPACITY + "; theta the one of largest alpha_c"
PATTERNS = (
    "Patterns and outputs +-1, both of mean M, stored where y J.x/sqrt(N) > kappa, |J|^2 = N (no "
    "threshold: the mean of J acts as one). 1/alpha_c = sum over y of (1+yM)/2 int_{-inf}^{k_y} Dz "
    "(k_y - z)^2, k_y = (kappa - y v M)/sqrt(1-M^2), v = sum_i J_i/sqrt(N) at the largest alpha_c"
)
ROUTES = (
    "saddle equation by the trapezoid rule; differences of the entropy in q, of log H in tau, by "
    "Gauss-Legendre pieces"
)


def cost(k: mpf) -> mpf:
    """Return int_{-inf}^k Dz (k-z)^2."""
    return (1 + k**2) * tail(-k) + k * gauss(k)


def cost_by_quadrature(k: mpf) -> mpf:
    """Return the same on Gauss-Legendre pieces up to k."""
    cuts = [z for z in graded(k, mpf(1)) if z < k]
    return mp.fsum(w * gauss(z) * (k - z) ** 2 for z, w in legendre_rule([*cuts, k]))


def point(alpha: mpf, f: mpf, theta: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return the numbers from the saddle equation."""

    def averages(q: mpf, k: mpf) -> list[mpf]:
        def local(z: mpf) -> tuple[mpf, ...]:
            tau = argument(q, k, z)
            g = mills(tau)
            return g * g, mp.log(tail(tau)), (g * (g - tau)) ** 2

        return trapezoids(local)

    def both(q: mpf) -> list[mpf]:
        up, down = averages(q, kappa + theta), averages(q, kappa - theta)
        return [f * a + (1 - f) * b for a, b in zip(up, down, strict=True)]

    def new(q: mpf) -> list[mpf]:
        strength = alpha * both(q)[0]
        return [strength / (1 + strength)]

    (q,) = root(lambda q: [q - new(q)[0]], settle(new, (0.5,)))
    _, log_tail, curvature = both(q)
    return {"q": q, "entropy": alpha * log_tail + sphere(q), "AT": alpha * curvature}


def point_by_differences(
    start: dict[str, mpf], alpha: mpf, f: mpf, theta: mpf, kappa: mpf
) -> dict[str, mpf]:
    """Return the same from values of the entropy."""

    def nodes(k: mpf, share: mpf) -> list[tuple[mpf, mpf, mpf]]:
        return [(k, z, share * w * gauss(z)) for z, w in legendre_rule(pieces(start["q"], k))]

    rule = nodes(kappa + theta, f) + nodes(kappa - theta, 1 - f)

    def entropy(q: mpf) -> mpf:
        log_tail = mp.fsum(w * mp.log(tail(argument(q, k, z))) for k, z, w in rule)
        return alpha * log_tail + sphere(q)

    (q,) = stationary(entropy, (start["q"],))

    def curvature(k: mpf, z: mpf) -> mpf:
        return bend(lambda tau: mp.log(tail(tau)), argument(q, k, z))

    unstable = alpha * mp.fsum(w * curvature(k, z) ** 2 for k, z, w in rule)
    return {"q": q, "entropy": entropy(q), "AT": unstable}


def capacity(f: mpf, theta: mpf, kappa: mpf) -> mpf:
    """Return the capacity at a given threshold."""
    return 1 / (f * cost(kappa + theta) + (1 - f) * cost(kappa - theta))


def capacity_by_quadrature(start: mpf, f: mpf, theta: mpf, kappa: mpf) -> mpf:
    """Return the same by quadrature."""
    up, down = cost_by_quadrature(kappa + theta), cost_by_quadrature(kappa - theta)
    return 1 / (f * up + (1 - f) * down)


def best(f: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return the threshold of largest capacity: f <(k_+ - z)_+> = (1-f) <(k_- - z)_+>."""

    def linear(k: mpf) -> mpf:
        return k * tail(-k) + gauss(k)

    def residual(theta: mpf) -> list[mpf]:
        return [f * linear(kappa + theta) - (1 - f) * linear(kappa - theta)]

    (theta,) = root(residual, (mpf(0),))
    return {"alpha_c": capacity(f, theta, kappa), "theta": theta}


def best_by_differences(start: dict[str, mpf], f: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return it where differences of the capacity in theta vanish."""

    def at(theta: mpf) -> mpf:
        return capacity_by_quadrature(mpf(0), f, theta, kappa)

    (theta,) = stationary(at, (start["theta"],))
    return {"alpha_c": at(theta), "theta": theta}


def biased_patterns(M: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return Gardner's capacity for biased patterns from the threshold that their mean gives."""
    width = mp.sqrt(1 - M**2)
    found = best((1 + M) / 2, kappa / width)
    return {"alpha_c": found["alpha_c"], "v": -found["theta"] * width / M}


def biased_patterns_by_differences(start: dict[str, mpf], M: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return it from Gardner's integrals, v by differences."""
    width = mp.sqrt(1 - M**2)

    def inverse(v: mpf) -> mpf:
        up, down = ((kappa - y * v * M) / width for y in (1, -1))
        return (1 + M) / 2 * cost_by_quadrature(up) + (1 - M) / 2 * cost_by_quadrature(down)

    v = mp.findroot(lambda v: slope(inverse, v), (start["v"], start["v"] + mpf("1e-3")))
    return {"alpha_c": 1 / inverse(v), "v": v}


def _point_row(alpha: str, f: str, theta: str, kappa: str) -> Row:
    params = {"alpha": alpha, "f": f, "theta": theta, "kappa": kappa}
    return Row(FORMULA, ROUTES, SOURCE, point, point_by_differences, params)


def _capacity_row(f: str, theta: str, kappa: str) -> Row:
    params = {"f": f, "theta": theta, "kappa": kappa}
    routes = "closed form; Gauss-Legendre pieces up to the kinks"
    return Row(CAPACITY, routes, SOURCE, capacity, capacity_by_quadrature, params)


def _best_row(f: str, kappa: str) -> Row:
    params = {"f": f, "kappa": kappa}
    routes = "condition on theta in closed form; differences of the capacity by quadrature"
    return Row(BEST, routes, SOURCE, best, best_by_differences, params)


def _patterns_row(M: str, kappa: str) -> Row:
    params = {"M": M, "kappa": kappa}
    routes = "closed form by way of a threshold; Gardner's integrals by quadrature and differences"
    first, second = biased_patterns, biased_patterns_by_differences
    return Row(PATTERNS, routes, SOURCE, first, second, params)


ROWS = {
    "biased_outputs_a0.8_f0.8_t0.3_k0": _point_row("0.8", "0.8", "0.3", "0"),
    "biased_outputs_a1_f0.8_t-0.5_k0.2": _point_row("1", "0.8", "-0.5", "0.2"),
    "biased_outputs_alpha_c_f0.8_t0_k0": _capacity_row("0.8", "0", "0"),
    "biased_outputs_alpha_c_f0.8_t0.3_k0": _capacity_row("0.8", "0.3", "0"),
    "biased_outputs_alpha_c_f0.8_t-0.5_k0.2": _capacity_row("0.8", "-0.5", "0.2"),
    "biased_outputs_best_f0.8_k0": _best_row("0.8", "0"),
    "biased_outputs_best_f0.9_k0.5": _best_row("0.9", "0.5"),
    "biased_patterns_M0.5_k0": _patterns_row("0.5", "0"),
    "biased_patterns_M0.8_k1": _patterns_row("0.8", "1"),
}
