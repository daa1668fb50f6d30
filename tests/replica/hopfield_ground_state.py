"""Hopfield at T = 0: the replica-symmetric capacity, and where retrieval becomes the ground state.

With C = lim beta(1-q): -energy = <|m + sqrt(alpha r) z|> - m^2/2 + alpha/(2(1-C)) - alpha r C/2,
and with y = m/sqrt(2 alpha r) the saddle equations are one:
sqrt(2 alpha) = erf(y)/y - (2/sqrt(pi)) exp(-y^2).
"""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import gradient, hessian, root
from tests.replica.hopfield import CONVENTION, SOURCE
from tests.replica.quadrature import gauss, legendre_rule, reach
from tests.replica.rows import Row

Energies = dict[str, mpf]


def root_load(y: mpf) -> mpf:
    """Return sqrt(2 alpha) at y."""
    return mp.erf(y) / y - 2 / mp.sqrt(mp.pi) * mp.exp(-y * y)


def from_load(alpha: mpf, y: mpf) -> Energies:
    """Return order parameters and energy of the retrieval state."""
    width = mp.sqrt(2 / (mp.pi * alpha)) * mp.exp(-y * y)  # C sqrt(r)
    r = (1 + width) ** 2
    C, m = width / mp.sqrt(r), y * mp.sqrt(2 * alpha * r)
    return {"m": m, "r": r, "C": C, "energy": energy(alpha, m, r, C)}


def energy(alpha: mpf, m: mpf, r: mpf, C: mpf) -> mpf:
    """Return the energy with <|m + sqrt(alpha r) z|> in closed form."""
    s = mp.sqrt(alpha * r)
    absolute = 2 * s * gauss(m / s) + m * mp.erf(m / s / mp.sqrt(2))
    return -absolute + m**2 / 2 - alpha / (2 * (1 - C)) + alpha * r * C / 2


def energy_by_quadrature(alpha: mpf, m: mpf, r: mpf, C: mpf) -> mpf:
    """Return it with the average by Gauss-Legendre pieces on either side of the kink."""
    s = mp.sqrt(alpha * r)
    kink, end = -m / s, reach()

    def side(low: mpf, high: mpf) -> mpf:
        cuts = [low + (high - low) * k / 10 for k in range(11)]
        return mp.fsum(w * gauss(z) * (m + s * z) for z, w in legendre_rule(cuts))

    absolute = side(kink, end) - side(-end, kink)
    return -absolute + m**2 / 2 - alpha / (2 * (1 - C)) + alpha * r * C / 2


def capacity() -> Energies:
    """Return the largest load of the retrieval state."""

    def rate(y: mpf) -> list[mpf]:
        bell = 2 / mp.sqrt(mp.pi) * mp.exp(-y * y)
        return [bell / y - mp.erf(y) / y**2 + 2 * y * bell]

    (y,) = root(rate, (mpf("1.5"),))
    alpha = root_load(y) ** 2 / 2
    return {"alpha": alpha, **from_load(alpha, y)}


def capacity_by_differences(start: Energies) -> Energies:
    """Return it where the energy is stationary in m, r, C with a singular Hessian."""

    def residual(alpha: mpf, m: mpf, r: mpf, C: mpf) -> list[mpf]:
        def at(*x: mpf) -> mpf:
            return energy_by_quadrature(alpha, *x)

        return [*gradient(at, [m, r, C]), mp.det(hessian(at, [m, r, C]))]

    names = ("alpha", "m", "r", "C")
    found = root(residual, [start[name] for name in names])
    return {**dict(zip(names, found, strict=True)), "energy": energy_by_quadrature(*found)}


def glass(alpha: mpf) -> tuple[mpf, mpf]:
    """Return r and C of the spin glass, m = 0."""
    width = mp.sqrt(2 / (mp.pi * alpha))
    return (1 + width) ** 2, width / (1 + width)


def transition() -> Energies:
    """Return the load below which retrieval states are the ground states."""

    def gap(y: mpf) -> list[mpf]:
        alpha = root_load(y) ** 2 / 2
        return [from_load(alpha, y)["energy"] - energy(alpha, mpf(0), *glass(alpha))]

    (y,) = root(gap, (mpf("2.8"),))
    alpha = root_load(y) ** 2 / 2
    return {"alpha": alpha, **from_load(alpha, y)}


def transition_by_differences(start: Energies) -> Energies:
    """Return it with both states from differences of the energy."""
    around = glass(start["alpha"])

    def residual(alpha: mpf, m: mpf, r: mpf, C: mpf, r0: mpf, C0: mpf) -> list[mpf]:
        retrieval = gradient(lambda *x: energy_by_quadrature(alpha, *x), [m, r, C])
        spin_glass = gradient(lambda *x: energy_by_quadrature(alpha, mpf(0), *x), [r0, C0])
        gap = energy_by_quadrature(alpha, m, r, C) - energy_by_quadrature(alpha, mpf(0), r0, C0)
        return [*retrieval, *spin_glass, gap]

    names = ("alpha", "m", "r", "C")
    found = root(residual, [*(start[name] for name in names), *around])[:4]
    return {**dict(zip(names, found, strict=True)), "energy": energy_by_quadrature(*found)}


STATE = (
    "T = 0: m, r, C = lim beta(1-q) = 1 - 1/sqrt(r), energy per spin (alpha/2 more without i = j)"
)
ROUTES = (
    "one equation of y = m/sqrt(2 alpha r), {}; energy as a function of m, r, C by "
    "Gauss-Legendre pieces, stationary by differences, {}"
)

ROWS = {
    "hopfield_T0_capacity": Row(
        CONVENTION + "Largest alpha of the retrieval state. " + STATE,
        ROUTES.format("its maximum over y", "with a singular Hessian"),
        SOURCE,
        capacity,
        capacity_by_differences,
    ),
    "hopfield_T0_alpha1": Row(
        CONVENTION
        + "alpha where retrieval (values given) and spin glass have one energy. "
        + STATE,
        ROUTES.format("glass at y = 0", "both states"),
        SOURCE,
        transition,
        transition_by_differences,
    ),
}
