"""Sherrington-Kirkpatrick: replica-symmetric numbers, with field and ferromagnetic bias.

H = -sum_{i<j} J_ij s_i s_j - h sum_i s_i, s = +-1, mean J0/N and variance 1/N of J_ij; all per
spin, log Z relative to the counting measure.
"""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import gradient, root, settle, slope, stationary
from tests.replica.quadrature import graded, legendre, trapezoid, trapezoids
from tests.replica.rows import Row

CONVENTION = (
    "H = -sum_{i<j} J_ij s_i s_j - h sum_i s_i, J_ij of mean J0/N and variance J^2/N, J = 1; "
    "per spin; log Z over the counting measure. "
)
FORMULA = CONVENTION + (
    "m = <tanh beta(J0 m + h + sqrt(q) z)>, q = <tanh^2>; free_entropy = "
    "<log 2cosh beta(J0 m + h + sqrt(q) z)> + beta^2 (1-q)^2/4 - beta J0 m^2/2 = -beta f; energy = "
    "-beta(1-q^2)/2 - J0 m^2/2 - h m; entropy = free_entropy + beta energy; AT = beta^2 <sech^4>, "
    "stable iff AT < 1"
)
ROUTES = (
    "saddle equations and closed derivatives by the trapezoid rule; differences of the free entropy"
    " by Gauss-Legendre pieces, AT by Stein's lemma <sech^4> = <z (t - t^3/3)>/(beta sqrt q)"
)
SOURCE = "Sherrington, Kirkpatrick, PRL 35, 1792 (1975); de Almeida, Thouless, J. Phys. A 11, 983"


def log_2cosh(x: mpf) -> mpf:
    """Return log 2cosh x."""
    return abs(x) + mp.log1p(mp.exp(-2 * abs(x)))


def saddle_map(beta: mpf, h: mpf, J0: mpf, m: mpf, q: mpf) -> list[mpf]:
    """Return (m, q) from (m, q)."""

    def moments(z: mpf) -> tuple[mpf, mpf]:
        t = mp.tanh(beta * (J0 * m + h + mp.sqrt(q) * z))
        return t, t * t

    return trapezoids(moments)


def solved(beta: mpf, h: mpf, J0: mpf) -> list[mpf]:
    """Return (m, q) at the stable root of the saddle equations."""
    start = settle(lambda m, q: saddle_map(beta, h, J0, m, q), (0.8, 0.8))

    def residual(m: mpf, q: mpf) -> list[mpf]:
        new = saddle_map(beta, h, J0, m, q)
        return [m - new[0], q - new[1]]

    return root(residual, start)


def point(beta: mpf, h: mpf, J0: mpf) -> dict[str, mpf]:
    """Return the numbers from the saddle equations."""
    m, q = solved(beta, h, J0)

    def local(z: mpf) -> tuple[mpf, mpf]:
        x = beta * (J0 * m + h + mp.sqrt(q) * z)
        return log_2cosh(x), mp.sech(x) ** 4

    log_trace, sech4 = trapezoids(local)
    phi = log_trace + (beta * (1 - q)) ** 2 / 4 - beta * J0 * m**2 / 2
    energy = -beta * (1 - q**2) / 2 - J0 * m**2 / 2 - h * m
    return {
        "q": q,
        "m": m,
        "free_entropy": phi,
        "energy": energy,
        "entropy": phi + beta * energy,
        "AT": beta**2 * sech4,
    }


def pieces(beta: mpf, field: mpf, q: mpf) -> list[mpf]:
    """Return pieces that suit functions of beta (field + sqrt(q) z)."""
    return graded(-field / mp.sqrt(q), 1 / (beta * mp.sqrt(q)))


def point_by_differences(start: dict[str, mpf], beta: mpf, h: mpf, J0: mpf) -> dict[str, mpf]:
    """Return the numbers from values of the free entropy alone."""
    cuts = pieces(beta, J0 * start["m"] + h, start["q"])

    def phi(m: mpf, q: mpf, beta: mpf = beta, h: mpf = h) -> mpf:
        average = legendre(lambda z: log_2cosh(beta * (J0 * m + h + mp.sqrt(q) * z)), cuts)
        return average + (beta * (1 - q)) ** 2 / 4 - beta * J0 * m**2 / 2

    if J0:
        m, q = stationary(phi, (start["m"], start["q"]))
    else:
        (q,) = stationary(lambda q: phi(mpf(0), q), (start["q"],))
        m = slope(lambda field: phi(mpf(0), q, h=field), h) / beta
    free, energy = phi(m, q), -slope(lambda b: phi(m, q, beta=b), beta)
    return {
        "q": q,
        "m": m,
        "free_entropy": free,
        "energy": energy,
        "entropy": free + beta * energy,
        "AT": beta**2 * sech4_by_parts(beta, J0 * m + h, q, cuts),
    }


def sech4_by_parts(beta: mpf, field: mpf, q: mpf, cuts: list[mpf]) -> mpf:
    """Return <sech^4>: it is the slope of t - t^3/3, so Stein's lemma moves it onto z."""

    def by_parts(z: mpf) -> mpf:
        t = mp.tanh(beta * (field + mp.sqrt(q) * z))
        return z * (t - t**3 / 3)

    return legendre(by_parts, cuts) / (beta * mp.sqrt(q))


def at_line(beta: mpf) -> dict[str, mpf]:
    """Return the field and the overlap where AT = 1, from the saddle equation."""

    def residual(h: mpf, q: mpf) -> list[mpf]:
        def local(z: mpf) -> tuple[mpf, mpf]:
            x = beta * (h + mp.sqrt(q) * z)
            return mp.tanh(x) ** 2, mp.sech(x) ** 4

        new, sech4 = trapezoids(local)
        return [q - new, beta**2 * sech4 - 1]

    h, q = root(residual, at_line_guess(beta))
    return {"h": h, "q": q}


def at_line_guess(beta: mpf) -> tuple[mpf, mpf]:
    """Bisect the field at few digits: AT falls as the field grows."""
    low, high = mpf(0), mpf(3)
    with mp.workdps(20):
        for _ in range(14):
            h = (low + high) / 2
            (q,) = settle(lambda q, h=h: [saddle_map(beta, h, mpf(0), mpf(0), q)[1]], (0.8,))
            unstable = trapezoid(
                lambda z, h=h, q=q: mp.sech(beta * (h + mp.sqrt(q) * z)) ** 4
            ) > beta ** (-2)
            low, high = (h, high) if unstable else (low, h)
    return high, q


def at_line_by_differences(start: dict[str, mpf], beta: mpf) -> dict[str, mpf]:
    """Return the same point from differences of the free entropy and Stein's lemma."""
    cuts = pieces(beta, start["h"], start["q"])

    def residual(h: mpf, q: mpf) -> list[mpf]:
        def phi(q: mpf) -> mpf:
            average = legendre(lambda z: log_2cosh(beta * (h + mp.sqrt(q) * z)), cuts)
            return average + (beta * (1 - q)) ** 2 / 4

        return [*gradient(phi, (q,)), beta**2 * sech4_by_parts(beta, h, q, cuts) - 1]

    h, q = root(residual, (start["h"], start["q"]))
    return {"h": h, "q": q}


def ground_state() -> dict[str, mpf]:
    """Return the replica-symmetric energy and entropy at T = 0, h = 0, as they are known."""
    return {"energy": -mp.sqrt(2 / mp.pi), "entropy": -1 / (2 * mp.pi)}


def ground_state_by_limit(start: dict[str, mpf]) -> dict[str, mpf]:
    """Return them from f(T) at q = 1 - C T, whose C makes f stationary to first order in T.

    There -f = <|z|> (1 - C T/2) + T C^2/4 + O(T^2): softening |z| to T log 2cosh(z/T) costs T^2.
    """
    absolute = legendre(abs)

    def entropy(C: mpf) -> mpf:
        return C**2 / 4 - C * absolute / 2

    (C,) = stationary(entropy, (start["energy"] * -1,))
    return {"energy": -absolute, "entropy": entropy(C)}


def _row(beta: str, h: str, J0: str = "0") -> Row:
    params = {"beta": beta, "h": h, "J0": J0}
    return Row(FORMULA, ROUTES, SOURCE, point, point_by_differences, params)


def _at_row(beta: str) -> Row:
    formula = CONVENTION + "q = <tanh^2 beta(h + sqrt(q) z)> and beta^2 <sech^4> = 1: h(beta), q"
    return Row(formula, ROUTES, SOURCE, at_line, at_line_by_differences, {"beta": beta})


ROWS = {
    "sk_b0.5_h0.3": _row("0.5", "0.3"),
    "sk_b1_h0.2": _row("1", "0.2"),
    "sk_b1.25_h0.5": _row("1.25", "0.5"),
    "sk_b2_h0": _row("2", "0"),
    "sk_b2_h1": _row("2", "1"),
    "sk_b3_h0.5": _row("3", "0.5"),
    "sk_b10_h0.3": _row("10", "0.3"),
    "sk_ferro_b1.5_h0.1_J1.5": _row("1.5", "0.1", "1.5"),
    "sk_nishimori_b2_J2": _row("2", "0", "2"),
    "sk_at_b1.25": _at_row("1.25"),
    "sk_at_b2": _at_row("2"),
    "sk_at_b5": _at_row("5"),
    "sk_rs_T0": Row(
        CONVENTION + "replica symmetric at T = 0, h = 0: energy -sqrt(2/pi), entropy -1/(2 pi)",
        "closed form; expansion of the free energy at q = 1 - C T, extremised in C",
        SOURCE,
        ground_state,
        ground_state_by_limit,
    ),
}
