"""Spherical perceptron: overlaps, volumes, stability and capacity (Gardner), and Cover's count."""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import bend, extrapolated, root, settle, slope, stationary
from tests.replica.quadrature import (
    gauss,
    graded,
    legendre,
    legendre_rule,
    mills,
    tail,
    trapezoid,
    trapezoids,
)
from tests.replica.rows import Row

SOURCE = "Gardner, J. Phys. A 21, 257 (1988)"
CAPACITY = (
    "1/alpha_c = int_{-inf}^kappa Dz (kappa-z)^2 = (1+k^2)Phi(k)+k phi(k) "
    "(kappa<0: RS value, replica-unstable, upper bound only)"
)
SADDLE = (
    "q/(1-q)=alpha int Dz [phi/H]^2, phi and H at tau=(kappa-z sqrt q)/sqrt(1-q); s=alpha int Dz "
    "ln H + ln(1-q)/2 + q/(2(1-q)) (relative to full sphere); RS stable iff AT=alpha int Dz "
    "[(ln H)'']^2 < 1"
)


def argument(q: mpf, kappa: mpf, z: mpf) -> mpf:
    """Return tau, where H(tau) is the chance that a pattern is stored."""
    return (kappa - mp.sqrt(q) * z) / mp.sqrt(1 - q)


def pieces(q: mpf, kappa: mpf) -> list[mpf]:
    """Return pieces that suit functions of tau: the zeros of H are about 2.8 off its axis."""
    return graded(kappa / mp.sqrt(q), 2 * mp.sqrt((1 - q) / q))


def ratio(kappa: mpf, q: mpf) -> mpf:
    """Return int Dz [phi/H]^2."""
    return trapezoid(lambda z: mills(argument(q, kappa, z)) ** 2)


def overlap(alpha: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return q, the entropy and AT from the saddle equation."""

    def new(q: mpf) -> list[mpf]:
        strength = alpha * ratio(kappa, q)
        return [strength / (1 + strength)]

    (q,) = root(lambda q: [q - new(q)[0]], settle(new, (0.5,)))

    def local(z: mpf) -> tuple[mpf, mpf]:
        tau = argument(q, kappa, z)
        g = mills(tau)
        return mp.log(tail(tau)), (g * (g - tau)) ** 2

    log_tail, curvature = trapezoids(local)
    entropy = alpha * log_tail + sphere(q)
    return {"q": q, "entropy": entropy, "AT": alpha * curvature}


def sphere(q: mpf) -> mpf:
    """Return the entropy of two spherical weight vectors at this overlap."""
    return mp.log(1 - q) / 2 + q / (2 * (1 - q))


def overlap_by_differences(start: dict[str, mpf], alpha: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return the same from differences: of the entropy in q, of log H in tau."""
    rule = legendre_rule(pieces(start["q"], kappa))
    weighed = [(z, w * gauss(z)) for z, w in rule]

    def entropy(q: mpf) -> mpf:
        log_tail = mp.fsum(w * mp.log(tail(argument(q, kappa, z))) for z, w in weighed)
        return alpha * log_tail + sphere(q)

    (q,) = stationary(entropy, (start["q"],))

    def curvature(z: mpf) -> mpf:
        return bend(lambda tau: mp.log(tail(tau)), argument(q, kappa, z))

    unstable = alpha * mp.fsum(w * curvature(z) ** 2 for z, w in weighed)
    return {"q": q, "entropy": entropy(q), "AT": unstable}


def load(q: mpf, kappa: mpf) -> mpf:
    """Return the load at which q is the overlap."""
    return q / (1 - q) / ratio(kappa, q)


def load_by_differences(start: mpf, q: mpf, kappa: mpf) -> mpf:
    """Return it from the entropy, which is alpha A(q) + B(q): alpha = -B'/A'."""
    weighed = [(z, w * gauss(z)) for z, w in legendre_rule(pieces(q, kappa))]

    def log_tail(q: mpf) -> mpf:
        return mp.fsum(w * mp.log(tail(argument(q, kappa, z))) for z, w in weighed)

    return -slope(sphere, q) / slope(log_tail, q)


def capacity(kappa: mpf) -> mpf:
    """Return alpha_c in closed form."""
    return 1 / ((1 + kappa**2) * tail(-kappa) + kappa * gauss(kappa))


def capacity_by_quadrature(start: mpf, kappa: mpf) -> mpf:
    """Return alpha_c from the integral, up to the kink at kappa."""
    cuts = [z for z in graded(kappa, mpf(1)) if z < kappa]
    return 1 / legendre(lambda z: (kappa - z) ** 2, [*cuts, kappa])


def margin() -> mpf:
    """Return the margin at which one pattern per weight is the capacity."""
    return root(lambda k: [1 / capacity(k) - 1], (mpf("0.5"),))[0]


def margin_by_quadrature(start: mpf) -> mpf:
    """Return the same margin, from the integral, by the secant rule."""
    return mp.findroot(lambda k: 1 / capacity_by_quadrature(mpf(0), k) - 1, (start, start + 1e-3))


def first_slope(kappa: mpf) -> mpf:
    """Return dq/dalpha at alpha = 0."""
    return mills(kappa) ** 2


def first_slope_by_limit(start: mpf, kappa: mpf) -> mpf:
    """Return it from alpha(q) at small q, extrapolated in powers of q (Richardson)."""
    table = [load(mpf(2) ** (-k - 4), kappa) * 2 ** (k + 4) for k in range(22)]
    return 1 / extrapolated(table)


def separable(p: mpf, n: mpf) -> mpf:
    """Return Cover's probability that p random dichotomies in n dimensions are separable."""
    return mp.mpf(2) ** (1 - int(p)) * sum(mp.binomial(int(p) - 1, k) for k in range(int(n)))


def separable_by_recursion(start: mpf, p: mpf, n: mpf) -> mpf:
    """Return it by counting regions: C(p+1, n) = C(p, n) + C(p, n-1)."""
    counts = [0] + [2] * int(n)  # of dimensions 0, 1, ..., n for one point
    for _ in range(int(p) - 1):
        counts = [0, *(a + b for a, b in zip(counts[1:], counts, strict=False))]
    return mpf(counts[int(n)]) / 2 ** int(p)


LOAD = "alpha = [q/(1-q)]/int Dz [phi(tau)/H(tau)]^2, tau=(kappa-z sqrt q)/sqrt(1-q)"
COVER = "P(separable)=2^{1-p} sum_{j<n} binom(p-1,j) (equals 1/2 exactly at p=2n)"
BY_DIFFERENCES = (
    "saddle equation by the trapezoid rule; differences of the entropy by Gauss-Legendre pieces"
)


def _capacity_row(kappa: str) -> Row:
    routes = "closed form; Gauss-Legendre pieces up to kappa"
    return Row(CAPACITY, routes, SOURCE, capacity, capacity_by_quadrature, {"kappa": kappa})


def _load_row(q: str, kappa: str) -> Row:
    params = {"q": q, "kappa": kappa}
    return Row(LOAD, BY_DIFFERENCES, SOURCE, load, load_by_differences, params)


def _overlap_row(alpha: str, kappa: str) -> Row:
    params = {"alpha": alpha, "kappa": kappa}
    return Row(SADDLE, BY_DIFFERENCES, SOURCE, overlap, overlap_by_differences, params)


def _cover_row(p: str, n: str) -> Row:
    source = "Cover, IEEE Trans. Electron. Comput. 14, 326 (1965)"
    routes = "binomial sum; recursion over points"
    return Row(COVER, routes, source, separable, separable_by_recursion, {"p": p, "n": n})


ROWS = {
    **{
        f"alpha_c_k{kappa}": _capacity_row(kappa)
        for kappa in ("-1", "-0.5", "0", "0.25", "0.5", "1", "1.5", "2", "3", "5")
    },
    "kappa_at_alpha_c_1": Row(
        "alpha_c(kappa)=1",
        "Newton on the closed form; secant on the integral",
        SOURCE,
        margin,
        margin_by_quadrature,
    ),
    **{
        f"rs_alpha_q{q}_k{kappa}": _load_row(q, kappa)
        for q, kappa in (
            ("0.1", "0"),
            ("0.3", "0"),
            ("0.5", "0"),
            ("0.9", "0"),
            ("0.99", "0"),
            ("0.999", "0"),
            ("0.5", "1"),
            ("0.99", "1"),
            ("0.9", "-0.5"),
        )
    },
    **{
        f"rs_q_alpha{alpha}_k{kappa}": _overlap_row(alpha, kappa)
        for alpha, kappa in (
            ("0.25", "0"),
            ("0.5", "0"),
            ("1", "0"),
            ("1.5", "0"),
            ("1.9", "0"),
            ("0.3", "1"),
            ("0.8", "0.5"),
            ("2", "-0.5"),
            ("4", "-0.5"),
            ("8", "-1"),
        )
    },
    "rs_small_alpha_slope_k0": Row(
        "dq/dalpha at 0 = [phi(k)/H(k)]^2 (k=0: 2/pi)",
        "closed form; Richardson extrapolation of alpha(q)/q to q = 0",
        SOURCE,
        first_slope,
        first_slope_by_limit,
        {"kappa": "0"},
    ),
    **{
        f"cover_p{p}_n{n}": _cover_row(p, n)
        for p, n in (("30", "20"), ("40", "20"), ("50", "20"), ("180", "100"), ("220", "100"))
    },
}
