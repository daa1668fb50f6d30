"""Spin-1 glass with a crystal field (Ghatak, Sherrington), replica symmetric."""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import bend, root, settle, slope, stationary
from tests.replica.quadrature import gauss, graded, legendre_rule, trapezoids
from tests.replica.rows import Row

SOURCE = "Ghatak, Sherrington, J. Phys. C 10, 3149 (1977); da Costa et al., J. Phys. A 27, 3365"
FORMULA = (
    "H = -sum_{i<j} J_ij S_i S_j + D sum_i S_i^2 - h sum_i S_i, S = -1, 0, 1, J_ij of variance "
    "J^2/N, J = 1; per spin; log Z over the counting measure (3 states). q = overlap of two "
    "replicas, d = <S^2>, m = <S>; free_entropy = beta^2 (q^2-d^2)/4 + <log[1 + 2 e^g cosh beta(h "
    "+ sqrt(q) z)]>, g = beta^2 (d-q)/2 - beta D; energy = -beta (d^2-q^2)/2 + D d - h m; AT = "
    "beta^2 <(<S^2>_z - <S>_z^2)^2>, stable iff AT < 1"
)
ROUTES = (
    "saddle equations by the trapezoid rule; differences of the free entropy in q, d, beta, h "
    "(AT: second difference of the site term in its field) by Gauss-Legendre pieces"
)


def site(beta: mpf, D: mpf, q: mpf, d: mpf, x: mpf) -> mpf:
    """Return the sum over the spin's states in the field x."""
    return 1 + 2 * mp.exp(beta**2 * (d - q) / 2 - beta * D) * mp.cosh(beta * x)


def point(beta: mpf, D: mpf, h: mpf) -> dict[str, mpf]:
    """Return the numbers from the saddle equations."""

    def averages(q: mpf, d: mpf) -> list[mpf]:
        weight = 2 * mp.exp(beta**2 * (d - q) / 2 - beta * D)

        def local(z: mpf) -> tuple[mpf, ...]:
            x = beta * (h + mp.sqrt(q) * z)
            norm = 1 + weight * mp.cosh(x)
            mean, square = weight * mp.sinh(x) / norm, weight * mp.cosh(x) / norm
            return mean**2, square, mean, (square - mean**2) ** 2, mp.log(norm)

        return trapezoids(local)

    def residual(q: mpf, d: mpf) -> list[mpf]:
        new = averages(q, d)
        return [q - new[0], d - new[1]]

    q, d = root(residual, settle(lambda q, d: averages(q, d)[:2], (0.7, 0.9)))
    _, _, m, spread, log_trace = averages(q, d)
    phi = beta**2 * (q**2 - d**2) / 4 + log_trace
    energy = -beta * (d**2 - q**2) / 2 + D * d - h * m
    return {
        "q": q,
        "d": d,
        "m": m,
        "free_entropy": phi,
        "energy": energy,
        "entropy": phi + beta * energy,
        "AT": beta**2 * spread,
    }


def point_by_differences(start: dict[str, mpf], beta: mpf, D: mpf, h: mpf) -> dict[str, mpf]:
    """Return the same from values of the free entropy."""
    spread = mp.sqrt(start["q"])
    rule = legendre_rule(graded(-h / spread, 1 / (beta * spread)))
    weighed = [(z, w * gauss(z)) for z, w in rule]

    def phi(q: mpf, d: mpf, beta: mpf = beta, h: mpf = h) -> mpf:
        trace = mp.fsum(w * mp.log(site(beta, D, q, d, h + mp.sqrt(q) * z)) for z, w in weighed)
        return beta**2 * (q**2 - d**2) / 4 + trace

    q, d = stationary(phi, (start["q"], start["d"]))

    def variance(z: mpf) -> mpf:
        bent = bend(lambda x: mp.log(site(beta, D, q, d, x)), h + mp.sqrt(q) * z)
        return bent / beta**2

    free, energy = phi(q, d), -slope(lambda b: phi(q, d, b), beta)
    return {
        "q": q,
        "d": d,
        "m": slope(lambda x: phi(q, d, beta, x), h) / beta,
        "free_entropy": free,
        "energy": energy,
        "entropy": free + beta * energy,
        "AT": beta**2 * mp.fsum(w * variance(z) ** 2 for z, w in weighed),
    }


def _row(beta: str, D: str, h: str) -> Row:
    params = {"beta": beta, "D": D, "h": h}
    return Row(FORMULA, ROUTES, SOURCE, point, point_by_differences, params)


ROWS = {
    "spin_one_b2_D0_h0": _row("2", "0", "0"),
    "spin_one_b2_D0.3_h0.4": _row("2", "0.3", "0.4"),
    "spin_one_b1.5_D-0.5_h0.5": _row("1.5", "-0.5", "0.5"),
}
