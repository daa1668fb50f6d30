"""Linear response: how branches, and what is measured on them, move with a parameter.

With residuals r(x, p) = 0 along a branch, ``(dr/dx) dx/dp = -dr/dp``; the total derivative of an
observable O is ``dO/dp = sum_j (dO/dx_j) dx_j/dp`` plus its explicit part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sympy import Expr

from derive.equations import Index, free_indices
from numerics.problem import forms
from numerics.problem.operator import Operator, along, directions_of, scalar_parameter
from numerics.problem.roots import Roots
from numerics.problem.system import LARGE, System
from numerics.solvers.krylov import LARGEST_BASIS, blocks_of, solved
from numerics.solvers.newton import newton_direction
from numerics.solvers.roots import EPS

__all__ = ["Tangents", "derivative", "tangents"]

ROUNDING = 8 * EPS  # of a product with the Jacobian, relative to the magnitudes of its terms
NOTHING = 1e-8  # a component below this part of the largest is rounding
PRODUCTS = 200
FEWEST = 40
FIRST = 1e-10  # relative residual of the first solution of a linear system
ENOUGH = 16 * EPS  # relative residual at which it needs no further one
REFINED = 6  # how often what is left of a linear system is solved for again
SOLVED = 1e-8  # relative residual above which a linear system counts as unsolved


@dataclass(frozen=True)
class Tangents:
    """The derivative of every root by a parameter.

    Attributes
    ----------
    x : ndarray (roots, n)
        dx/dp; nan where the Jacobian is singular or the linear system could not be solved.
    diverging : ndarray (roots, n)
        Where the Jacobian is singular within its rounding: the direction in which the root moves
        infinitely fast; zero elsewhere.
    """

    x: np.ndarray
    diverging: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """dx/dp with the infinite components of singular roots; those that stay finite are nan."""
        size = np.abs(self.diverging)
        large = size > NOTHING * size.max(axis=1, keepdims=True)
        return np.where(large, np.copysign(np.inf, self.diverging), self.x)


def tangents(system: System, roots: Roots, parameter: str) -> Tangents:
    """Solve the linear response of every root to a scalar parameter.

    Of many unknowns by GMRES on products with the Jacobian, else directly. Where the least
    singular value is zero within rounding and within the error of the root, the response diverges
    along its direction, with the sign that it has on the side where the root is stable.

    Raises
    ------
    UnknownParameterError
        If there is no such parameter, or it is an array.
    """
    scalar_parameter(system.equations, parameter)
    x = np.full_like(roots.x, np.nan)
    diverging = np.zeros_like(roots.x)
    dense = system.n <= LARGE
    kept = system.n if dense else int(np.clip(LARGEST_BASIS // system.n, FEWEST, PRODUCTS))
    for part in blocks_of(len(x), system.n, kept):
        here = roots.take(np.arange(len(x))[part])
        slope = system.residual_slope(parameter, here.x, here.rows)
        operator = Operator(system, here.x, here.rows)
        if dense:
            solution, least, right, left = _directly(system, here, slope)
        else:
            solution, least, right, left = _by_products(operator, slope, kept)
        singular = ~(least > _doubt(operator, here, right))
        x[part] = np.where(singular[:, None], np.nan, solution)
        diverging[part] = np.where(singular[:, None], _pole(slope, right, left), 0.0)
    if forms.sign_of_changes(system.equations) == 1 or not (
        system.equations.residuals or system.equations.update
    ):  # the Jacobian of update - unknown, or of a gradient, is negative where a root is stable
        diverging = -diverging
    return Tangents(x, diverging)


Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _directly(system: System, roots: Roots, slope: np.ndarray) -> Parts:
    """The solution, the least singular value and its directions right and left."""
    jacobian = system.linear(roots.x, roots.rows)[1]
    left, values, right = np.linalg.svd(jacobian)
    return newton_direction(slope, jacobian), values[:, -1], right[:, -1], left[:, :, -1]


def _by_products(operator: Operator, slope: np.ndarray, products: int) -> Parts:
    size = np.linalg.norm(slope, axis=1)
    found = solved(operator.jacobian, -slope, FIRST, products)
    solution, rest = found.x, found.left
    for _ in range(REFINED):
        if (rest <= ENOUGH).all():
            break
        wrong = -slope - operator.jacobian(solution)
        better = solution + solved(operator.jacobian, wrong, ENOUGH / FIRST, products).x
        left = np.linalg.norm(slope + operator.jacobian(better), axis=1)
        improved = left < rest * size
        solution = np.where(improved[:, None], better, solution)
        rest = np.where(improved, left / np.where(size > 0, size, 1.0), rest)
        if not improved.any():
            break
    solution = np.where((rest <= SOLVED)[:, None], solution, np.nan)
    return solution, found.least, found.weakest, found.partner


def _doubt(operator: Operator, roots: Roots, right: np.ndarray) -> np.ndarray:
    """How far off the least singular value is, by rounding and by the error of the root."""
    product = operator.jacobian(right)
    doubt = ROUNDING * np.linalg.norm(operator.magnitude("jacobian", right), axis=1)
    known = (roots.weakest != 0).any(axis=1)
    largest = np.abs(right).max(axis=1)
    scaled = right / np.where(largest > 0, largest, 1.0)[:, None]
    path = np.where(known[:, None], roots.weakest, scaled)
    for side in (-1, 1):
        there = roots.x + side * roots.error[:, None] * path
        moved = Operator(operator.system, there, roots.rows).jacobian(right)
        doubt = doubt + np.linalg.norm(moved - product, axis=1)
    return doubt


def _pole(slope: np.ndarray, right: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Where to a root moves as the least singular value goes to zero; zero if it does not."""
    push = -(left * slope).sum(axis=1) * np.sign((left * right).sum(axis=1))
    pushed = np.abs(push) > NOTHING * np.linalg.norm(slope, axis=1)
    return np.where(pushed, np.sign(push), 0.0)[:, None] * right


def derivative(system: System, roots: Roots, expression: Expr, parameter: str) -> np.ndarray:
    """The total derivative of an expression along every root (roots, ...).

    Infinite where the root diverges and the expression feels it, nan where that is undecided.
    """
    symbol = scalar_parameter(system.equations, parameter)
    (direction,) = directions_of(system.equations)
    moving = along(system.equations, expression, direction)
    layout = tuple(sorted(free_indices(expression), key=Index.sort_key))
    if moving == 0:
        explicit = system.evaluate((expression.diff(symbol),), [layout], roots.x, roots.rows)
        return np.array(explicit[0])
    found = tangents(system, roots, parameter)
    operator = Operator(system, roots.x, roots.rows)

    def carried(expr: Expr, vector: np.ndarray) -> np.ndarray:
        return np.array(operator.evaluate((expr,), [layout], (vector,))[0])

    total = carried(expression.diff(symbol) + moving, found.x)
    singular = (found.diverging != 0).any(axis=1)
    if singular.any():
        pull = carried(moving, found.diverging)
        felt = np.abs(pull) > NOTHING * max(float(np.abs(pull).max()), NOTHING)
        total = np.where(felt, np.copysign(np.inf, pull), total)
    return total
