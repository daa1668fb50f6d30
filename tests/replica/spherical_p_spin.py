"""Spherical glass of three-spin couplings, one step of replica symmetry breaking, no field."""

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import hessian, root, slope, stationary
from tests.replica.rows import Row

SOURCE = "Crisanti, Sommers, Z. Phys. B 87, 341 (1992)"
CONVENTION = (
    "H = -sum_{i<j<k} J_ijk s_i s_j s_k, sum s_i^2 = N, J_ijk of variance 3 J^2/N^2 = p! J^2/(2 "
    "N^{p-1}), J = 1; log Z relative to the uniform measure on the sphere; q0 = 0, q1 = q. "
    "free_entropy = beta^2/4 [1 + (m-1) q^3] + [(m-1)/m log(1-q) + log(1-q+mq)/m]/2, stationary in "
    "q and m. "
)
P = 3


def free_entropy(beta: mpf, q: mpf, m: mpf) -> mpf:
    """Return the free entropy of one step with q0 = 0."""
    weights = (m - 1) / m * mp.log(1 - q) + mp.log(1 - q + m * q) / m
    return beta**2 / 4 * (1 + (m - 1) * q**P) + weights / 2


def point(beta: mpf) -> dict[str, mpf]:
    """Return the numbers below the static transition from the saddle equations."""

    def residual(q: mpf, m: mpf) -> list[mpf]:
        rest = 1 - q + m * q
        overlap = beta**2 * P * q ** (P - 2) / 2 * (1 - q) * rest - 1
        breaking = beta**2 * q**P / 2 + (mp.log(1 - q) - mp.log(rest)) / m**2 + q / (m * rest)
        return [overlap, breaking]

    q, m = root(residual, (mpf("0.7"), mpf("0.8")))
    energy = -beta / 2 * (1 + (m - 1) * q**P)
    return {"q": q, "m": m, "free_entropy": free_entropy(beta, q, m), "energy": energy}


def point_by_differences(start: dict[str, mpf], beta: mpf) -> dict[str, mpf]:
    """Return the same from differences of the free entropy."""
    q, m = stationary(lambda q, m: free_entropy(beta, q, m), (start["q"], start["m"]))
    energy = -slope(lambda b: free_entropy(b, q, m), beta)
    return {"q": q, "m": m, "free_entropy": free_entropy(beta, q, m), "energy": energy}


def transition() -> dict[str, mpf]:
    """Return where the one-step state appears at m = 1, beta eliminated."""
    (q,) = root(lambda q: [q**2 / (P * (1 - q)) + mp.log(1 - q) + q], (mpf("0.6"),))
    return {"T": mp.sqrt(P * q ** (P - 2) * (1 - q) / 2), "q": q}


def transition_by_differences(start: dict[str, mpf]) -> dict[str, mpf]:
    """Return it where d/dm and d^2/dq dm of the free entropy vanish at m = 1."""

    def residual(T: mpf, q: mpf) -> list[mpf]:
        def phi(q: mpf, m: mpf) -> mpf:
            return free_entropy(1 / T, q, m)

        return [slope(lambda m: phi(q, m), mpf(1)), hessian(phi, [q, mpf(1)])[0, 1]]

    T, q = root(residual, (start["T"], start["q"]))
    return {"T": T, "q": q}


ROWS = {
    "spherical_3spin_b2": Row(
        CONVENTION + "energy = -d free_entropy/d beta, per spin",
        "saddle equations; differences of the free entropy",
        SOURCE,
        point,
        point_by_differences,
        {"beta": "2"},
    ),
    "spherical_3spin_transition": Row(
        CONVENTION + "Static transition: m = 1",
        "one equation of q; mixed differences of the free entropy",
        SOURCE,
        transition,
        transition_by_differences,
    ),
}
