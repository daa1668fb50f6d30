"""Sherrington-Kirkpatrick with one step of replica symmetry breaking, at T = 0 and above.

At finite T with L(x) = log 2cosh(beta x) and x = h + sqrt(q0) z0 + sqrt(q1-q0) z1,

    free_entropy = beta^2/4 (1 - 2 q1 + (1-m) q1^2 + m q0^2) + <log <exp(m L(x))>_z1>_z0 / m.

At T = 0, y = beta m stays finite, and the inner average has a closed form:

    -energy = -y (1 - q0^2)/4 + <log <exp(y |x|)>_z1>_z0 / y,  q1 = 1.
"""

from functools import partial

import mpmath as mp
from mpmath import mpf

from tests.replica.extremise import root, slope, stationary
from tests.replica.quadrature import gauss, graded, legendre_rule, reach, tail, trapezoids
from tests.replica.rows import Row
from tests.replica.sherrington_kirkpatrick import CONVENTION, log_2cosh

SOURCE = "Parisi, Phys. Lett. A 73, 203 (1979); J. Phys. A 13, L115 (1980)"


def tilted(y: mpf, a: mpf, spread: mpf) -> tuple[mpf, mpf, mpf]:
    """Return <exp(y|x|)>, <sign(x) exp(y|x|)> and <|x| exp(y|x|)> of x ~ N(a, spread)."""
    s = mp.sqrt(spread)
    boost = mp.exp(y * y * spread / 2)
    right = boost * mp.exp(y * a) * tail(-(a + y * spread) / s)
    left = boost * mp.exp(-y * a) * tail((a - y * spread) / s)
    edge = s * gauss(a / s)
    first = (a + y * spread) * right + (y * spread - a) * left + 2 * edge
    return right + left, right - left, first


def ground_state(h: mpf) -> dict[str, mpf]:
    """Return q0, y and the energy from the saddle equations in closed inner form.

    d/dq0: q0 = <<sign>^2>, the inner average with weight exp(y|x|); d/dy: below.
    """

    def averages(q0: mpf, y: mpf) -> list[mpf]:
        def local(z: mpf) -> tuple[mpf, mpf, mpf]:
            norm, sign, absolute = tilted(y, h + mp.sqrt(q0) * z, 1 - q0)
            return (sign / norm) ** 2, absolute / norm, mp.log(norm)

        return trapezoids(local)

    def residual(q0: mpf, y: mpf) -> list[mpf]:
        sign2, absolute, log_norm = averages(q0, y)
        return [q0 - sign2, absolute / y - log_norm / y**2 - (1 - q0**2) / 4]

    q0, y = root(residual, (mpf("0.47"), mpf("1.36")) if h == 0 else (mpf("0.8"), mpf("1.3")))
    return {"q0": q0, "y": y, "energy": y * (1 - q0**2) / 4 - averages(q0, y)[2] / y}


def outer_rule(h: mpf, q0: mpf) -> list[tuple[mpf, mpf]]:
    """Return nodes and Gaussian weights of z0; half of them where the integrand is even."""
    if h:
        rule = legendre_rule(graded(-h / mp.sqrt(q0), mpf(1)))
        return [(z, w * gauss(z)) for z, w in rule]
    rule = legendre_rule([z for z in graded(mpf(0), mpf(1)) if z >= 0])
    return [(z, 2 * w * gauss(z)) for z, w in rule]


def ground_state_by_differences(start: dict[str, mpf], h: mpf) -> dict[str, mpf]:
    """Return the same from differences of the energy, both averages by quadrature.

    The inner one runs over the local field x > 0, on Gauss-Legendre pieces that do not move.
    """
    outer = outer_rule(h, start["q0"])
    end = 2 * reach()
    inner = legendre_rule([end * k / 10 for k in range(11)])

    def energy(q0: mpf, y: mpf) -> mpf:
        spread = 1 - q0
        tilt = [w * mp.exp(y * x - x * x / (2 * spread)) for x, w in inner]

        def log_average(z: mpf) -> mpf:
            a = h + mp.sqrt(q0) * z
            total = mpf(0)
            for (x, _), weight in zip(inner, tilt, strict=True):
                lift = mp.exp(x * a / spread)
                total += weight * (lift + 1 / lift)
            return mp.log(total / mp.sqrt(2 * mp.pi * spread)) - a * a / (2 * spread)

        average = mp.fsum(w * log_average(z) for z, w in outer)
        return y * (1 - q0**2) / 4 - average / y

    q0, y = stationary(energy, (start["q0"], start["y"]))
    return {"q0": q0, "y": y, "energy": energy(q0, y)}


def finite_temperature(guess: tuple[str, ...], beta: mpf, h: mpf) -> dict[str, mpf]:
    """Return the numbers from the three saddle equations, averages nested in each other.

    The search begins at the guess of q0, q1, m: a solution with q0 = q1 lies near.
    """

    def averages(q0: mpf, q1: mpf, m: mpf) -> list[mpf]:
        def outer(z0: mpf) -> tuple[mpf, ...]:
            def inner(z1: mpf) -> tuple[mpf, ...]:
                x = beta * (h + mp.sqrt(q0) * z0 + mp.sqrt(q1 - q0) * z1)
                log_trace = log_2cosh(x)
                weight, t = mp.exp(m * log_trace), mp.tanh(x)
                return weight, weight * t, weight * t * t, weight * log_trace

            norm, t, t2, log_trace = trapezoids(inner)
            return (t / norm) ** 2, t2 / norm, log_trace / norm, mp.log(norm), t / norm

        return trapezoids(outer)

    def residual(q0: mpf, q1: mpf, m: mpf) -> list[mpf]:
        t_t, t2, log_trace, log_norm, _ = averages(q0, q1, m)
        breaking = beta**2 * (q0**2 - q1**2) / 4 + log_trace / m - log_norm / m**2
        return [q0 - t_t, q1 - t2, breaking]

    with mp.workdps(28):
        rough = root(residual, [mpf(text) for text in guess])
    q0, q1, m = root(residual, rough)
    *_, log_norm, magnetisation = averages(q0, q1, m)
    return collected(beta, h, q0, q1, m, log_norm, magnetisation)


def collected(
    beta: mpf, h: mpf, q0: mpf, q1: mpf, m: mpf, log_norm: mpf, magnetisation: mpf
) -> dict[str, mpf]:
    """Return the numbers at the saddle; energy = -d free_entropy / d beta at fixed q0, q1, m."""
    phi = one_step_quadratic(beta, q0, q1, m) + log_norm / m
    energy = -beta * (1 - (1 - m) * q1**2 - m * q0**2) / 2 - h * magnetisation
    return {
        "q0": q0,
        "q1": q1,
        "m": m,
        "free_entropy": phi,
        "energy": energy,
        "entropy": phi + beta * energy,
    }


def one_step_quadratic(beta: mpf, q0: mpf, q1: mpf, m: mpf) -> mpf:
    """Return what the free entropy holds beside the trace."""
    return beta**2 / 4 * (1 - 2 * q1 + (1 - m) * q1**2 + m * q0**2)


def finite_temperature_by_differences(start: dict[str, mpf], beta: mpf, h: mpf) -> dict[str, mpf]:
    """Return the same from differences of the free entropy.

    The inner average is a sum over a fixed grid of the local field x = h + ..., its Gaussian
    kernel by the recurrence of equal steps; the outer one stands on Gauss-Legendre pieces.
    """
    outer = outer_rule(h, start["q0"])
    step = mpf(1) / 10 / beta
    count = int(2 * reach() / step)

    def phi(q0: mpf, q1: mpf, m: mpf, beta: mpf = beta) -> mpf:
        spread = q1 - q0
        traces = [mp.exp(m * log_2cosh(beta * k * step)) for k in range(-count, count + 1)]
        shrink = mp.exp(-(step**2) / spread)

        def log_average(z: mpf) -> mpf:
            from_left = -count * step - h - mp.sqrt(q0) * z
            kernel = mp.exp(-(from_left**2) / (2 * spread))
            growth = mp.exp(-(2 * from_left * step + step**2) / (2 * spread))
            total = mpf(0)
            for trace in traces:
                total += kernel * trace
                kernel *= growth
                growth *= shrink
            return mp.log(total * step / mp.sqrt(2 * mp.pi * spread))

        average = mp.fsum(w * log_average(z) for z, w in outer)
        return one_step_quadratic(beta, q0, q1, m) + average / m

    q0, q1, m = stationary(phi, (start["q0"], start["q1"], start["m"]))
    free, energy = phi(q0, q1, m), -slope(lambda b: phi(q0, q1, m, b), beta)
    return {
        "q0": q0,
        "q1": q1,
        "m": m,
        "free_entropy": free,
        "energy": energy,
        "entropy": free + beta * energy,
    }


T0_FORMULA = CONVENTION + (
    "T = 0: energy = max over q0 and y = beta m of y (1-q0^2)/4 - <log <exp(y |h + "
    "sqrt(q0) z0 + sqrt(1-q0) z1|)>_z1>_z0 / y"
)
FORMULA = CONVENTION + (
    "free_entropy = beta^2/4 (1 - 2 q1 + (1-m) q1^2 + m q0^2) + <log <(2cosh beta(h + sqrt(q0) z0 "
    "+ sqrt(q1-q0) z1))^m>_z1>_z0 / m, stationary in q0, q1, m (Parisi's parameter); energy = "
    "-d free_entropy/d beta; entropy = free_entropy + beta energy"
)
T0_ROUTES = (
    "saddle equations with the inner average in closed form, trapezoid rule; differences of the "
    "energy with both averages by Gauss-Legendre pieces"
)
ROUTES = (
    "nested saddle equations by the trapezoid rule; differences of the free entropy, the inner "
    "average over a fixed grid of local fields, the outer one by Gauss-Legendre pieces"
)


def _ground_row(h: str) -> Row:
    return Row(T0_FORMULA, T0_ROUTES, SOURCE, ground_state, ground_state_by_differences, {"h": h})


def _row(beta: str, h: str, *guess: str) -> Row:
    first, second = partial(finite_temperature, guess), finite_temperature_by_differences
    return Row(FORMULA, ROUTES, SOURCE, first, second, {"beta": beta, "h": h})


ROWS = {
    "sk_1rsb_T0": _ground_row("0"),
    "sk_1rsb_T0_h0.5": _ground_row("0.5"),
    "sk_1rsb_b2_h0": _row("2", "0", "0.21", "0.62", "0.28"),
    "sk_1rsb_b2_h0.3": _row("2", "0.3", "0.45", "0.63", "0.38"),
}
