"""Couplings as numbers: sums of (a factor that varies over the batch) x (one matrix for all of it).

At a hundred temperatures ``beta*w[i, j]/N`` is one matrix w and a hundred numbers beta/N.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Add, Expr, Mul, S, expand, sympify

from derive.equations import Element, Equations, Index, free_indices
from numerics.kernel import Kernel
from numerics.matrices import is_sparse
from numerics.problem.given import Given

__all__ = ["Matrix", "Values", "split", "symmetric_part"]

Matrix = Any  # a dense array, or a SciPy sparse one


def split(expr: Expr) -> dict[Expr, Expr]:
    """An expression with free indices as {factor without them: what they occur in}."""
    found: dict[Expr, Expr] = {}
    for term in Add.make_args(expand(expr)):
        scale = Mul(*(f for f in Mul.make_args(term) if not free_indices(f)))
        rest = Mul(*(f for f in Mul.make_args(term) if free_indices(f)))
        if term != 0:
            found[scale] = found.get(scale, S.Zero) + rest
    return found


@lru_cache(maxsize=256)
def _kernel(expr: Expr, parameters: tuple[Expr, ...], order: tuple[Index, ...]) -> Kernel:
    kept = tuple(i for i in order if i in free_indices(expr))
    return Kernel(Equations((), parameters, (("value", expr),)), order=kept)


@dataclass(frozen=True)
class Values:
    """Evaluates coefficients at the parameters of a batch, or of some of its points.

    Attributes
    ----------
    parameters : tuple of Expr
        Their symbols.
    given : Given
        Their values, checked.
    points : ndarray of int
        Which points of the batch.
    """

    parameters: tuple[Expr, ...]
    given: Given
    points: np.ndarray

    def over(self, expr: Expr, order: tuple[Index, ...]) -> np.ndarray:
        """An expression over the points and its free indices: (points, sizes of the indices).

        Axes over which it is constant have length one.
        """
        expr = sympify(expr)
        occurring = {e.name for e in expr.atoms(Element)} | {s.name for s in expr.free_symbols}
        sizes = [size for size in self.given.sizes if size.is_Symbol]
        needed = [p for p in self.parameters if p.name in occurring and p not in sizes]
        kernel = _kernel(expr, (*needed, *sizes), order)
        value = np.asarray(kernel(self._arguments(kernel)), dtype=float)
        inner = sum(i in free_indices(expr) for i in order)
        if value.ndim == inner:
            value = value[None]
        where = tuple(k + 1 for k, i in enumerate(order) if i not in free_indices(expr))
        return np.expand_dims(value, where) if where else value

    def matrix(self, expr: Expr, rows: tuple[Index, ...], columns: tuple[Index, ...]) -> Matrix:
        """An expression in the indices of two spins as one matrix, constant over the points."""
        parts = [self._direct(term, rows, columns) for term in Add.make_args(expr)]
        if all(part is not None for part in parts):
            return sum(parts[1:], start=parts[0])
        dense = self.over(expr, (*rows, *columns))
        shape = (self.size(rows), self.size(columns))
        full = tuple(self.count(i) for i in (*rows, *columns))
        return np.ascontiguousarray(np.broadcast_to(dense[0], full)).reshape(shape)

    def varies(self, expr: Expr) -> bool:
        """Whether an expression differs between points of the whole batch."""
        names = {e.name for e in expr.atoms(Element)} | {s.name for s in expr.free_symbols}
        flat, core = self.given.flat, self.given.core
        return any(n in flat and flat[n].ndim > core[n] for n in names)

    def count(self, index: Index) -> int:
        """The number of values of an index."""
        return int(index.range.size.subs(self.given.sizes))

    def size(self, indices: tuple[Index, ...]) -> int:
        """The number of sites that indices number."""
        return int(np.prod([self.count(i) for i in indices], dtype=int))

    def _direct(self, term: Expr, rows: tuple[Index, ...], columns: tuple[Index, ...]) -> Matrix:
        """``w[i, j]`` and ``w[j, i]`` as they were given, or transposed."""
        number, element = term.as_coeff_Mul()
        if not isinstance(element, Element) or len(rows) != 1 or len(columns) != 1:
            return None
        array = self._array(element.name)
        if element.slots == (*rows, *columns):
            return float(number) * array
        if element.slots == (*columns, *rows):
            return float(number) * array.T
        return None

    def _array(self, name: str) -> Matrix:
        value = self.given.flat[name]
        return value[self.points[0]] if value.ndim > self.given.core[name] else value

    def _arguments(self, kernel: Kernel) -> dict[Expr, np.ndarray]:
        taken = self.given.take(self.points)
        sizes = {size.name: float(n) for size, n in self.given.sizes.items() if size.is_Symbol}
        known: dict[str, Any] = {**sizes, **taken}
        return {symbol: known[symbol.name] for symbol in kernel.inputs}


def symmetric_part(matrix: Matrix) -> Matrix:
    """What couples different spins: symmetric to the last digit, without diagonal."""
    matrix = (matrix + matrix.T) / 2
    if is_sparse(matrix):
        import scipy.sparse as sparse

        return (matrix - sparse.diags_array(matrix.diagonal())).tocsr()
    np.fill_diagonal(matrix, 0.0)
    return matrix
