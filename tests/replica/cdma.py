"""Detection of bits sent by code division (Tanaka): linear regression with Ising weights."""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import root, settle, stationary
from tests.replica.quadrature import gauss, graded, legendre, legendre_rule, trapezoids
from tests.replica.rows import Row
from tests.replica.sherrington_kirkpatrick import log_2cosh

SOURCE = "Tanaka, IEEE Trans. Inf. Theory 48, 2888 (2002)"
FORMULA = (
    "y_mu = sum_i x_i^mu b_i/sqrt(N) + noise zeta_mu, x standard Gaussian (or +-1), b +-1, alpha N "
    "observations (load N/P = 1/alpha); weight exp(-sum_mu (y_mu - s.x^mu/sqrt(N))^2/(2 "
    "student^2)) over s = +-1 (counting measure, no factor 1/sqrt(2 pi student^2)). m = s.b/N, q = "
    "overlap of replicas; E = alpha/(student^2+1-q), F = alpha (noise^2+1-2m+q)/(student^2+1-q)^2, "
    "m = <tanh(sqrt(F) z + E)>, q = <tanh^2>; free_entropy = <log 2cosh(sqrt(F) z + E)> - E m - "
    "F(1-q)/2 - alpha/2 [log(1 + (1-q)/student^2) + (noise^2+1-2m+q)/(student^2+1-q)]; bit_error = "
    "H(E/sqrt(F)). Matched at student = noise: m = q, E = F"
)
ROUTES = (
    "saddle equations by the trapezoid rule; differences of the free entropy in m, q, E, F by "
    "Gauss-Legendre pieces, bit_error by quadrature up to the decision"
)


def signals(alpha: mpf, noise: mpf, student: mpf, m: mpf, q: mpf) -> tuple[mpf, mpf]:
    """Return E and F."""
    width = student**2 + 1 - q
    return alpha / width, alpha * (noise**2 + 1 - 2 * m + q) / width**2


def outside(alpha: mpf, noise: mpf, student: mpf, m: mpf, q: mpf) -> mpf:
    """Return the data term of the free entropy."""
    width = student**2 + 1 - q
    excess = (noise**2 + 1 - 2 * m + q) / width
    return -alpha / 2 * (mp.log(width / student**2) + excess)


def point(alpha: mpf, noise: mpf, student: mpf) -> dict[str, mpf]:
    """Return the numbers from the saddle equations, reached from no knowledge, m = q = 0."""

    def new(m: mpf, q: mpf) -> list[mpf]:
        E, F = signals(alpha, noise, student, m, q)

        def local(z: mpf) -> tuple[mpf, mpf]:
            t = mp.tanh(mp.sqrt(F) * z + E)
            return t, t * t

        return trapezoids(local)

    def residual(m: mpf, q: mpf) -> list[mpf]:
        a, b = new(m, q)
        return [m - a, q - b]

    m, q = root(residual, settle(new, (0, 0)))
    E, F = signals(alpha, noise, student, m, q)
    (trace,) = trapezoids(lambda z: (log_2cosh(mp.sqrt(F) * z + E),))
    phi = trace - E * m - F * (1 - q) / 2 + outside(alpha, noise, student, m, q)
    error = mp.erfc(E / mp.sqrt(2 * F)) / 2
    return {"m": m, "q": q, "E": E, "F": F, "free_entropy": phi, "bit_error": error}


def point_by_differences(
    start: dict[str, mpf], alpha: mpf, noise: mpf, student: mpf
) -> dict[str, mpf]:
    """Return the same from differences of the free entropy."""
    s = mp.sqrt(start["F"])
    rule = [(z, w * gauss(z)) for z, w in legendre_rule(graded(-start["E"] / s, 1 / s))]

    def phi(m: mpf, q: mpf, E: mpf, F: mpf) -> mpf:
        trace = mp.fsum(w * log_2cosh(mp.sqrt(F) * z + E) for z, w in rule)
        return trace - E * m - F * (1 - q) / 2 + outside(alpha, noise, student, m, q)

    names = ("m", "q", "E", "F")
    found = stationary(phi, [start[name] for name in names])
    _, _, E, F = found
    decision = -E / mp.sqrt(F)
    wrong = [z for z in graded(decision, mpf(1)) if z < decision]
    return {
        **dict(zip(names, found, strict=True)),
        "free_entropy": phi(*found),
        "bit_error": legendre(lambda z: mpf(1), [*wrong, decision]),
    }


def _row(alpha: str, noise: str, student: str) -> Row:
    params = {"alpha": alpha, "noise": noise, "student": student}
    return Row(FORMULA, ROUTES, SOURCE, point, point_by_differences, params)


ROWS = {
    "cdma_a2_noise0.5": _row("2", "0.5", "0.5"),
    "cdma_a1_noise1": _row("1", "1", "1"),
    "cdma_a2_noise0.5_student1": _row("2", "0.5", "1"),
    "cdma_a1.5_noise0.8_student0.5": _row("1.5", "0.8", "0.5"),
}
