"""Perceptron with Ising weights, replica symmetric: entropies, and where they vanish."""

from collections.abc import Callable

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import gradient, root, settle, stationary
from tests.replica.gardner import argument, pieces
from tests.replica.quadrature import gauss, graded, legendre_rule, mills, tail, trapezoids
from tests.replica.rows import Row
from tests.replica.sherrington_kirkpatrick import log_2cosh

SOURCE = "Krauth, Mezard, J. Phys. France 50, 3057 (1989)"
CONVENTION = (
    "Weights +-1, alpha N patterns stored at margin kappa; entropy = lim (1/N) <log number of "
    "solutions> (counting measure) = -qh (1-q)/2 + <log 2cosh(sqrt(qh) z)> + alpha <log "
    "H(tau)>, tau = (kappa - sqrt(q) z)/sqrt(1-q), stationary in q and its conjugate qh. "
)
ROUTES = (
    "q = <tanh^2(sqrt(qh) z)>, qh = alpha <[phi/H]^2>/(1-q) by the trapezoid rule; differences of "
    "the entropy by Gauss-Legendre pieces"
)


def saddle_map(alpha: mpf, kappa: mpf, q: mpf, qh: mpf) -> list[mpf]:
    """Return (q, qh) from (q, qh)."""

    def local(z: mpf) -> tuple[mpf, mpf]:
        return mp.tanh(mp.sqrt(qh) * z) ** 2, mills(argument(q, kappa, z)) ** 2

    overlap, force = trapezoids(local)
    return [overlap, alpha * force / (1 - q)]


def entropy(alpha: mpf, kappa: mpf, q: mpf, qh: mpf) -> mpf:
    """Return the entropy by the trapezoid rule."""

    def local(z: mpf) -> tuple[mpf, mpf]:
        return log_2cosh(mp.sqrt(qh) * z), mp.log(tail(argument(q, kappa, z)))

    spins, patterns = trapezoids(local)
    return spins + alpha * patterns - qh * (1 - q) / 2


def point(alpha: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return the numbers from the saddle equations."""
    start = settle(lambda q, qh: saddle_map(alpha, kappa, q, qh), (0.3, 0.5))

    def residual(q: mpf, qh: mpf) -> list[mpf]:
        new = saddle_map(alpha, kappa, q, qh)
        return [q - new[0], qh - new[1]]

    q, qh = root(residual, start)
    return {"q": q, "qh": qh, "entropy": entropy(alpha, kappa, q, qh)}


def entropy_on_pieces(kappa: mpf, q: mpf, qh: mpf) -> Callable[[mpf, mpf, mpf], mpf]:
    """Return the entropy as a function of alpha, q, qh on nodes that suit this point."""
    sites = legendre_rule(graded(mpf(0), 1 / mp.sqrt(qh)))
    fields = legendre_rule(pieces(q, kappa))
    sites = [(z, w * gauss(z)) for z, w in sites]
    fields = [(z, w * gauss(z)) for z, w in fields]

    def phi(alpha: mpf, q: mpf, qh: mpf) -> mpf:
        spins = mp.fsum(w * log_2cosh(mp.sqrt(qh) * z) for z, w in sites)
        patterns = mp.fsum(w * mp.log(tail(argument(q, kappa, z))) for z, w in fields)
        return spins + alpha * patterns - qh * (1 - q) / 2

    return phi


def point_by_differences(start: dict[str, mpf], alpha: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return the same from differences of the entropy."""
    phi = entropy_on_pieces(kappa, start["q"], start["qh"])
    q, qh = stationary(lambda q, qh: phi(alpha, q, qh), (start["q"], start["qh"]))
    return {"q": q, "qh": qh, "entropy": phi(alpha, q, qh)}


def zero_entropy(kappa: mpf) -> dict[str, mpf]:
    """Return the load where the entropy at the saddle vanishes."""

    def residual(alpha: mpf, q: mpf, qh: mpf) -> list[mpf]:
        new = saddle_map(alpha, kappa, q, qh)
        return [q - new[0], qh - new[1], entropy(alpha, kappa, q, qh)]

    alpha, q, qh = root(residual, zero_entropy_guess(kappa))
    return {"alpha": alpha, "q": q, "qh": qh}


def zero_entropy_guess(kappa: mpf) -> list[mpf]:
    """Bisect the load, in few digits."""
    low, high, x = mpf(0), mpf(1), [mpf("0.3"), mpf("0.5")]
    with mp.workdps(16):
        for _ in range(12):
            alpha = (low + high) / 2
            x = settle(lambda q, qh, a=alpha: saddle_map(a, kappa, q, qh), (0.3, 0.5))
            solutions = entropy(alpha, kappa, *x) > 0
            low, high = (alpha, high) if solutions else (low, alpha)
    return [alpha, *x]


def zero_entropy_by_differences(start: dict[str, mpf], kappa: mpf) -> dict[str, mpf]:
    """Return it from differences of the entropy and its value."""
    phi = entropy_on_pieces(kappa, start["q"], start["qh"])

    def residual(alpha: mpf, q: mpf, qh: mpf) -> list[mpf]:
        return [*gradient(lambda *x: phi(alpha, *x), [q, qh]), phi(alpha, q, qh)]

    alpha, q, qh = root(residual, (start["alpha"], start["q"], start["qh"]))
    return {"alpha": alpha, "q": q, "qh": qh}


def _row(alpha: str, kappa: str) -> Row:
    params = {"alpha": alpha, "kappa": kappa}
    return Row(CONVENTION, ROUTES, SOURCE, point, point_by_differences, params)


def _zero_row(kappa: str) -> Row:
    formula = CONVENTION + "alpha at which this entropy vanishes, with q and qh there"
    second = zero_entropy_by_differences
    return Row(formula, ROUTES, SOURCE, zero_entropy, second, {"kappa": kappa})


ROWS = {
    "ising_perceptron_a0.4_k0": _row("0.4", "0"),
    "ising_perceptron_a0.7_k0": _row("0.7", "0"),
    "ising_perceptron_a0.3_k0.5": _row("0.3", "0.5"),
    "ising_perceptron_zero_entropy_k0": _zero_row("0"),
    "ising_perceptron_zero_entropy_k0.5": _zero_row("0.5"),
}
