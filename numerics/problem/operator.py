"""Jacobian and Hessian times vectors, in index notation: no matrix over the sites is ever formed.

With unknowns u and directions v, ``sum_u Total(d r_i / d u_j * v_j, j)``: Kronecker deltas contract
and couplings stay products of a matrix and a vector.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from sympy import Add, Expr, Symbol

from derive.equations import Element, Equations, Index, Label, Total, free_indices
from numerics.errors import UnknownParameterError
from numerics.problem import forms
from numerics.problem.given import is_array
from numerics.problem.system import Layout, System

__all__ = ["Operator", "along", "directions_of", "scalar_parameter"]


@lru_cache(maxsize=256)
def directions_of(equations: Equations, count: int = 1) -> tuple[tuple[Expr, ...], ...]:
    """Names for `count` vectors in the space of the unknowns, each a tuple like the unknowns."""
    taken = {symbol.name for symbol in (*equations.unknowns, *equations.parameters)}
    return tuple(
        tuple(_direction(unknown, k, taken) for unknown in equations.unknowns) for k in range(count)
    )


def _direction(unknown: Expr, number: int, taken: set[str]) -> Expr:
    name = f"{unknown.name}_along{number}"
    while name in taken:
        name += "'"
    if isinstance(unknown, Element):
        return Element(Label(name, unknown.label.ranges), *unknown.slots)
    return Symbol(name, real=True)


def along(equations: Equations, expression: Expr, direction: tuple[Expr, ...]) -> Expr:
    """The derivative of an expression of the unknowns along a direction.

    Examples
    --------
    >>> from sympy import Symbol, tanh
    >>> from derive.equations import Equations
    >>> m, v = Symbol("m", real=True), Symbol("v", real=True)
    >>> along(Equations((m,), (), ()), m**3, (v,))
    3*m**2*v
    """
    return Add(
        *(
            _product(expression.diff(column), vector, column)
            for column, vector in zip(_columns(equations), direction, strict=True)
        )
    )


def _product(entry: Expr, vector: Expr, column: Expr) -> Expr:
    """One block of a derivative times its part of the vector, summed over the column index."""
    (new,), (old,) = free_indices(column) or (None,), free_indices(vector) or (None,)
    return entry * vector if new is None else Total(entry * vector.xreplace({old: new}), new)


@lru_cache(maxsize=128)
def _columns(equations: Equations) -> tuple[Expr, ...]:
    return forms.columns_of(equations)


@lru_cache(maxsize=256)
def _products(equations: Equations, kind: str, parameter: str | None = None) -> tuple[Expr, ...]:
    """The derived products, one for each unknown; of their derivative if a parameter is named."""
    source = forms.gradient if kind == "hessian" else forms.residuals
    (direction,) = directions_of(equations)
    found = tuple(along(equations, row, direction) for row in source(equations))
    if parameter is None:
        return found
    symbol = scalar_parameter(equations, parameter)
    return tuple(row.diff(symbol) for row in found)


def scalar_parameter(equations: Equations, name: str) -> Expr:
    """The scalar parameter of a name.

    Raises
    ------
    UnknownParameterError
        If there is none, or it is an array.
    """
    scalars = {p.name: p for p in equations.parameters if not is_array(p)}
    if name not in scalars:
        have = ", ".join(scalars) or "none"
        raise UnknownParameterError(
            f"there is no scalar parameter {name} to vary: the problem has {have}"
        )
    return scalars[name]


@lru_cache(maxsize=128)
def _extended(equations: Equations, count: int) -> Equations:
    """The same problem with vectors beside the unknowns, so that both are arguments of a kernel."""
    vectors = tuple(v for direction in directions_of(equations, count) for v in direction)
    return Equations((*equations.unknowns, *vectors), equations.parameters, ())


class Operator:
    """Derivatives of the equations at given states, as linear maps.

    Parameters
    ----------
    system : System
        The equations with their parameters.
    x : ndarray (rows, n)
        The states.
    rows : ndarray of int (rows,)
        The batch point that each state belongs to.

    Notes
    -----
    Cost and memory of a product are those of the couplings.  A vector is ``(rows, n)``: one for
    each state.

    Examples
    --------
    >>> import numpy as np
    >>> from sympy import symbols
    >>> from derive.equations import Equations
    >>> from numerics.problem.given import bind
    >>> x, a = symbols("x a", real=True)
    >>> problem = Equations((x,), (a,), (), residuals=(x**2 - a,))
    >>> system = System(problem, bind(problem, {"a": 2.0}))
    >>> Operator(system, np.array([[3.0]]), np.zeros(1, dtype=int)).jacobian(np.array([[1.0]]))
    array([[6.]])
    """

    def __init__(self, system: System, x: np.ndarray, rows: np.ndarray) -> None:
        self.system, self.x, self.rows = system, x, rows
        self.equations = system.equations

    def jacobian(self, v: np.ndarray, parameter: str | None = None) -> np.ndarray:
        """The Jacobian of the residuals times a vector ``(rows, n)``.

        Of its derivative by a scalar parameter, if one is named.
        """
        return self.map(_products(self.equations, "jacobian", parameter), v)

    def hessian(self, v: np.ndarray, parameter: str | None = None) -> np.ndarray:
        """The Hessian of the potential times a vector ``(rows, n)``.

        Of its derivative by a scalar parameter, if one is named.

        Raises
        ------
        ProblemError
            If the equations have no potential.
        """
        return self.map(_products(self.equations, "hessian", parameter), v)

    def magnitude(self, kind: str, v: np.ndarray) -> np.ndarray:
        """What the rounding error of a product ``(rows, n)`` is relative to.

        `kind` is "jacobian" or "hessian".
        """
        return self.magnitudes(_products(self.equations, kind), v)

    def magnitudes(self, expressions: tuple[Expr, ...], *vectors: np.ndarray) -> np.ndarray:
        """Like `map`, with the magnitudes of the terms of each expression added up."""
        parts = [forms.terms(row) for row in expressions]
        indices = self._indices()
        flat = tuple(term for part in parts for term in part)
        spread: list[Layout] = [(i,) for part, i in zip(parts, indices, strict=True) for _ in part]
        values = iter(self.evaluate(flat, spread, vectors))
        sums = [np.sum([np.abs(next(values)) for _ in part], axis=0) for part in parts]
        return np.concatenate(sums, axis=1)

    def map(self, expressions: tuple[Expr, ...], *vectors: np.ndarray) -> np.ndarray:
        """Expressions of unknowns and `directions_of`, one for each unknown ``(rows, n)``."""
        layouts: list[Layout] = [(i,) for i in self._indices()]
        return np.concatenate(self.evaluate(expressions, layouts, vectors), axis=1)

    def evaluate(
        self,
        expressions: tuple[Expr, ...],
        layouts: list[Layout],
        vectors: tuple[np.ndarray, ...],
    ) -> list[np.ndarray]:
        """Expressions of unknowns and `directions_of` at the states, on the axes of a layout."""
        extended = self.system.beside(_extended(self.equations, len(vectors)))
        state = np.concatenate([self.x, *vectors], axis=1)
        return extended.evaluate(expressions, layouts, state, self.rows)

    def _indices(self) -> list[Index | None]:
        return [next(iter(free_indices(u)), None) for u in self.equations.unknowns]
