"""Perceptron that learns from a perceptron: spherical and Ising, matched and mismatched.

Labels y = sign(B.x/sqrt(N) + sigma zeta) of a teacher B of norm sqrt(N); the student J has the
weight prod over alpha N examples of g(y J.x/sqrt(N)). With R = J.B/N and q = J.J'/N,

    free_entropy = 2 alpha int Dt H(-R t/sqrt(q(1+sigma^2)-R^2)) log <g(sqrt(q) t + sqrt(1-q) z)>_z
                   + entropy of the weights at q, R.
"""

from collections.abc import Callable

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import root, settle, stationary
from tests.replica.quadrature import gauss, graded, legendre_rule, mills, tail, trapezoids
from tests.replica.rows import Row

SOURCE = (
    "Gyorgyi, Tishby (1990); Seung, Sompolinsky, Tishby, Phys. Rev. A 45, 6056 (1992); Gyorgyi, "
    "PRA 41, 7097 (1990)"
)
CONVENTION = (
    "y = sign(B.x/sqrt(N) + sigma zeta), |B|^2 = N; student weighted by prod_mu g(y J.x/sqrt(N)), "
    "alpha N examples; R = J.B/N, q = J.J'/N; data term 2 alpha int Dt H(-R t/sqrt(q(1+sigma^2)-"
    "R^2)) log <g(sqrt(q) t + sqrt(1-q) z)>_z. "
)


def teachers(q: mpf, R: mpf, noise: mpf, t: mpf) -> mpf:
    """Return the probability that the label agrees with the field sqrt(q) t of the student."""
    return tail(-R * t / mp.sqrt(q * (1 + noise**2) - R**2))


def data_forces(q: mpf, R: mpf, noise: mpf, student: mpf, kappa: mpf) -> list[mpf]:
    """Return -2 d/dq and d/dR of the data term per example, for g(x) = H((kappa-x)/student).

    The first is the average of u^2, u the slope of log psi, the second (by parts in t, where the
    slope of H(-rho t) in R tilts the Gaussian) that of 2 sqrt(q) G(rho t) u/sqrt(T - R^2).
    """
    width = mp.sqrt(1 - q + student**2)
    spare = mp.sqrt(q * (1 + noise**2) - R**2)

    def local(t: mpf) -> tuple[mpf, mpf]:
        u = mills((kappa - mp.sqrt(q) * t) / width) / width
        return 2 * tail(-R * t / spare) * u * u, 2 * mp.sqrt(q) * gauss(R * t / spare) * u / spare

    return trapezoids(local)


def spherical_map(alpha: mpf, noise: mpf, student: mpf, kappa: mpf, q: mpf, R: mpf) -> list[mpf]:
    """Return (q, R): alpha F_q = (q-R^2)/(1-q)^2 and alpha F_R = R/(1-q)."""
    on_q, on_R = data_forces(q, R, noise, student, kappa)
    total = alpha * on_q + (alpha * on_R) ** 2  # q/(1-q)^2
    new = (1 + 2 * total - mp.sqrt(1 + 4 * total)) / (2 * total)
    return [new, alpha * on_R * (1 - new)]


def spherical(alpha: mpf, noise: mpf, student: mpf, kappa: mpf) -> dict[str, mpf]:
    """Return the numbers of the spherical student from its saddle equations."""

    def new(q: mpf, R: mpf) -> list[mpf]:
        return spherical_map(alpha, noise, student, kappa, q, R)

    def residual(q: mpf, R: mpf) -> list[mpf]:
        q_new, R_new = new(q, R)
        return [q - q_new, R - R_new]

    q, R = root(residual, settle(new, (0.5, 0.5)))
    width = mp.sqrt(1 - q + student**2)

    def local(t: mpf) -> tuple[mpf]:
        label = teachers(q, R, noise, t)
        return (2 * label * mp.log(tail((kappa - mp.sqrt(q) * t) / width)),)

    data = trapezoids(local)[0]
    return {
        "q": q,
        "R": R,
        "generalisation_error": mp.acos(R) / mp.pi,
        "free_entropy": alpha * data + sphere(q, R),
    }


def sphere(q: mpf, R: mpf) -> mpf:
    """Return the entropy of spherical students at these overlaps."""
    return mp.log(1 - q) / 2 + (q - R**2) / (2 * (1 - q))


def data_on_pieces(at: mpf, noise: mpf, student: mpf, kappa: mpf) -> Callable[[mpf, mpf], mpf]:
    """Return the data term per example as a function of q and R, on nodes that suit q near at."""
    width = mp.sqrt(1 - at + student**2)
    rule = legendre_rule(graded(kappa / mp.sqrt(at), width / mp.sqrt(at)))
    weighed = [(t, 2 * w * gauss(t)) for t, w in rule]

    def data(q: mpf, R: mpf) -> mpf:
        width = mp.sqrt(1 - q + student**2)
        return mp.fsum(
            w * teachers(q, R, noise, t) * mp.log(tail((kappa - mp.sqrt(q) * t) / width))
            for t, w in weighed
        )

    return data


def spherical_by_differences(
    start: dict[str, mpf], alpha: mpf, noise: mpf, student: mpf, kappa: mpf
) -> dict[str, mpf]:
    """Return the same from differences of the free entropy in q and R."""
    data = data_on_pieces(start["q"], noise, student, kappa)

    def phi(q: mpf, R: mpf) -> mpf:
        return alpha * data(q, R) + sphere(q, R)

    q, R = stationary(phi, (start["q"], start["R"]))
    angle = mp.atan2(mp.sqrt(1 - R**2), R)
    return {"q": q, "R": R, "generalisation_error": angle / mp.pi, "free_entropy": phi(q, R)}


SPHERICAL = CONVENTION + (
    "g(x) = H((kappa-x)/student), theta(x-kappa) at student = 0; weights on the sphere |J|^2 = N: "
    "+ log(1-q)/2 + (q-R^2)/(2(1-q)), relative to its uniform measure. generalisation_error = "
    "arccos(R)/pi: the angle of student and teacher. Matched (Bayes) at student = noise, kappa = "
    "0: q = R"
)
ROUTES = (
    "saddle equations by the trapezoid rule; differences of the free entropy by Gauss-Legendre "
    "pieces"
)


def _row(alpha: str, noise: str = "0", student: str = "0", kappa: str = "0") -> Row:
    params = {"alpha": alpha, "noise": noise, "student": student, "kappa": kappa}
    return Row(SPHERICAL, ROUTES, SOURCE, spherical, spherical_by_differences, params)


ROWS = {
    "teacher_a0.5": _row("0.5"),
    "teacher_a1": _row("1"),
    "teacher_a2": _row("2"),
    "teacher_a5": _row("5"),
    "teacher_a1_margin0.3": _row("1", kappa="0.3"),
    "teacher_probit_a2_noise0.5": _row("2", "0.5", "0.5"),
    "teacher_probit_a2_noise0.5_student1": _row("2", "0.5", "1"),
    "teacher_probit_a2_noise0.8_student0.3": _row("2", "0.8", "0.3"),
}
