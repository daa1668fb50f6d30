"""On-line learning in soft committee machines with erf units: the flow of their order parameters.

A student of K units learns from a teacher of M units (Saad and Solla, Phys. Rev. E 52, 4225
(1995)).  Both have the activation g(x) = erf(x / sqrt 2), the fields x_i of the student and y_n of
the teacher are jointly normal with covariances Q_ik, R_in and T_nm, and

    dR_in/dalpha = eta <delta_i y_n>,
    dQ_ik/dalpha = eta <delta_i x_k + delta_k x_i> + eta**2 <delta_i delta_k>,
    delta_i = g'(x_i) (sum_n g(y_n) - sum_j g(x_j)).

How to call it: one kernel serves every K and M, which it reads off the arrays,

    flow = nm.compile(equations())
    dR, dQ = flow(R=R, Q=Q, T=T, eta=0.1)

with R of shape (..., K, M), Q (..., K, K), T (..., M, M) and eta (...), where ... is any batch.
Every sum is a loop; the terms of the fourth order are K**2 (K + M)**2 values of asin, or about a
quarter of them where their symmetries are used: `fourth` is symmetric as it stands in its last two
arguments and, summed, in i and k.
"""

from __future__ import annotations

from sympy import Expr, Rational, asin, pi, sqrt, symbols

import derive as dv

K, M = dv.size("K"), dv.size("M")
i, k, j, l = dv.indices("i k j l", K)
n, m, p = dv.indices("n m p", M)
R, Q = dv.Given("R", i, n), dv.Given("Q", i, k, symmetric=True)
T = dv.Given("T", n, m, symmetric=True)
eta = symbols("eta", positive=True)


def covariance(a: dv.Index, b: dv.Index) -> Expr:
    """Of the fields of two units: Q, R or T, as they belong to the student or the teacher."""
    if a.range == b.range:
        return Q[a, b] if a.range == i.range else T[a, b]
    return R[a, b] if a.range == i.range else R[b, a]


def second(a: dv.Index, b: dv.Index) -> Expr:
    """<g(a) g(b)>."""
    scale = sqrt(1 + covariance(a, a)) * sqrt(1 + covariance(b, b))
    return 2 / pi * asin(covariance(a, b) / scale)


def third(a: dv.Index, b: dv.Index, c: dv.Index) -> Expr:
    """<g'(a) b g(c)>."""
    own = 1 + covariance(a, a)
    scale = sqrt(own * (1 + covariance(c, c)) - covariance(a, c) ** 2)
    return 2 / pi / scale * (covariance(b, c) - covariance(a, b) * covariance(a, c) / own)


def fourth(a: dv.Index, b: dv.Index, c: dv.Index, d: dv.Index) -> Expr:
    """<g'(a) g'(b) g(c) g(d)>, in the Lambdas of the paper."""
    own, other, mixed = 1 + covariance(a, a), 1 + covariance(b, b), covariance(a, b)
    volume = own * other - mixed**2

    def given(e: dv.Index, f: dv.Index, free: Expr) -> Expr:
        """`volume` times what is left of a covariance once a and b are known."""
        crossed = covariance(a, e) * covariance(b, f) + covariance(a, f) * covariance(b, e)
        straight = (covariance(a, e) * covariance(a, f), covariance(b, e) * covariance(b, f))
        return volume * free - other * straight[0] - own * straight[1] + mixed * crossed

    left, right = (given(e, e, 1 + covariance(e, e)) for e in (c, d))
    angle = given(c, d, covariance(c, d)) * left ** Rational(-1, 2) * right ** Rational(-1, 2)
    return 4 / pi**2 / sqrt(volume) * asin(angle)


def drift(a: dv.Index, b: dv.Index) -> Expr:
    """<delta_a b>."""
    return dv.total(third(a, b, m), m) - dv.total(third(a, b, j), j)


def noise(a: dv.Index, b: dv.Index) -> Expr:
    """<delta_a delta_b>."""
    return (
        dv.total(fourth(a, b, m, p), m, p)
        - 2 * dv.total(fourth(a, b, j, m), j, m)
        + dv.total(fourth(a, b, j, l), j, l)
    )


def generalisation_error() -> Expr:
    """Half of the mean squared difference between teacher and student."""
    teacher = dv.total(second(n, m), n, m)
    student = dv.total(second(i, k), i, k)
    return (teacher + student - 2 * dv.total(second(i, n), i, n)) / 2


def equations() -> dv.Equations:
    """The flow: unknowns R and Q, parameters T and eta; each expression is a time derivative."""
    return dv.Equations(
        unknowns=(R[i, n], Q[i, k]),
        parameters=(T[n, m], eta),
        expressions=(
            ("R", eta * drift(i, n)),
            ("Q", eta * (drift(i, k) + drift(k, i)) + eta**2 * noise(i, k)),
        ),
        observables=(("error", generalisation_error()),),
    )
