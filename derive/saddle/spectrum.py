"""Eigenvalues of given arrays, and which matrices in index notation they diagonalise.

``c_0 delta_ij + c_1 w[i, j] + c_2 sum_k w[i, k] w[k, j]`` is ``c_0 + c_1 lambda + c_2 lambda**2``
on an eigenvector of w, and ``sum_k W[i, k] W[j, k]`` the square of a singular value of W.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Add, Dummy, Expr, Mul, S, cancel

from derive.errors import DeclarationError, DeriveError
from derive.indices import Element, Index, Label, free_indices
from derive.saddle.block_system import Slots, diagonal_part
from derive.total import Binder, Total

__all__ = ["Eigenvalue", "SingularValue", "polynomials_of_one_array"]

Word = tuple[tuple[Label, bool], ...]


class Eigenvalue(Binder):
    """An eigenvalue of a matrix given by its entry in index notation, such as a given array.

    Equal up to the names of the two indices and to transposition; a number in front of the entry
    stands in front of the eigenvalue.

    Parameters
    ----------
    entry : Label or Expr
        The array ``w``, or an entry such as ``w[i, j] + w[j, i]``.
    row, column : Index, optional
        The indices of the entry; not needed for an array.

    Raises
    ------
    DeclarationError
        If the array does not have two indices over one range.

    Examples
    --------
    >>> import derive as dv
    >>> i, j = dv.indices("i j", dv.size("N"))
    >>> w = dv.Given("w", i, j, symmetric=True)
    >>> Eigenvalue(w), Eigenvalue(2*w[i, j], i, j), Eigenvalue(w).is_real
    (lambda(w), 2*lambda(w), True)
    """

    name = "lambda"

    def __new__(cls, entry: Any, *slots: Index) -> Expr:
        if isinstance(entry, Label):
            slots = tuple(Index(n, over) for n, over in zip("ij", entry.ranges, strict=False))
            entry = Element(entry, *slots)
        if len(slots) != 2 or not cls._fits(*slots):
            raise DeclarationError(
                f"{entry} with the indices {slots} is no matrix that has an {cls.__name__}"
            )
        number, rest = entry.primitive() if entry.is_Add else entry.as_coeff_Mul()
        return number * Expr.__new__(cls, rest, *slots)

    @staticmethod
    def _fits(row: Index, column: Index) -> bool:
        return row.range == column.range

    def _eval_is_real(self) -> bool | None:
        i, j = self.indices
        turned = self.body.xreplace({i: j, j: i})
        return True if turned == self.body else None

    def _eval_derivative(self, other: Any) -> Expr:
        if isinstance(other, Element) and self.body.has(other.label):
            raise DeriveError(f"{self} is not differentiated by the array {other.name}")
        return S.Zero

    def _sympystr(self, printer: Any) -> str:
        if isinstance(self.body, Element):
            return f"{self.name}({self.body.name})"
        parts = [printer._print(arg) for arg in self.args]
        return f"{self.name}({parts[0]} over {', '.join(parts[1:])})"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        if isinstance(self.body, Element):
            return rf"\{self.name}({printer._print(self.body.label)})"
        return rf"\{self.name}\left({printer._print(self.body)}\right)"


class SingularValue(Eigenvalue):
    """A singular value of a given array, the positive square root of an eigenvalue of W W^T.

    Examples
    --------
    >>> import derive as dv
    >>> i, j = dv.Index("i", dv.size("N")), dv.Index("j", dv.size("M"))
    >>> W = dv.Given("W", i, j)
    >>> SingularValue(W), SingularValue(W).is_positive
    (sigma(W), True)
    """

    name = "sigma"

    @staticmethod
    def _fits(row: Index, column: Index) -> bool:
        return True

    def _eval_is_real(self) -> bool:
        return True

    def _eval_is_positive(self) -> bool:
        return True


def polynomials_of_one_array(
    entries: Sequence[Expr], rows: Slots, columns: Slots
) -> tuple[list[Expr], Expr] | None:
    """Matrices in index notation as polynomials in the eigenvalue of one array.

    Parameters
    ----------
    entries : sequence of Expr
        The entries, each with these row and column indices.
    rows, columns : tuple of Index
        Their indices, one of each.

    Returns
    -------
    polynomials, eigenvalue : list of Expr, Expr
        What the matrices are on a common eigenvector, and the eigenvalue that stands in them; None
        if they are no polynomials of one array.
    """
    if len(rows) != 1:
        return None
    diagonals, words = [], []
    for entry in entries:
        diagonal, rest = diagonal_part(entry, rows, columns)
        chains = _chains(rest, rows[0], columns[0])
        if free_indices(diagonal) or chains is None:
            return None
        diagonals.append(diagonal)
        words.append(chains)
    if not any(words):
        return diagonals, Dummy("lambda")
    return _in_powers(diagonals, words) or _in_one_matrix(diagonals, words, rows[0], columns[0])


def _in_powers(
    diagonals: list[Expr], words: list[dict[Word, Expr]]
) -> tuple[list[Expr], Expr] | None:
    """Every product is a power of one, of w or of W W^T."""
    found = {word for chains in words for word in chains}
    shortest = min(found, key=len)
    prefixes = (shortest[:n] for n in range(1, len(shortest) + 1))
    base = next((p for p in prefixes if all(_is_power(word, p) for word in found)), None)
    if base is None:
        return None
    even = all(len(word) % 2 == 0 for word in found)
    value, step = _value_of(base, even)
    return [
        diagonal + Add(*(c * value ** (step * len(w) // len(base)) for w, c in chains.items()))
        for diagonal, chains in zip(diagonals, words, strict=True)
    ], value


def _is_power(word: Word, base: Word) -> bool:
    times, left = divmod(len(word), len(base))
    return not left and word == base * times


def _value_of(word: Word, even: bool) -> tuple[Expr, int]:
    """The eigenvalue of a product of arrays as a power of that of one array.

    Where a symmetric array occurs in even powers only, its singular value is that without a sign.
    """
    (first, turned), *rest = word
    if not rest:
        return (SingularValue if even and first.symmetric else Eigenvalue)(first), 1
    if rest == [(first, not turned)]:
        return SingularValue(first), 2
    row, column = Index("i", _ends(word)[0]), Index("j", _ends(word)[1])
    return Eigenvalue(_product(word, row, column), row, column), 1


def _in_one_matrix(
    diagonals: list[Expr], words: list[dict[Word, Expr]], row: Index, column: Index
) -> tuple[list[Expr], Expr] | None:
    """All matrices are multiples of one combination of arrays, such as W + W^T."""
    first = next(chains for chains in words if chains)
    lead = next(iter(first.values()))
    weights = {word: cancel(c / lead) for word, c in first.items()}
    if not all(weight.is_number for weight in weights.values()):
        return None
    entry = Add(*(c * _product(word, row, column) for word, c in weights.items()))
    value = Eigenvalue(entry, row, column)
    found = []
    for diagonal, chains in zip(diagonals, words, strict=True):
        scale = next(iter(chains.values())) / weights[next(iter(chains))] if chains else S.Zero
        same = set(chains) == set(weights) if chains else True
        if not same or any(cancel(c - scale * weights[w]) != 0 for w, c in chains.items()):
            return None
        found.append(diagonal + scale * value)
    return found, value


def _chains(expr: Expr, row: Index, column: Index) -> dict[Word, Expr] | None:
    """{product of arrays: coefficient}, None if something else carries an index."""
    found: dict[Word, Expr] = {}
    for term in Add.make_args(expr):
        if term == 0:
            continue
        coefficient = Mul(*(f for f in Mul.make_args(term) if not free_indices(f)))
        factors = [f for f in Mul.make_args(term) if free_indices(f)]
        if len(factors) == 1 and isinstance(factors[0], Total):
            factors = list(Mul.make_args(factors[0].body))
        word = _walk(factors, row, column)
        if word is None:
            return None
        found[word] = found.get(word, S.Zero) + coefficient
    return found


def _walk(factors: list[Expr], row: Index, column: Index) -> Word | None:
    """The arrays from row to column, each with one index of the next."""
    word: list[tuple[Label, bool]] = []
    here, left = row, list(factors)
    while left:
        touching = [f for f in left if here in free_indices(f)]
        if len(touching) != 1 or not _is_matrix(touching[0]):
            return None
        (array,) = touching
        turned = array.slots[0] != here
        word.append((array.label, turned and not array.label.symmetric))
        left.remove(array)
        here = array.slots[0] if turned else array.slots[1]
    return tuple(word) if here == column else None


def _is_matrix(factor: Expr) -> bool:
    return isinstance(factor, Element) and len(factor.slots) == 2 and len(set(factor.slots)) == 2


def _ends(word: Word) -> tuple[Any, Any]:
    (first, turned), (last, last_turned) = word[0], word[-1]
    return first.ranges[1 if turned else 0], last.ranges[0 if last_turned else 1]


def _product(word: Word, row: Index, column: Index) -> Expr:
    """The entry of a product of arrays."""
    here, factors, bound = row, [], []
    for count, (label, turned) in enumerate(word, start=1):
        over = label.ranges[0 if turned else 1]
        there = column if count == len(word) else Index(f"k{count}", over)
        factors.append(label[(there, here) if turned else (here, there)])
        bound += [] if there is column else [there]
        here = there
    return Total(Mul(*factors), *bound) if bound else Mul(*factors)
