"""Perceptron with Ising weights that learns from one: its jump to perfect learning (Gyorgyi)."""

from collections.abc import Callable

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import gradient, hessian, root, settle, stationary
from tests.replica.quadrature import gauss, graded, legendre_rule, tail, trapezoids
from tests.replica.rows import Row
from tests.replica.sherrington_kirkpatrick import log_2cosh
from tests.replica.teacher_student import CONVENTION, SOURCE, data_forces, data_on_pieces

NOUGHT = mpf(0)


def spins(Rh: mpf) -> list[mpf]:
    """Return <tanh> and <log 2cosh> of sqrt(Rh) z + Rh, by the trapezoid rule."""

    def local(z: mpf) -> tuple[mpf, mpf]:
        x = mp.sqrt(Rh) * z + Rh
        return mp.tanh(x), log_2cosh(x)

    return trapezoids(local)


def matched_force(R: mpf) -> mpf:
    """Return Rh/alpha at q = R."""
    return data_forces(R, R, NOUGHT, NOUGHT, NOUGHT)[0]


def matched_entropy(alpha: mpf, R: mpf, Rh: mpf) -> mpf:
    """Return the entropy of the students that err on no example, at q = R, qh = Rh."""
    ratio = mp.sqrt(R / (1 - R))

    def local(t: mpf) -> tuple[mpf]:
        right = tail(-ratio * t)
        return (2 * right * mp.log(right),)

    return spins(Rh)[1] - Rh * (1 + R) / 2 + alpha * trapezoids(local)[0]


def point(alpha: mpf) -> dict[str, mpf]:
    """Return the state of imperfect learning, from the saddle equations at q = R."""

    def new(R: mpf, Rh: mpf) -> list[mpf]:
        return [spins(Rh)[0], alpha * matched_force(R)]

    def residual(R: mpf, Rh: mpf) -> list[mpf]:
        R_new, Rh_new = new(R, Rh)
        return [R - R_new, Rh - Rh_new]

    R, Rh = root(residual, settle(new, (0.2, 0.2)))
    return {"R": R, "Rh": Rh, "entropy": matched_entropy(alpha, R, Rh)}


def entropy_on_pieces(R: mpf, Rh: mpf) -> Callable[..., mpf]:
    """Return the entropy as a function of alpha, q, R, qh, Rh on nodes that suit this point."""
    data = data_on_pieces(R, NOUGHT, NOUGHT, NOUGHT)
    rule = legendre_rule(graded(-mp.sqrt(Rh), 1 / mp.sqrt(Rh)))
    weighed = [(z, w * gauss(z)) for z, w in rule]

    def phi(alpha: mpf, q: mpf, R: mpf, qh: mpf, Rh: mpf) -> mpf:
        trace = mp.fsum(w * log_2cosh(mp.sqrt(qh) * z + Rh) for z, w in weighed)
        return trace - R * Rh - qh * (1 - q) / 2 + alpha * data(q, R)

    return phi


def point_by_differences(start: dict[str, mpf], alpha: mpf) -> dict[str, mpf]:
    """Return the same from differences in q, R, qh and Rh, which are not set equal."""
    R, Rh = start["R"], start["Rh"]
    phi = entropy_on_pieces(R, Rh)
    at = stationary(lambda *x: phi(alpha, *x), [R, R, Rh, Rh])
    return {"R": at[1], "Rh": at[3], "entropy": phi(alpha, *at)}


def load(Rh: mpf) -> mpf:
    """Return the load whose saddle has this Rh."""
    return Rh / matched_force(spins(Rh)[0])


def transition() -> dict[str, mpf]:
    """Return the load where the entropy of imperfect learning falls to that of perfect, zero."""

    def residual(Rh: mpf) -> list[mpf]:
        return [matched_entropy(load(Rh), spins(Rh)[0], Rh)]

    (Rh,) = root(residual, settle(lambda Rh: [mpf("1.245") * matched_force(spins(Rh)[0])], (1,)))
    return {"alpha": load(Rh), "R": spins(Rh)[0], "Rh": Rh}


def transition_by_differences(start: dict[str, mpf]) -> dict[str, mpf]:
    """Return it from differences in q, R, qh, Rh and the value of the entropy."""
    R, Rh = start["R"], start["Rh"]
    phi = entropy_on_pieces(R, Rh)

    def residual(alpha: mpf, *x: mpf) -> list[mpf]:
        return [*gradient(lambda *x: phi(alpha, *x), x), phi(alpha, *x)]

    alpha, _, R, _, Rh = root(residual, [start["alpha"], R, R, Rh, Rh])
    return {"alpha": alpha, "R": R, "Rh": Rh}


def spinodal() -> dict[str, mpf]:
    """Return the largest load of imperfect learning, the maximum of alpha over Rh."""
    with mp.workdps(20):
        grid = [mpf(k) / 10 for k in range(15, 60)]
        guess = max(grid, key=load)
    digits = mp.mp.dps

    def rate(Rh: mpf) -> list[mpf]:
        step = mpf(10) ** (-digits // 3)
        with mp.workdps(2 * digits):  # the rule aims at more digits than the difference loses
            return [(load(Rh + step) - load(Rh - step)) / (2 * step)]

    (Rh,) = root(rate, (guess,))
    return {"alpha": load(Rh), "R": spins(Rh)[0], "Rh": Rh}


def spinodal_by_differences(start: dict[str, mpf]) -> dict[str, mpf]:
    """Return it where the entropy at q = R, qh = Rh has a singular Hessian in R and Rh."""
    phi = entropy_on_pieces(start["R"], start["Rh"])

    def residual(alpha: mpf, R: mpf, Rh: mpf) -> list[mpf]:
        def matched(R: mpf, Rh: mpf) -> mpf:
            return phi(alpha, R, R, Rh, Rh)

        return [*gradient(matched, [R, Rh]), mp.det(hessian(matched, [R, Rh]))]

    alpha, R, Rh = root(residual, [start[name] for name in ("alpha", "R", "Rh")])
    return {"alpha": alpha, "R": R, "Rh": Rh}


FORMULA = CONVENTION + (
    "Noiseless, g = theta, weights of student and teacher +-1, counting measure: entropy = "
    "2 alpha int Dt H(-R t/sqrt(q-R^2)) log H(-sqrt(q) t/sqrt(1-q)) + <log 2cosh(sqrt(qh) z + "
    "Rh)> - R Rh - qh(1-q)/2; q = R, qh = Rh. Imperfect learning: R < 1; perfect: entropy 0. "
)
ROUTES = "saddle equations at q = R by the trapezoid rule; differences by Gauss-Legendre pieces in "
FOUR = "q, R, qh, Rh, not set equal"

ROWS = {
    **{
        f"ising_teacher_a{alpha}": Row(
            FORMULA, ROUTES + FOUR, SOURCE, point, point_by_differences, {"alpha": alpha}
        )
        for alpha in ("0.5", "1", "1.2")
    },
    "ising_teacher_transition": Row(
        FORMULA + "alpha where both entropies are equal",
        ROUTES + FOUR,
        SOURCE,
        transition,
        transition_by_differences,
    ),
    "ising_teacher_spinodal": Row(
        FORMULA + "alpha where imperfect learning ends",
        "maximum of alpha over Rh, trapezoid rule; singular Hessian in R and Rh by differences, "
        "Gauss-Legendre pieces",
        SOURCE,
        spinodal,
        spinodal_by_differences,
    ),
}
