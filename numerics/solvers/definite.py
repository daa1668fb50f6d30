"""Stability of branches of many unknowns, from products of the Hessian with vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sympy import KroneckerDelta, Mul

from numerics.problem import forms
from numerics.problem.operator import Operator
from numerics.problem.roots import Roots
from numerics.problem.status import Stability
from numerics.problem.system import System
from numerics.solvers.krylov import LARGEST_BASIS, blocks_of, lowest
from numerics.solvers.roots import EPS

__all__ = ["separable", "stability_by_products"]

ROUNDING = 8 * EPS  # of a product, relative to the magnitudes of its terms
PRODUCTS = 200
FEWEST = 60


def separable(system: System) -> bool:
    """Whether fields on the imaginary axis, if there are any, do not couple to each other.

    Then their block of the Hessian is a diagonal, as that of the fields U that are conjugate to
    means V in the sum of log 2 cosh U.
    """
    equations = system.equations
    signs = equations.signs or (1,) * len(system.lengths)
    imaginary = [k for k, sign in enumerate(signs) if sign < 0]
    if not imaginary or len(imaginary) == len(signs):
        return True
    blocks = forms.hessian(equations)
    return all(
        term == 0 or (a == b and (system.lengths[a] == 1 or _is_diagonal(term)))
        for a in imaginary
        for b in imaginary
        for term in forms.terms(blocks[a][b])
    )


def _is_diagonal(term: object) -> bool:
    return any(isinstance(factor, KroneckerDelta) for factor in Mul.make_args(term))


@dataclass(frozen=True)
class _Form:
    """The symmetric form that is positive where a branch is stable.

    Minus the Hessian over the real fields, or, if some fields are imaginary, minus its Schur
    complement of their diagonal block, which must be positive itself; over imaginary fields alone,
    the Hessian.
    """

    operator: Operator
    real: np.ndarray
    diagonal: np.ndarray  # of the imaginary block (rows, imaginary)

    @classmethod
    def at(cls, operator: Operator) -> _Form:
        system = operator.system
        signs = np.repeat(system.equations.signs or (1,) * len(system.lengths), system.lengths)
        real = signs > 0
        ones = np.where(real, 0.0, 1.0) * np.ones_like(operator.x)
        mixed = real.any() and not real.all()
        block = operator.hessian(ones)[:, ~real] if mixed else np.ones((len(operator.x), 0))
        return cls(operator, real, block)

    @property
    def mixed(self) -> bool:
        return bool(self.diagonal.shape[1])

    @property
    def n(self) -> int:
        """How many components a vector has."""
        return int(self.real.sum()) if self.mixed else len(self.real)

    def whole(self, v: np.ndarray) -> np.ndarray:
        """A vector over all fields: the imaginary ones where the form is stationary in them."""
        if not self.mixed:
            return v
        z = np.zeros_like(self.operator.x)
        z[:, self.real] = v
        with np.errstate(all="ignore"):
            z[:, ~self.real] = -self.operator.hessian(z)[:, ~self.real] / self.diagonal
        return z

    def __call__(self, v: np.ndarray) -> np.ndarray:
        product = self.operator.hessian(self.whole(v))
        if self.mixed:
            return -product[:, self.real]
        return -product if self.real.all() else product


def stability_by_products(system: System, roots: Roots) -> np.ndarray:
    """The `Stability` of each root; `UNKNOWN` where the lowest eigenvalue has not converged.

    The lowest Ritz value of the form is never below its lowest eigenvalue, so that a negative one
    proves a branch unstable; a positive one tells a stable branch once it has converged.
    """
    places = np.full(len(roots.x), int(Stability.UNKNOWN))
    products = int(np.clip(LARGEST_BASIS // system.n, FEWEST, PRODUCTS))
    for part in blocks_of(len(roots.x), system.n, products):
        x, rows = roots.x[part], roots.rows[part]
        form = _Form.at(Operator(system, x, rows))
        if not np.isfinite(form.diagonal).all():
            continue
        start = np.random.default_rng(0).normal(size=form.n) * np.ones((len(x), 1))
        found = lowest(form, start, products)
        doubt = _doubt(form, found.vector, roots.take(np.arange(len(places))[part]))
        doubt = doubt + ROUNDING * found.largest
        inner = (form.diagonal > 0).all(axis=1)
        places[part] = np.select(
            [
                ~np.isfinite(found.value) | ~inner,
                found.value < -doubt,
                found.value - found.left > doubt,
                found.value - found.left <= -doubt,
            ],
            [Stability.UNKNOWN, Stability.UNSTABLE, Stability.STABLE, Stability.UNKNOWN],
            np.where(found.left <= doubt, Stability.MARGINAL, Stability.UNKNOWN),
        )
    return places


def _doubt(form: _Form, vector: np.ndarray, roots: Roots) -> np.ndarray:
    """How far off the form of the lowest vector is, by rounding and by the error of the root."""
    z = form.whole(vector)
    operator = form.operator
    magnitude = operator.magnitude("hessian", z)
    doubt = ROUNDING * (np.abs(z) * magnitude).sum(axis=1)
    known = (roots.weakest != 0).any(axis=1)
    along = np.where(known[:, None], roots.weakest, z / np.abs(z).max(axis=1)[:, None])
    here = operator.hessian(z)
    for side in (-1, 1):
        there = roots.x + side * roots.error[:, None] * along
        moved = Operator(operator.system, there, roots.rows).hessian(z)
        doubt = doubt + np.abs((z * (moved - here)).sum(axis=1))
    return doubt
