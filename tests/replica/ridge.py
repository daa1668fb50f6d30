"""Ridge regression on Gaussian data: replica equations against random matrices.

y = w*.x/sqrt(N) + sigma zeta, x standard Gaussian, |w*|^2 = N, alpha N examples; w minimises
sum (y - w.x/sqrt(N))^2/2 + lambda |w|^2/2.
"""

from collections.abc import Callable

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import root, settle
from tests.replica.rows import Row

SOURCE = "Krogh, Hertz, J. Phys. A 25, 1135 (1992); Advani, Ganguli, PRX 6, 031034 (2016)"
CONVENTION = (
    "y = w*.x/sqrt(N) + sigma zeta, x ~ N(0,1)^N, alpha N examples; R = w.w*/N, Q = |w|^2/N of the "
    "minimiser; test_error = E(y - w.x/sqrt(N))^2 = sigma^2 + rho - 2R + Q, rho = |w*|^2/N; "
    "train_error the same over the examples = test_error/(1+V)^2, V = lim beta(Q - <w>^2/N). "
)
FORMULA = CONVENTION + (
    "Loss sum_mu (y - w.x/sqrt(N))^2/2 + lambda |w|^2/2, rho = 1; energy = loss per N at its "
    "minimum"
)
ROUTES = "replica saddle equations, solved; moments of the Marchenko-Pastur density by quadrature"


def point(alpha: mpf, lam: mpf, sigma: mpf) -> dict[str, mpf]:
    """Return the numbers from the replica-symmetric equations at zero temperature.

    With Qh = alpha/(1+V) and noise Ch = alpha test_error/(1+V)^2 on the weights: V = 1/(lam+Qh),
    R = Qh V, Q = V^2 (Qh^2 + Ch).
    """

    def new(V: mpf, R: mpf, Q: mpf) -> list[mpf]:
        Qh = alpha / (1 + V)
        Ch = alpha * (sigma**2 + 1 - 2 * R + Q) / (1 + V) ** 2
        return [1 / (lam + Qh), Qh * V, V**2 * (Qh**2 + Ch)]

    def residual(*x: mpf) -> list[mpf]:
        return [a - b for a, b in zip(x, new(*x), strict=True)]

    V, R, Q = root(residual, settle(new, (1, 0.5, 0.5)))
    test = sigma**2 + 1 - 2 * R + Q
    train = test / (1 + V) ** 2
    energy = alpha * train / 2 + lam * Q / 2
    return {"V": V, "R": R, "Q": Q, "test_error": test, "train_error": train, "energy": energy}


def point_by_spectrum(start: dict[str, mpf], alpha: mpf, lam: mpf, sigma: mpf) -> dict[str, mpf]:
    """Return the same from eigenvalues s of X^T X/N: w = (S + lam)^{-1}(S w* + noise).

    Their density is sqrt((s_+ - s)(s - s_-))/(2 pi s) on (1 -+ sqrt(alpha))^2, and the rest of
    the mass at zero. s = 1 + alpha - 2 sqrt(alpha) cos(t) makes the integrand periodic.
    """
    size = 400

    def moment(f: Callable[[mpf], mpf]) -> mpf:
        total = max(1 - alpha, mpf(0)) * f(mpf(0))
        for k in range(1, size):
            t = mp.pi * k / size
            s = 1 + alpha - 2 * mp.sqrt(alpha) * mp.cos(t)
            total += 2 * alpha * mp.sin(t) ** 2 / (size * s) * f(s)
        return total

    V = moment(lambda s: 1 / (s + lam))
    R = moment(lambda s: s / (s + lam))
    Q = moment(lambda s: (s**2 + sigma**2 * s) / (s + lam) ** 2)
    # residuals lam (K + lam)^{-1} y with K = X X^T/N: the same eigenvalues, others at zero
    lost = moment(lambda s: lam**2 * (s + sigma**2) / (s + lam) ** 2)
    train = (lost + (alpha - 1) * sigma**2) / alpha
    test = sigma**2 + moment(lambda s: (lam**2 + sigma**2 * s) / (s + lam) ** 2)
    energy = alpha * train / 2 + lam * Q / 2
    return {"V": V, "R": R, "Q": Q, "test_error": test, "train_error": train, "energy": energy}


def _row(alpha: str, lam: str, sigma: str) -> Row:
    params = {"alpha": alpha, "lam": lam, "sigma": sigma}
    return Row(FORMULA, ROUTES, SOURCE, point, point_by_spectrum, params)


ROWS = {
    "ridge_a0.5_l0.1_s0.5": _row("0.5", "0.1", "0.5"),
    "ridge_a2_l0.1_s0.5": _row("2", "0.1", "0.5"),
    "ridge_a2_l1_s1": _row("2", "1", "1"),
    "ridge_a3_l0.25_s0.5": _row("3", "0.25", "0.5"),
}
