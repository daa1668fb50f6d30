"""The door for arrays of couplings, dense and sparse: numbers, finite, symmetric where declared.

Large arrays are looked at a block at a time, so that no check takes memory of their size.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from numerics.errors import NotANumberError, ShapeError, SymmetryError

__all__ = [
    "all_finite",
    "as_sparse",
    "check_mask",
    "check_symmetric",
    "check_zero_diagonal",
    "extremes",
    "first_bad",
    "is_sparse",
    "rounding_unit",
]

PASS = 8192  # numbers for which linear algebra libraries start no threads
TILE = 256
# A sum over j of N entries is known to N u max|w| at best, u being the unit of rounding: entries
# that two orders of summation leave apart by a few u max|w| change no digit of it.
ROUNDING = 16.0


def is_sparse(value: Any) -> bool:
    """Whether a value is a SciPy sparse array or matrix; nothing is imported to find out."""
    scipy_sparse = sys.modules.get("scipy.sparse")
    return scipy_sparse is not None and bool(scipy_sparse.issparse(value))


def as_sparse(name: str, value: Any) -> Any:
    """A sparse array or matrix as a `csr_array` of doubles, each entry stored once.

    Raises
    ------
    NotANumberError
        For complex numbers and what is no number.
    ShapeError
        For a sparse vector.
    """
    from scipy.sparse import csr_array

    if value.dtype.kind not in "iufb":
        raise NotANumberError(f"{name} holds sparse {value.dtype} values: give real numbers")
    if value.ndim != 2:
        raise ShapeError(f"{name} is a sparse array of shape {value.shape}: give {name}.toarray()")
    known = isinstance(value, csr_array) and value.dtype == np.float64
    result = value if known else csr_array(value, dtype=np.float64)
    if not result.has_canonical_format:
        result = result.copy()
        result.sum_duplicates()
    return result


def check_mask(name: str, value: Any) -> None:
    """Refuse a masked array that hides entries: they have no number to compute with."""
    mask = getattr(value, "mask", None)
    if isinstance(value, np.ma.MaskedArray) and np.any(mask):
        at = tuple(int(k) for k in np.argwhere(np.ma.getmaskarray(value))[0])
        raise NotANumberError(f"{name} is masked{_at(at)}: give {name}.filled(...) with numbers")


def all_finite(array: Any) -> bool:
    """Whether nothing in an array, dense or sparse, is infinite or nan, by one fast pass."""
    entries = array.data if is_sparse(array) else array
    return all(_is_finite(part) for part in _parts(entries))


def first_bad(array: Any) -> tuple[float, tuple[int, ...]]:
    """The first entry that is infinite or nan, and its index."""
    if not is_sparse(array):
        at = np.unravel_index(int(np.argmin(np.isfinite(array))), np.shape(array))
        return float(array[at]), tuple(map(int, at))
    place = int(np.argmin(np.isfinite(array.data)))
    coords = array.tocoo().coords
    return float(array.data[place]), tuple(int(axis[place]) for axis in coords)


def extremes(array: Any) -> tuple[float, float]:
    """The least and the largest entry, those that a sparse matrix does not store included."""
    entries = array.data if is_sparse(array) else array
    if entries.size == 0:
        return 0.0, 0.0
    least, largest = float(entries.min()), float(entries.max())
    if entries.size < np.prod(array.shape):
        return min(least, 0.0), max(largest, 0.0)
    return least, largest


def rounding_unit(array: Any) -> float:
    """The relative rounding error of the type that numbers are given in."""
    given = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    return float(np.finfo(given).eps)


def _parts(array: Any) -> Iterator[Any]:
    """A large array in pieces without a copy where its memory allows."""
    if array.flags.c_contiguous and array.ndim == 1 and array.size <= PASS:
        yield array
    elif array.flags.c_contiguous or array.flags.f_contiguous:
        flat = array.reshape(-1, order="A")
        yield from (flat[k : k + PASS] for k in range(0, flat.size, PASS))
    elif array.ndim:
        for part in array:
            yield from _parts(part)


def _is_finite(part: Any) -> bool:
    """A square may overflow although its number is finite; then each number is looked at."""
    if part.dtype != np.float64:
        return bool(np.isfinite(part).all())
    return bool(np.dot(part, part) < np.inf or np.isfinite(part).all())


def check_symmetric(name: str, array: Any, unit: float | None = None) -> None:
    """Refuse a matrix that is not equal to its transpose, up to rounding.

    Parameters
    ----------
    name : str
        What the array is called.
    array : ndarray (..., n, n) or sparse array (n, n)
        One matrix, or a batch of them.
    unit : float, optional
        The relative rounding error of its entries; that of its type by default.

    Raises
    ------
    ShapeError
        If it is not square.
    SymmetryError
        If ``abs(w - w.T)`` exceeds 16 units of rounding of the largest ``abs(w)`` anywhere.

    Examples
    --------
    >>> import numpy as np
    >>> check_symmetric("w", np.array([[1.0, 2.0], [2.0, 1.0]]))
    """
    if array.shape[-1] != array.shape[-2]:
        raise ShapeError(f"{name} has shape {array.shape}: a symmetric array is square")
    unit = rounding_unit(array) if unit is None else unit
    if is_sparse(array):
        worst, at, largest = _sparse_asymmetry(array)
        _refuse(name, worst, at, ROUNDING * unit * largest)
        return
    if array.ndim > 2 and np.array_equal(array, np.swapaxes(array, -1, -2)):
        return  # all of them at once: most batches are exactly symmetric
    for place in np.ndindex(array.shape[:-2]):
        matrix = array[place]
        worst, at = _asymmetry(matrix)
        if worst:
            largest = max(float(np.abs(part).max()) for part in _parts(matrix))
            _refuse(name, worst, (*place, *at), ROUNDING * unit * largest)


def check_zero_diagonal(name: str, array: Any) -> None:
    """Refuse a matrix with an entry other than zero on its diagonal.

    Raises
    ------
    SymmetryError
        If there is one.

    Examples
    --------
    >>> import numpy as np
    >>> check_zero_diagonal("w", np.array([[0.0, 2.0], [2.0, 0.0]]))
    """
    own = array.diagonal() if is_sparse(array) else np.diagonal(array, axis1=-2, axis2=-1)
    if own.any():
        at = tuple(int(k) for k in np.argwhere(own)[0])
        raise SymmetryError(
            f"{name} was declared with zero_diagonal=True, but {name}{[*at, at[-1]]} is "
            f"{own[at]:.6g}: hand in {name} without its diagonal, or declare {name} without it"
        )


def _refuse(name: str, worst: float, at: tuple[int, ...], allowed: float) -> None:
    if not worst <= allowed:
        raise SymmetryError(
            f"{name} was declared symmetric, but abs({name} - {name}.T) is {worst:.6g}{_at(at)}: "
            f"only the symmetric part enters sum_ij {name}_ij s_i s_j, so hand in "
            f"({name} + {name}.T)/2, or declare {name} without symmetric=True, and the derivation "
            "symmetrises by itself"
        )


def _asymmetry(matrix: Any) -> tuple[float, tuple[int, ...]]:
    """The largest entry of abs(w - w.T), by tiles, and where it is."""
    size, worst, at = len(matrix), 0.0, (0, 0)
    for row in range(0, size, TILE):
        for column in range(row, size, TILE):
            above = matrix[row : row + TILE, column : column + TILE]
            below = matrix[column : column + TILE, row : row + TILE].T
            if np.array_equal(above, below):
                continue
            apart = np.abs(above - below)
            if apart.max() > worst:
                i, j = np.unravel_index(int(np.argmax(apart)), apart.shape)
                worst, at = float(apart[i, j]), (row + int(i), column + int(j))
    return worst, at


def _sparse_asymmetry(matrix: Any) -> tuple[float, tuple[int, ...], float]:
    apart = abs(matrix - matrix.T).tocoo()
    if not apart.nnz or not apart.data.any():
        return 0.0, (0, 0), 0.0
    place = int(np.argmax(apart.data))
    at = tuple(sorted(int(axis[place]) for axis in apart.coords))
    return float(apart.data[place]), at, float(np.abs(matrix.data).max())


def _at(at: tuple[int, ...]) -> str:
    return f" at index {at}" if at else ""
