"""Linear systems whose blocks are matrices in index notation, and elimination in them.

``sum_b M[a, b] x[b] = r[a]``, where a block such as ``delta_ij - beta*w[i, j]/N`` stands for a
matrix of symbolic size.  A block that is diagonal in its indices can be inverted: it is the pivot
of a step of Gauss elimination (a Schur complement), whatever the other blocks are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sympy import Add, Expr, KroneckerDelta, Mul, S

from derive.indices import Index, free_indices
from derive.saddle.index_notation import index_of, is_indexed, next_letter, with_other_index
from derive.saddle.stationarity import distributed
from derive.total import Total

__all__ = ["BlockSystem", "Slots", "apart", "diagonal_part", "identity"]

Slots = tuple[Index, ...]
Blocks = dict[tuple[Expr, Expr], Expr]


@dataclass(frozen=True)
class BlockSystem:
    """Blocks M[a, b] with the row indices of a and the column indices of b.

    Attributes
    ----------
    rows, columns : dict from Expr to tuple of Index
        For each unknown that labels a row (its own indices) or a column (other letters) its
        indices; none for a scalar.
    blocks : dict
        The entries, by (row, column); what is missing is zero.
    right : dict
        The right-hand side of each row.
    """

    rows: Mapping[Expr, Slots]
    columns: Mapping[Expr, Slots]
    blocks: Blocks
    right: Mapping[Expr, Expr] = field(default_factory=dict)

    @staticmethod
    def of(
        unknowns: Iterable[Expr],
        entry: Callable[[Expr, Expr], Expr],
        right: Mapping[Expr, Expr] | None = None,
    ) -> BlockSystem:
        """Build it from a function of the row's unknown and the column's, as it is indexed there.

        Parameters
        ----------
        unknowns : iterable of Expr
            What labels rows and columns.
        entry : callable
            ``entry(V[i], U[j])`` is the block of these two.
        right : mapping, optional
            The right-hand sides.
        """
        unknowns = tuple(unknowns)
        taken = [i for u in unknowns for i in _slots(u)]
        others = {u: with_other_index(u, taken) for u in unknowns}
        blocks = {(a, b): entry(a, others[b]) for a in unknowns for b in unknowns}
        return BlockSystem(
            {u: _slots(u) for u in unknowns},
            {u: _slots(others[u]) for u in unknowns},
            {k: block for k, block in blocks.items() if block != 0},
            dict(right or {}),
        )

    def block(self, a: Expr, b: Expr) -> Expr:
        """One block; zero where there is none."""
        return self.blocks.get((a, b), S.Zero)

    def diagonal(self, a: Expr, b: Expr) -> Expr | None:
        """c if the block is ``c[i] delta_ij``, c not zero; else None."""
        rows, columns = self.rows[a], self.columns[b]
        if [i.range for i in rows] != [j.range for j in columns]:
            return None
        value, rest = diagonal_part(self.block(a, b), rows, columns)
        return value if rest == 0 and value != 0 else None

    def pivots(self) -> Iterator[tuple[Expr, Expr, Expr]]:
        """The diagonal blocks as (row, column, c), a row's own unknown first."""
        pairs = sorted(
            ((a, b) for a in self.rows for b in self.columns if (a, b) in self.blocks),
            key=lambda pair: pair[0] != pair[1],
        )
        for a, b in pairs:
            if (c := self.diagonal(a, b)) is not None:
                yield a, b, c

    def eliminated(self, row: Expr, column: Expr) -> BlockSystem:
        """Solve a row for the unknown of a column, whose block is diagonal, and insert it."""
        pivot = self.diagonal(row, column)
        assert pivot is not None  # chosen by pivots()
        blocks: Blocks = {}
        for a in self.rows:
            for b in self.columns:
                if a != row and b != column:
                    blocks[a, b] = self.block(a, b) - self._product(a, column, row, b, pivot)
        right = {
            a: r - self._applied(a, column, row, pivot) for a, r in self.right.items() if a != row
        }
        return BlockSystem(
            {a: i for a, i in self.rows.items() if a != row},
            {b: j for b, j in self.columns.items() if b != column},
            {k: block for k, block in blocks.items() if block != 0},
            right,
        )

    def _product(self, a: Expr, column: Expr, row: Expr, b: Expr, pivot: Expr) -> Expr:
        """``M[a, column] (1/c) M[row, b]``."""
        taken = (*self.rows[a], *self.columns[b])
        return self._acting(a, column, self.block(row, b) / pivot, self.rows[row], taken)

    def _applied(self, a: Expr, column: Expr, row: Expr, pivot: Expr) -> Expr:
        """``M[a, column] (1/c) r[row]``."""
        return self._acting(a, column, self.right[row] / pivot, self.rows[row], self.rows[a])

    def _acting(self, a: Expr, column: Expr, on: Expr, slots: Slots, taken: Slots) -> Expr:
        """``sum_k M[a, column]_ik on_k``; a diagonal block only multiplies."""
        if on == 0 or (a, column) not in self.blocks:
            return S.Zero
        if (factor := self.diagonal(a, column)) is not None:
            return factor * _renamed(on, slots, self.rows[a])
        middle = apart(slots, {*taken, *free_indices(on), *free_indices(self.blocks[a, column])})
        left = _renamed(self.block(a, column), self.columns[column], middle)
        body = left * _renamed(on, slots, middle)
        return Total(body, *middle) if middle else body


def apart(slots: Slots, taken: Iterable[Index]) -> Slots:
    """Indices over the same ranges whose names, the next letters, are not taken."""
    used, found = {index.name for index in taken}, []
    for index in slots:
        found.append(index.renamed(next_letter(index.name, used)))
        used.add(found[-1].name)
    return tuple(found)


def identity(rows: Slots, columns: Slots) -> Expr:
    """The product of Kronecker deltas between two sets of indices."""
    return Mul(*(KroneckerDelta(i, j) for i, j in zip(rows, columns, strict=True)))


def diagonal_part(entry: Expr, rows: Slots, columns: Slots) -> tuple[Expr, Expr]:
    """(c, rest) of ``c[i] delta_ij + rest``, the coefficient written in the row indices."""
    delta = identity(rows, columns)
    if not rows:
        return entry, S.Zero
    deltas = Mul.make_args(delta)
    at_row = dict(zip(columns, rows, strict=True))
    inside, outside = [], []
    terms = (t for part in Add.make_args(entry) for t in _opened(part, deltas))
    for term in terms:
        factors = Mul.make_args(term)
        if all(d in factors for d in deltas):
            inside.append(Mul(*(f for f in factors if f not in deltas)).xreplace(at_row))
        else:
            outside.append(term)
    return Add(*inside), Add(*outside)


def _opened(term: Expr, deltas: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """A term multiplied out where a delta stands inside of a factor."""
    factors = Mul.make_args(term)
    hidden = any(f not in deltas and f.has(*deltas) for f in factors)
    return Add.make_args(distributed(term)) if hidden else (term,)


def _renamed(expr: Expr, old: Slots, new: Slots) -> Expr:
    return expr.xreplace(dict(zip(old, new, strict=True)))


def _slots(unknown: Expr) -> Slots:
    return index_of(unknown) if is_indexed(unknown) else ()
