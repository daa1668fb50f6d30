"""Spherical glass of two-spin couplings (Kosterlitz, Thouless, Jones), against its spectrum."""

from collections.abc import Callable

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import root, slope, stationary
from tests.replica.rows import Row

SOURCE = "Kosterlitz, Thouless, Jones, PRL 36, 1217 (1976)"
FORMULA = (
    "H = -sum_{i<j} J_ij s_i s_j - h sum_i s_i, sum s_i^2 = N, J_ij of variance J^2/N, J = 1; per "
    "spin; log Z relative to the uniform measure on the sphere (Lebesgue: + log(2 pi e)/2). "
    "free_entropy = beta^2 (1-q^2)/4 + log(1-q)/2 + q/(2(1-q)) + beta^2 h^2 (1-q)/2; energy = "
    "-beta(1-q^2)/2 - beta h^2 (1-q); T_c = 1, q = 1-T at h = 0; AT = beta^2 (1-q)^2"
)
ROUTES = (
    "cubic saddle equation q/(1-q)^2 = beta^2 (q+h^2); multiplier of the norm and the semicircle "
    "of the couplings (radius 2) by Gauss-Chebyshev sums"
)
NODES = 4000


def point(beta: mpf, h: mpf) -> dict[str, mpf]:
    """Return the numbers from the replica-symmetric saddle."""

    def residual(q: mpf) -> list[mpf]:
        return [q - beta**2 * (q + h**2) * (1 - q) ** 2]

    (q,) = root(residual, (mpf("0.9") if beta > 1 else mpf("0.1"),))
    phi = beta**2 * (1 - q**2) / 4 + mp.log(1 - q) / 2 + q / (2 * (1 - q))
    phi += beta**2 * h**2 * (1 - q) / 2
    energy = -beta * (1 - q**2) / 2 - beta * h**2 * (1 - q)
    return {"q": q, "free_entropy": phi, "energy": energy, "AT": (beta * (1 - q)) ** 2}


def semicircle(f: Callable[[mpf], mpf]) -> mpf:
    """Return the average of f over eigenvalues 2 cos t, of density sin(t)^2."""
    angles = (mp.pi * k / NODES for k in range(1, NODES))
    return 2 * mp.fsum(mp.sin(t) ** 2 * f(2 * mp.cos(t)) for t in angles) / NODES


def point_by_spectrum(start: dict[str, mpf], beta: mpf, h: mpf) -> dict[str, mpf]:
    """Return the same from log Z = extremum over z of an average over eigenvalues.

    The field has equal weight on all eigenvectors; the susceptibility 1 - q is <1/(z - beta s)>,
    AT = beta^2 (1-q)^2 stands for beta^2 (dm/dh/beta)^2.
    """

    def phi(z: mpf, beta: mpf = beta, h: mpf = h) -> mpf:
        def local(s: mpf) -> mpf:
            gap = z - beta * s
            return -mp.log(gap) / 2 + beta**2 * h**2 / (2 * gap)

        return z / 2 - mpf(1) / 2 + semicircle(local)

    open_ = 1 - start["q"]
    (z,) = stationary(phi, (1 / open_ + beta**2 * open_,))
    thermal = semicircle(lambda s: 1 / (z - beta * s))
    return {
        "q": 1 - thermal,
        "free_entropy": phi(z),
        "energy": -slope(lambda b: phi(z, b), beta),
        "AT": (beta * thermal) ** 2,
    }


def frozen(beta: mpf) -> dict[str, mpf]:
    """Return the numbers at h = 0 below T_c = 1, where q = 1 - T."""
    q = 1 - 1 / beta
    phi = beta**2 * (1 - q**2) / 4 + mp.log(1 - q) / 2 + q / (2 * (1 - q))
    return {"q": q, "free_entropy": phi, "energy": -beta * (1 - q**2) / 2, "AT": mpf(1)}


def frozen_by_spectrum(start: dict[str, mpf], beta: mpf) -> dict[str, mpf]:
    """Return the same with the multiplier at the edge of the spectrum, 2 beta."""

    def average(f: Callable[[mpf], mpf]) -> mpf:
        return 2 * mp.quad(lambda t: mp.sin(t) ** 2 * f(4 * mp.sin(t / 2) ** 2), [0, mp.pi]) / mp.pi

    def phi(beta: mpf) -> mpf:
        return beta - mpf(1) / 2 - mp.log(beta) / 2 - logarithm / 2

    logarithm, thermal = average(mp.log), average(lambda gap: 1 / gap) / beta
    return {
        "q": 1 - thermal,
        "free_entropy": phi(beta),
        "energy": -slope(phi, beta),
        "AT": (beta * thermal) ** 2,
    }


def _row(beta: str, h: str) -> Row:
    return Row(FORMULA, ROUTES, SOURCE, point, point_by_spectrum, {"beta": beta, "h": h})


ROWS = {
    "spherical_sk_b0.5_h0": _row("0.5", "0"),
    "spherical_sk_b0.8_h0.5": _row("0.8", "0.5"),
    "spherical_sk_b2_h0.5": _row("2", "0.5"),
    "spherical_sk_b2_h0": Row(
        FORMULA,
        "q = 1 - T in the free entropy; spectrum with the multiplier at its edge, tanh-sinh",
        SOURCE,
        frozen,
        frozen_by_spectrum,
        {"beta": "2"},
    ),
}
