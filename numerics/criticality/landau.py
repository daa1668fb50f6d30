"""The Landau expansion along a critical mode (Lyapunov and Schmidt's reduction).

With the gradient G of minus the potential at x0 + eps psi + y, y orthogonal to psi:
``A y + eps^2 P D2G[psi, psi] / 2 = 0`` gives y, and the component along psi is
``r eps + eps^2 psi.D2G[psi, psi] / 2 + eps^3 (psi.D3G[psi, psi, psi] - 3 psi.D2G[psi, chi]) / 6``
with ``A chi = P D2G[psi, psi]`` (Golubitsky and Schaeffer, Singularities and Groups, ch. VII).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from sympy import Expr

from derive.equations import Equations
from numerics.criticality.lowest import DENSE, EPS
from numerics.criticality.response import Response
from numerics.criticality.result import Bifurcation, Landau
from numerics.problem import forms
from numerics.problem.operator import along, directions_of

__all__ = ["landau"]

ROUNDING = 64 * EPS  # of a sum of the magnitudes of its terms
SOLVED = 1e-8  # residual of the other modes, relative, above which the quartic is not known


@lru_cache(maxsize=64)
def _derivatives(equations: Equations, kind: str) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """Second derivatives along two directions, and third ones along three, of each row."""
    rows = (forms.gradient if kind == "hessian" else forms.residuals)(equations)
    first, second, third = directions_of(equations, 3)
    one = tuple(along(equations, row, first) for row in rows)
    two = tuple(along(equations, row, second) for row in one)
    return two, tuple(along(equations, row, third) for row in two)


def landau(
    response: Response, value: float, mode: np.ndarray, change: float, single: bool
) -> Landau:
    """The expansion along a critical mode, from directional derivatives in index notation.

    Parameters
    ----------
    response : Response
        The inverse response.
    value : float
        The critical value of the parameter.
    mode : ndarray
        The null vector over all unknowns, of norm 1.
    change : float
        Of its eigenvalue per relative change of the parameter, in magnitude; 0 where the critical
        value is zero, so that there is none.
    single : bool
        Whether no other mode is critical.
    """
    operator = response.family.at(value)
    second, third = _derivatives(response.family.equations, response.kind)
    v = mode[None]

    def bilinear(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return response.sign * operator.map(second, a[None], b[None])[0]

    image = bilinear(mode, mode)
    cubic = float(np.sum(mode * image))
    straight = response.sign * float(np.sum(mode * operator.map(third, v, v, v)[0]))
    doubt = [
        ROUNDING * float(np.sum(np.abs(mode) * operator.magnitudes(rows, *(v,) * order)[0]))
        for order, rows in ((2, second), (3, third))
    ]
    cubic = 0.0 if abs(cubic) <= doubt[0] else cubic
    others, solved = np.zeros_like(mode), False
    if single:  # else the other critical modes have no answer
        others, solved = _others(response, value, mode, image, doubt[0])
    mixed = 3 * float(np.sum(mode * bilinear(mode, others))) if others.any() else 0.0
    quartic = straight - mixed
    if abs(quartic) <= doubt[1] + ROUNDING * abs(mixed):
        quartic = 0.0
    return _classified(change, cubic, quartic, solved)


def _classified(change: float, cubic: float, quartic: float, sound: bool) -> Landau:
    if not sound or cubic == quartic == 0:
        return Landau(Bifurcation.DEGENERATE, cubic, quartic, None)
    if cubic:
        kind, amplitude = Bifurcation.TRANSCRITICAL, 2 * change / abs(cubic)
    else:
        kind = Bifurcation.SUPERCRITICAL if quartic > 0 else Bifurcation.SUBCRITICAL
        amplitude = 6 * change / abs(quartic)
    return Landau(kind, cubic, quartic, amplitude if change else None)


def _others(
    response: Response, value: float, mode: np.ndarray, image: np.ndarray, doubt: float
) -> tuple[np.ndarray, bool]:
    """chi, the answer of the other modes to the cubic term, and whether it was found."""
    right = image - mode * np.sum(mode * image)
    size = float(np.linalg.norm(right))
    if size <= doubt:
        return np.zeros_like(mode), True
    operator = response.family.at(value, len(mode) if len(mode) <= DENSE else 1)
    product = operator.hessian if response.kind == "hessian" else operator.jacobian
    if len(mode) <= DENSE:
        matrix = response.sign * product(np.eye(len(mode)))
        bordered = np.block(
            [[0.5 * (matrix + matrix.T), mode[:, None]], [mode[None], np.zeros((1, 1))]]
        )
        return np.linalg.solve(bordered, np.append(right, 0.0))[:-1], True
    from scipy.sparse.linalg import LinearOperator, minres

    def complement(vector: np.ndarray) -> np.ndarray:
        flat = vector.ravel() - mode * np.sum(mode * vector.ravel())
        found = response.sign * product(flat[None])[0]
        return found - mode * np.sum(mode * found)

    linear = LinearOperator((len(mode),) * 2, matvec=complement, dtype=float)
    chi = minres(linear, right, rtol=1e-14, maxiter=3000)[0]
    left = float(np.linalg.norm(complement(chi) - right))
    return chi - mode * np.sum(mode * chi), left <= SOLVED * size
