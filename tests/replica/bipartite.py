"""Glass of two groups of spins with couplings between the groups only, replica symmetric."""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import root, settle, slope, stationary
from tests.replica.quadrature import gauss, graded, legendre_rule, trapezoids
from tests.replica.rows import Row
from tests.replica.sherrington_kirkpatrick import log_2cosh

SOURCE = "Korenblit, Shender, JETP 62, 1030 (1985); Barra, Genovese, Guerra, J. Phys. A 44, 245002"
FORMULA = (
    "H = -sum_{i,j} J_ij s_i t_j - h sum_i s_i - k sum_j t_j, N spins s and gamma N spins t, J_ij "
    "of variance J^2/N, J = 1; per spin s (divide by 1 + gamma for all); log Z over the counting "
    "measure. q_s = <tanh^2 beta(h + sqrt(gamma q_t) z)>, q_t = <tanh^2 beta(k + sqrt(q_s) z)>; "
    "free_entropy = gamma beta^2 (1-q_s)(1-q_t)/2 + <log 2cosh beta(h + sqrt(gamma q_t) z)> + "
    "gamma <log 2cosh beta(k + sqrt(q_s) z)>; energy = -gamma beta (1-q_s q_t) - h m_s - gamma k "
    "m_t; AT = gamma beta^4 <sech^4>_s <sech^4>_t, stable iff AT < 1"
)
ROUTES = (
    "saddle equations by the trapezoid rule; differences of the free entropy by Gauss-Legendre "
    "pieces, AT by Stein's lemma"
)


def point(beta: mpf, gamma: mpf, h: mpf, k: mpf) -> dict[str, mpf]:
    """Return the numbers from the saddle equations."""

    def group(field: mpf, spread: mpf) -> list[mpf]:
        def local(z: mpf) -> tuple[mpf, ...]:
            x = beta * (field + mp.sqrt(spread) * z)
            t = mp.tanh(x)
            return t * t, t, (1 - t * t) ** 2, log_2cosh(x)

        return trapezoids(local)

    def new(q_s: mpf, q_t: mpf) -> list[mpf]:
        return [group(h, gamma * q_t)[0], group(k, q_s)[0]]

    def residual(q_s: mpf, q_t: mpf) -> list[mpf]:
        a, b = new(q_s, q_t)
        return [q_s - a, q_t - b]

    q_s, q_t = root(residual, settle(new, (0.7, 0.7)))
    _, m_s, curve_s, trace_s = group(h, gamma * q_t)
    _, m_t, curve_t, trace_t = group(k, q_s)
    phi = gamma * beta**2 * (1 - q_s) * (1 - q_t) / 2 + trace_s + gamma * trace_t
    return {
        "q_s": q_s,
        "q_t": q_t,
        "m_s": m_s,
        "m_t": m_t,
        "free_entropy": phi,
        "energy": -gamma * beta * (1 - q_s * q_t) - h * m_s - gamma * k * m_t,
        "AT": gamma * beta**4 * curve_s * curve_t,
    }


def point_by_differences(
    start: dict[str, mpf], beta: mpf, gamma: mpf, h: mpf, k: mpf
) -> dict[str, mpf]:
    """Return the same from values of the free entropy."""

    def nodes(field: mpf, spread: mpf) -> list[tuple[mpf, mpf]]:
        s = mp.sqrt(spread)
        rule = legendre_rule(graded(-field / s, 1 / (beta * s)))
        return [(z, w * gauss(z)) for z, w in rule]

    on_s, on_t = nodes(h, gamma * start["q_t"]), nodes(k, start["q_s"])

    def phi(q_s: mpf, q_t: mpf, beta: mpf = beta, h: mpf = h, k: mpf = k) -> mpf:
        a, b = mp.sqrt(gamma * q_t), mp.sqrt(q_s)
        trace_s = mp.fsum(w * log_2cosh(beta * (h + a * z)) for z, w in on_s)
        trace_t = mp.fsum(w * log_2cosh(beta * (k + b * z)) for z, w in on_t)
        return gamma * beta**2 * (1 - q_s) * (1 - q_t) / 2 + trace_s + gamma * trace_t

    def curve(field: mpf, spread: mpf, rule: list[tuple[mpf, mpf]]) -> mpf:
        def by_parts(z: mpf) -> mpf:
            t = mp.tanh(beta * (field + mp.sqrt(spread) * z))
            return z * (t - t**3 / 3)

        return mp.fsum(w * by_parts(z) for z, w in rule) / (beta * mp.sqrt(spread))

    q_s, q_t = stationary(phi, (start["q_s"], start["q_t"]))
    return {
        "q_s": q_s,
        "q_t": q_t,
        "m_s": slope(lambda x: phi(q_s, q_t, beta, x, k), h) / beta,
        "m_t": slope(lambda x: phi(q_s, q_t, beta, h, x), k) / (beta * gamma),
        "free_entropy": phi(q_s, q_t),
        "energy": -slope(lambda b: phi(q_s, q_t, b, h, k), beta),
        "AT": gamma * beta**4 * curve(h, gamma * q_t, on_s) * curve(k, q_s, on_t),
    }


def _row(beta: str, gamma: str, h: str, k: str) -> Row:
    params = {"beta": beta, "gamma": gamma, "h": h, "k": k}
    return Row(FORMULA, ROUTES, SOURCE, point, point_by_differences, params)


ROWS = {
    "bipartite_b1.5_g1_h0": _row("1.5", "1", "0", "0"),
    "bipartite_b1.5_g0.5_h0.2_k0.4": _row("1.5", "0.5", "0.2", "0.4"),
    "bipartite_b1_g2_h0.5_k0": _row("1", "2", "0.5", "0"),
}
