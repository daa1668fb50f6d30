"""What saved files look like: texts that a change of the printers has to be seen in."""

import re

import pytest
from sympy import Eq, Symbol, cosh, log, symbols, tanh

import derive as dv
import numerics as nm
from numerics.export import c_source, python_source

m, h = symbols("m h", real=True)
beta = Symbol("beta", positive=True)
site = dv.Index("site", dv.size("M"))
u = dv.Given("u", site)
RESIDUAL = nm.compile([Eq(Symbol("residual"), m - tanh(beta * (m + h)))], arguments=(m, beta, h))
FREE = nm.compile([Eq(Symbol("f"), dv.total(log(2 * cosh(beta * u[site])), site) / beta)])

MODULE = '''\
"""residual(m, beta, h): residual.

Needs NumPy, nothing else. Run as a script it prints what it knows and checks itself.
Made by ....
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np


def residual(m, beta, h, out=None):
    """Evaluate residual; arguments broadcast.

    Parameters
    ----------
    m : float or array
        any finite number
    beta : float or array
        0.0 < beta
    h : float or array
        any finite number
    out : array, or tuple of arrays, optional
        Where results are written.

    Returns
    -------
    residual : float or array

    Raises
    ------
    ValueError
        For arguments outside of their domain, shapes that do not fit, infinite results.

    Notes
    -----
    The formulas::

        residual = m - tanh(beta*(h + m))

    The certificate::

        None: save(..., certificate=True) makes one.
    """
    return _evaluate((m, beta, h), out)


TABLES: dict[str, Any] = {}


def _once():
    """What is the same at all points."""
    return {}


def _block(beta, h, m, o0, t0):
    """The results of a block of points."""
    np.add(h, m, out=t0)
    np.multiply(beta, t0, out=t0)
    np.tanh(t0, out=t0)
    np.subtract(m, t0, out=o0)


CERTIFICATE: dict[str, Any] | None = None

'''

C = """\
/*
 * f at n points.
 *
 *     size_M: the size M of an index range
 *     beta[n]: 0.0 < beta
 *     u[n][size_M]: any finite number
 *     f[n]: the result
 *
 * Returns the number of points without a result: where an argument lies outside of its domain, or
 * a result is not finite. There the results are NaN. [n] stands for one entry for each point, the
 * last index runs fastest; what has no [n] is one for all points. Results overlap with no
 * argument. Not for -ffast-math, which takes NaN for a number.
 *
 * The formulas:
 *
 *     f = Total(log(2*cosh(beta*u[site])), site)/beta
 *
 * The certificate:
 *
 *     None: save(..., certificate=True) makes one.
 *
 * Made by ....
 */

#include <math.h>
#include <stddef.h>

enum { LANES = 32 }; /* points side by side */

static double smaller(double a, double b) { return a <= b || a != a ? a : b; }

static void block(size_t lanes, size_t size_M, const double *restrict beta,
    const double *restrict u, double *restrict f)
{
    double s11[LANES];
    for (size_t lane = 0; lane < lanes; ++lane) {
        s11[lane] = 0.0;
    }
    for (size_t i0 = 0; i0 < size_M; ++i0) {
        for (size_t lane = 0; lane < lanes; ++lane) {
            const double r3 = u[lane * size_M + i0];
            const double r4 = beta[lane] * r3;
            const double r5 = fabs(r4);
            const double r6 = smaller(r5, 40.0);
            const double r7 = (-2.0) * r6;
            const double r8 = exp(r7);
            const double r9 = log1p(r8);
            const double r10 = r5 + r9;
            s11[lane] += r10;
        }
    }
    for (size_t lane = 0; lane < lanes; ++lane) {
        const double r12 = s11[lane] / beta[lane];
        f[lane] = r12;
    }
}

size_t free_energy(size_t n, size_t size_M, const double *restrict beta,
    const double *restrict u, double *restrict f)
{
    size_t bad = 0;
    int allowed = 1;
    allowed = allowed && size_M > 0;
    if (!allowed) {
        for (size_t entry = 0; entry < n; ++entry) f[entry] = NAN;
        bad = n;
    } else {
        for (size_t start = 0; start < n; start += LANES) {
            const size_t lanes = n - start < LANES ? n - start : LANES;
            block(lanes, size_M, beta + start, u + start * size_M, f + start);
            for (size_t lane = 0; lane < lanes; ++lane) {
                int good = 1;
                good = good && beta[start + lane] > 0.0 && isfinite(beta[start + lane]);
                for (size_t entry = 0; entry < size_M; ++entry) {
                    good = good && isfinite(u[(start + lane) * size_M + entry]);
                }
                good = good && isfinite(f[start + lane]);
                if (!good) {
                    f[start + lane] = NAN;
                    ++bad;
                }
            }
        }
    }
    return bad;
}
"""


def unversioned(text):
    """Without versions, and without values that another processor may round otherwise."""
    text = re.sub(r"Made by (.|\n)*?\.(?=\n( \*/|\"\"\"))", "Made by ....", text)
    return re.split(r"# Arguments, the results|\n/\* cc -D", text)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [(python_source(RESIDUAL, "residual"), MODULE), (c_source(FREE, "free_energy"), C)],
    ids=["module", "c"],
)
def test_golden_text(text, expected):
    assert unversioned(text).splitlines() == expected.splitlines()
