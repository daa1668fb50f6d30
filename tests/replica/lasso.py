"""LASSO on Gaussian data with a sparse teacher, replica symmetric at zero temperature."""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import root, settle, stationary
from tests.replica.quadrature import gauss, legendre_rule, reach, tail
from tests.replica.ridge import CONVENTION
from tests.replica.rows import Row

SOURCE = "Kabashima, Wadayama, Tanaka, J. Stat. Mech. L09003 (2009); Bayati, Montanari (2012)"
FORMULA = CONVENTION + (
    "w*_i ~ (1-rho) delta_0 + rho N(0,1); loss sum_mu (y - w.x/sqrt(N))^2/2 + lambda |w|_1; energy "
    "= loss per N at its minimum = alpha test_error/(2(1+V)) + Rh R - Qh Q/2 + Ch V/2 - <(|h| - "
    "lambda)^2_+>/(2 Qh), h = Rh w* + sqrt(Ch) z, stationary in all six; Rh = Qh = alpha/(1+V)"
)
ROUTES = (
    "saddle equations with averages in closed form; differences of the energy in all six order "
    "parameters by Gauss-Legendre pieces from the kink"
)
ORDER = ("V", "R", "Q", "Qh", "Rh", "Ch")


def thresholded(spread: mpf, lam: mpf) -> tuple[mpf, mpf]:
    """Return P(|h| > lam) and <(|h|-lam)^2_+> of h ~ N(0, spread)."""
    s = mp.sqrt(spread)
    beyond = 2 * tail(lam / s)
    return beyond, (spread + lam**2) * beyond - 2 * lam * s * gauss(lam / s)


def point(alpha: mpf, lam: mpf, sigma: mpf, rho: mpf) -> dict[str, mpf]:
    """Return the numbers from the saddle equations."""

    def new(V: mpf, R: mpf, Q: mpf) -> list[mpf]:
        Qh = alpha / (1 + V)
        Ch = alpha * (sigma**2 + rho - 2 * R + Q) / (1 + V) ** 2
        none, square_none = thresholded(Ch, lam)
        some, square_some = thresholded(Ch + Qh**2, lam)
        beyond = (1 - rho) * none + rho * some
        square = (1 - rho) * square_none + rho * square_some
        return [beyond / Qh, rho * some, square / Qh**2]

    def residual(*x: mpf) -> list[mpf]:
        return [a - b for a, b in zip(x, new(*x), strict=True)]

    V, R, Q = root(residual, settle(new, (1, 0.1, 0.1)))
    test = sigma**2 + rho - 2 * R + Q
    Qh, Ch = alpha / (1 + V), alpha * test / (1 + V) ** 2
    # by parts the thresholded average is lam <|w|>: the loss itself, term by term
    none, some = (mean_absolute(spread, lam) for spread in (Ch, Ch + Qh**2))
    absolute = ((1 - rho) * none + rho * some) / Qh
    return {
        "V": V,
        "R": R,
        "Q": Q,
        "Qh": Qh,
        "Rh": Qh,
        "Ch": Ch,
        "test_error": test,
        "train_error": test / (1 + V) ** 2,
        "energy": alpha * test / (2 * (1 + V) ** 2) + lam * absolute,
    }


def mean_absolute(spread: mpf, lam: mpf) -> mpf:
    """Return <(|h|-lam)_+> of h ~ N(0, spread)."""
    s = mp.sqrt(spread)
    return 2 * (s * gauss(lam / s) - lam * tail(lam / s))


def point_by_differences(
    start: dict[str, mpf], alpha: mpf, lam: mpf, sigma: mpf, rho: mpf
) -> dict[str, mpf]:
    """Return the same from differences of the energy."""

    def square(spread: mpf) -> mpf:
        s = mp.sqrt(spread)
        low, end = lam / s, reach()
        rule = legendre_rule([low + (end - low) * k / 8 for k in range(9)])
        return 2 * mp.fsum(w * gauss(z) * (s * z - lam) ** 2 for z, w in rule)

    def energy(V: mpf, R: mpf, Q: mpf, Qh: mpf, Rh: mpf, Ch: mpf) -> mpf:
        test = sigma**2 + rho - 2 * R + Q
        outside = alpha * test / (2 * (1 + V)) + Rh * R - Qh * Q / 2 + Ch * V / 2
        return outside - ((1 - rho) * square(Ch) + rho * square(Ch + Rh**2)) / (2 * Qh)

    found = stationary(energy, [start[name] for name in ORDER])
    numbers = dict(zip(ORDER, found, strict=True))
    test = sigma**2 + rho - 2 * numbers["R"] + numbers["Q"]
    train = numbers["Ch"] / alpha
    return {**numbers, "test_error": test, "train_error": train, "energy": energy(*found)}


ROWS = {
    "lasso_a0.5_l0.1_s0.2_r0.2": Row(
        FORMULA,
        ROUTES,
        SOURCE,
        point,
        point_by_differences,
        {"alpha": "0.5", "lam": "0.1", "sigma": "0.2", "rho": "0.2"},
    ),
}
