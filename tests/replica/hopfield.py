"""Hopfield with one condensed pattern, replica symmetric (Amit, Gutfreund, Sompolinsky).

H = -sum_mu (sum_i xi_i^mu s_i)^2 / (2N) over alpha N patterns, the diagonal i = j included: without
it the energy per spin is larger by alpha/2 and the free entropy smaller by beta alpha/2.
"""

from collections.abc import Callable

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import extrapolated, gradient, hessian, root, settle, slope, stationary
from tests.replica.quadrature import gauss, graded, legendre_rule, trapezoid, trapezoids
from tests.replica.rows import Row
from tests.replica.sherrington_kirkpatrick import log_2cosh

SOURCE = "Amit, Gutfreund, Sompolinsky, Ann. Phys. 173, 30 (1987)"
CONVENTION = (
    "H = -sum_{mu <= alpha N} (sum_i xi_i^mu s_i)^2/(2N), i = j included; per spin; log Z over "
    "the counting measure. "
)
FORMULA = CONVENTION + (
    "m = <tanh beta(m + sqrt(alpha r) z)>, q = <tanh^2>, r = q/(1-C)^2, C = beta(1-q); "
    "free_entropy = <log 2cosh beta(m + sqrt(alpha r) z)> - beta m^2/2 - alpha/2 [log(1-C) - "
    "beta q/(1-C)] - alpha beta^2 r(1-q)/2; energy = -d free_entropy/d beta; AT = alpha beta^2 "
    "<sech^4>/(1-C)^2, stable iff AT < 1"
)
ROUTES = (
    "saddle equations by the trapezoid rule; differences of the free entropy in m, q, r by "
    "Gauss-Legendre pieces, AT by Stein's lemma"
)


def field(beta: mpf, alpha: mpf, m: mpf, r: mpf, z: mpf) -> mpf:
    """Return beta times the local field."""
    return beta * (m + mp.sqrt(alpha * r) * z)


def noise(beta: mpf, q: mpf) -> mpf:
    """Return r of the uncondensed patterns."""
    return q / (1 - beta * (1 - q)) ** 2


def saddle_map(beta: mpf, alpha: mpf, m: mpf, q: mpf) -> list[mpf]:
    """Return (m, q) from (m, q)."""
    r = noise(beta, q)

    def moments(z: mpf) -> tuple[mpf, mpf]:
        t = mp.tanh(field(beta, alpha, m, r, z))
        return t, t * t

    return trapezoids(moments)


def point(beta: mpf, alpha: mpf) -> dict[str, mpf]:
    """Return the numbers of the retrieval state from the saddle equations."""
    start = settle(lambda m, q: saddle_map(beta, alpha, m, q), (1, 1))

    def residual(m: mpf, q: mpf) -> list[mpf]:
        new = saddle_map(beta, alpha, m, q)
        return [m - new[0], q - new[1]]

    m, q = root(residual, start)
    r, C = noise(beta, q), beta * (1 - q)

    def local(z: mpf) -> tuple[mpf, mpf]:
        x = field(beta, alpha, m, r, z)
        return log_2cosh(x), mp.sech(x) ** 4

    log_trace, sech4 = trapezoids(local)
    # -d/d beta at fixed m, q, r, with <h tanh beta h> = m^2 + alpha beta r (1-q) by Stein's lemma
    patterns = alpha / 2 * ((1 - q) / (1 - C) + q / (1 - C) + C * q / (1 - C) ** 2)
    energy = -(m**2) / 2 - patterns
    return {
        "m": m,
        "q": q,
        "r": r,
        "free_entropy": log_trace - beta * m**2 / 2 + outside(beta, alpha, q, r),
        "energy": energy,
        "AT": alpha * beta**2 * sech4 / (1 - C) ** 2,
    }


def outside(beta: mpf, alpha: mpf, q: mpf, r: mpf) -> mpf:
    """Return the part of the free entropy that the uncondensed patterns give."""
    rest = 1 - beta * (1 - q)
    patterns = -alpha / 2 * (mp.log(rest) - beta * q / rest)
    return patterns - alpha * beta**2 * r * (1 - q) / 2


def free_entropy(
    beta: mpf, alpha: mpf, rule: list[tuple[mpf, mpf]]
) -> Callable[[mpf, mpf, mpf], mpf]:
    """Return the free entropy as a function of m, q, r on given nodes."""

    def phi(m: mpf, q: mpf, r: mpf) -> mpf:
        log_trace = mp.fsum(w * log_2cosh(field(beta, alpha, m, r, z)) for z, w in rule)
        return log_trace - beta * m**2 / 2 + outside(beta, alpha, q, r)

    return phi


def nodes(beta: mpf, alpha: mpf, m: mpf, r: mpf) -> list[tuple[mpf, mpf]]:
    """Return Gauss-Legendre nodes and Gaussian weights that suit the local field."""
    spread = mp.sqrt(alpha * r)
    rule = legendre_rule(graded(-m / spread, 1 / (beta * spread)))
    return [(z, w * gauss(z)) for z, w in rule]


def point_by_differences(start: dict[str, mpf], beta: mpf, alpha: mpf) -> dict[str, mpf]:
    """Return the same from differences of the free entropy."""
    rule = nodes(beta, alpha, start["m"], start["r"])
    phi = free_entropy(beta, alpha, rule)
    m, q, r = stationary(phi, (start["m"], start["q"], start["r"]))

    def by_parts(z: mpf) -> mpf:
        t = mp.tanh(field(beta, alpha, m, r, z))
        return z * (t - t**3 / 3)

    sech4 = mp.fsum(w * by_parts(z) for z, w in rule) / (beta * mp.sqrt(alpha * r))
    return {
        "m": m,
        "q": q,
        "r": r,
        "free_entropy": phi(m, q, r),
        "energy": -slope(lambda b: free_entropy(b, alpha, rule)(m, q, r), beta),
        "AT": alpha * beta**2 * sech4 / (1 - beta * (1 - q)) ** 2,
    }


def fold(alpha: mpf) -> dict[str, mpf]:
    """Return the temperature where the retrieval state ends: a singular Jacobian of the map."""

    def residual(beta: mpf, m: mpf, q: mpf) -> list[mpf]:
        rest = 1 - beta * (1 - q)
        r = q / rest**2
        r_q = 1 / rest**2 - 2 * beta * q / rest**3
        spread = mp.sqrt(alpha * r)

        def local(z: mpf) -> tuple[mpf, ...]:
            x = beta * (m + spread * z)
            t, s2 = mp.tanh(x), mp.sech(x) ** 2
            # d/dm of t and t^2; d/dr is alpha/2 d^2/dm^2, by the heat equation
            return t, t * t, beta * s2, 2 * beta * t * s2, beta**2 * s2 * (1 - 3 * t * t)

        m_new, q_new, m_m, q_m, s2_t = trapezoids(local)
        m_q = alpha / 2 * r_q * -beta * q_m
        q_q = alpha / 2 * r_q * 2 * s2_t
        det = (1 - m_m) * (1 - q_q) - m_q * q_m
        return [m - m_new, q - q_new, det]

    beta, m, q = root(residual, fold_guess(alpha))
    return {"T": 1 / beta, "m": m, "q": q, "r": noise(beta, q)}


def fold_guess(alpha: mpf) -> tuple[mpf, mpf, mpf]:
    """Heat until retrieval is lost, in few digits."""
    T = mpf("0.05")
    with mp.workdps(16):
        x = [mpf(1), mpf(1)]
        while True:
            new = settle(lambda m, q, T=T: saddle_map(1 / T, alpha, m, q), x, 200)
            if new[0] < mpf("0.4"):
                break
            x, T = new, T + mpf("0.01")
    return 1 / (T - mpf("0.006")), x[0], x[1]


def fold_by_differences(start: dict[str, mpf], alpha: mpf) -> dict[str, mpf]:
    """Return it where the free entropy is stationary and its Hessian singular, by differences."""
    rule = nodes(1 / start["T"], alpha, start["m"], start["r"])

    def residual(T: mpf, m: mpf, q: mpf, r: mpf) -> list[mpf]:
        phi = free_entropy(1 / T, alpha, rule)
        slopes = [
            slope(lambda v: phi(v, q, r), m),
            slope(lambda v: phi(m, v, r), q),
            slope(lambda v: phi(m, q, v), r),
        ]
        return [*slopes, mp.det(hessian(phi, [m, q, r]))]

    T, m, q, r = root(residual, (start["T"], start["m"], start["q"], start["r"]))
    return {"T": T, "m": m, "q": q, "r": r}


def at_line(alpha: mpf) -> dict[str, mpf]:
    """Return the temperature below which the retrieval state is unstable: AT = 1."""

    def residual(beta: mpf, m: mpf, q: mpf) -> list[mpf]:
        r = noise(beta, q)

        def local(z: mpf) -> tuple[mpf, mpf, mpf]:
            t = mp.tanh(field(beta, alpha, m, r, z))
            return t, t * t, (1 - t * t) ** 2

        m_new, q_new, sech4 = trapezoids(local)
        return [m - m_new, q - q_new, alpha * (beta / (1 - beta * (1 - q))) ** 2 * sech4 - 1]

    beta, m, q = root(residual, at_line_guess(alpha))
    return {"T": 1 / beta, "m": m, "q": q, "r": noise(beta, q)}


def at_line_guess(alpha: mpf) -> tuple[mpf, mpf, mpf]:
    """Cool until the state is unstable, in few digits."""
    T, x = mpf("0.05"), [mpf(1), mpf(1)]
    with mp.workdps(16):
        while True:
            T *= mpf("0.95")
            beta = 1 / T
            x = settle(lambda m, q, beta=beta: saddle_map(beta, alpha, m, q), x)
            r, C = noise(beta, x[1]), beta * (1 - x[1])
            sech4 = trapezoid(
                lambda z, beta=beta, m=x[0], r=r: mp.sech(field(beta, alpha, m, r, z)) ** 4
            )
            if alpha * beta**2 * sech4 > (1 - C) ** 2:
                return beta, x[0], x[1]


def at_line_by_differences(start: dict[str, mpf], alpha: mpf) -> dict[str, mpf]:
    """Return it from differences of the free entropy and Stein's lemma."""
    rule = nodes(1 / start["T"], alpha, start["m"], start["r"])

    def residual(T: mpf, m: mpf, q: mpf, r: mpf) -> list[mpf]:
        beta = 1 / T
        phi = free_entropy(beta, alpha, rule)

        def by_parts(z: mpf) -> mpf:
            t = mp.tanh(field(beta, alpha, m, r, z))
            return z * (t - t**3 / 3)

        sech4 = mp.fsum(w * by_parts(z) for z, w in rule) / (beta * mp.sqrt(alpha * r))
        replicon = alpha * (beta / (1 - beta * (1 - q))) ** 2 * sech4 - 1
        return [*gradient(phi, [m, q, r]), replicon]

    T, m, q, r = root(residual, (start["T"], start["m"], start["q"], start["r"]))
    return {"T": T, "m": m, "q": q, "r": r}


def glass_line(alpha: mpf) -> mpf:
    """Return the temperature where the spin glass sets in."""
    return 1 + mp.sqrt(alpha)


def glass_line_by_limit(start: mpf, alpha: mpf) -> mpf:
    """Return where the map of q has slope 1 at q = 0, by Richardson extrapolation."""

    def excess(T: mpf) -> mpf:
        table = []
        for k in range(8, 30):
            q = mpf(2) ** -k
            table.append(saddle_map(1 / T, alpha, mpf(0), q)[1] / q)
        return extrapolated(table) - 1

    return mp.findroot(excess, (start, start + mpf("1e-4")))


FOLD = CONVENTION + (
    "the retrieval state's end on heating: saddle equations of m, q, r with a singular Jacobian"
)
FOLD_ROUTES = (
    "determinant of the map's Jacobian in closed form, trapezoid rule; determinant of the free "
    "entropy's Hessian in m, q, r by differences, Gauss-Legendre pieces"
)
GLASS = CONVENTION + "T_g = 1 + sqrt(alpha)"
GLASS_ROUTES = "closed form; slope of the map of q extrapolated to q = 0"
AT_LINE = CONVENTION + "the retrieval state's AT = 1: T_R(alpha), stable above"


def _row(beta: str, alpha: str) -> Row:
    params = {"beta": beta, "alpha": alpha}
    return Row(FORMULA, ROUTES, SOURCE, point, point_by_differences, params)


ROWS = {
    "hopfield_b2_a0.02": _row("2", "0.02"),
    "hopfield_b5_a0.05": _row("5", "0.05"),
    "hopfield_b10_a0.1": _row("10", "0.1"),
    "hopfield_TM_a0.05": Row(
        FOLD, FOLD_ROUTES, SOURCE, fold, fold_by_differences, {"alpha": "0.05"}
    ),
    "hopfield_TR_a0.13": Row(
        AT_LINE, ROUTES, SOURCE, at_line, at_line_by_differences, {"alpha": "0.13"}
    ),
    "hopfield_Tg_a0.1": Row(
        GLASS, GLASS_ROUTES, SOURCE, glass_line, glass_line_by_limit, {"alpha": "0.1"}
    ),
}
