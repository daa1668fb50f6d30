"""The door: parameter values are checked, broadcast and flattened, or refused by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Expr, Symbol, solve

from derive.equations import Element, Equations
from numerics.errors import (
    AmbiguousNameError,
    DomainError,
    MissingParameterError,
    NotANumberError,
    ShapeError,
    UnknownParameterError,
)
from numerics.matrices import (
    all_finite,
    as_sparse,
    check_mask,
    check_symmetric,
    check_zero_diagonal,
    extremes,
    first_bad,
    is_sparse,
    rounding_unit,
)
from numerics.problem.errors import ProblemError

__all__ = ["Given", "as_equations", "bind", "is_array", "sizes_of"]


@dataclass(frozen=True)
class Given:
    """Parameter values over a batch of points.

    Attributes
    ----------
    shape : tuple of int
        The batch shape.
    values : dict
        Name to the values as they were given, sparse matrices as `scipy.sparse.csr_array`.
    flat : dict
        Name to values with at most one batch axis in front: a constant keeps none.
    core : dict
        Name to the number of axes that are no batch axes.
    sizes : dict
        Size symbol to number.
    """

    shape: tuple[int, ...]
    values: dict[str, Any]
    flat: dict[str, Any]
    core: dict[str, int]
    sizes: dict[Expr, int]

    @property
    def points(self) -> int:
        """The number of points in the batch."""
        return int(np.prod(self.shape, dtype=int))

    def take(self, rows: np.ndarray) -> dict[str, Any]:
        """The values at the points of the given rows; constants stay as they are."""
        return {
            name: value[rows] if value.ndim > self.core[name] else value
            for name, value in self.flat.items()
        }


def as_equations(problem: Any) -> Equations:
    """The equations of a problem, or of whatever offers them.

    Raises
    ------
    ProblemError
        If it neither is nor offers `Equations`, or has no unknown.
    """
    if not hasattr(problem, "equations"):
        raise ProblemError(
            f"{type(problem).__name__} offers no equations: pass derive.Equations, or a derivation "
            "that has reached its saddle point"
        )
    equations: Equations = problem.equations()
    if not equations.unknowns:
        raise ProblemError("these equations have no unknown: evaluate them with compile instead")
    return equations


def is_array(symbol: Expr) -> bool:
    """Whether a symbol stands for an array: an element with slots."""
    return isinstance(symbol, Element) and bool(symbol.slots)


def bind(equations: Equations, values: Mapping[str, Any]) -> Given:
    """Check parameter values against the equations and broadcast them against each other.

    Raises
    ------
    UnknownParameterError, MissingParameterError, AmbiguousNameError
        For a name that the problem does not have, a parameter without a value, or a name that two
        symbols share.
    NotANumberError
        For complex, nan and infinite values, and for what is no number.
    DomainError
        For a value outside of what the symbol was declared to be, such as a temperature of zero.
    ShapeError
        For shapes that do not broadcast or disagree about a size.
    SymmetryError
        For an array that was declared symmetric and is not.
    """
    _check_distinct(equations)
    symbols = {symbol.name: symbol for symbol in equations.parameters}
    ranged = [s for u in (*equations.unknowns, *equations.parameters) for s in sizes_of(u)]
    # alpha in a range of size alpha*N is a parameter where it occurs elsewhere
    sized = {str(s): s for s in ranged if s.is_integer or s.name not in symbols}
    _check_names({**sized, **symbols}, values)
    arrays = {name: _number(name, value) for name, value in values.items()}
    sizes = _sizes(equations, {name: a for name, a in arrays.items() if name in symbols}, symbols)
    for name, size in sized.items():
        if name in arrays:
            sizes[size] = _given_size(name, arrays[name], sizes.get(size))
        elif name in symbols and size in sizes:
            arrays[name] = np.asarray(float(sizes[size]))
    _check_compound(sizes)
    _check_complete(symbols, arrays)
    for name, symbol in symbols.items():
        _check_domain(name, symbol, arrays[name])
        if is_array(symbol) and symbol.label.symmetric and len(symbol.slots) == 2:
            check_symmetric(name, arrays[name], _unit(values.get(name)))
        if is_array(symbol) and symbol.label.zero_diagonal:
            check_zero_diagonal(name, arrays[name])
    return _flatten({name: arrays[name] for name in symbols}, symbols, sizes)


def sizes_of(symbol: Expr) -> tuple[Symbol, ...]:
    """The symbolic sizes of the ranges of an element."""
    if not is_array(symbol):
        return ()
    found = (s for over in symbol.label.ranges for s in sorted(over.size.free_symbols, key=str))
    return tuple(dict.fromkeys(found))


def _check_distinct(equations: Equations) -> None:
    names = [symbol.name for symbol in (*equations.unknowns, *equations.parameters)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AmbiguousNameError(
            f"{', '.join(twice)} is the name of two different symbols of the problem: rename one"
        )


def _check_names(known: Mapping[str, Expr], values: Mapping[str, Any]) -> None:
    for name in values:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            have = ", ".join(known) or "none"
            raise UnknownParameterError(
                f"there is no parameter {name}: the problem has {have}{hint}"
            )


def _check_complete(symbols: Mapping[str, Expr], arrays: Mapping[str, np.ndarray]) -> None:
    missing = [name for name in symbols if name not in arrays]
    if missing:
        raise MissingParameterError(
            f"{', '.join(missing)} has no value: pass {', '.join(f'{n}=...' for n in missing)}"
        )


def _number(name: str, value: Any) -> Any:
    """A value as an array of doubles of its own, or as a sparse matrix."""
    if is_sparse(value):
        array = as_sparse(name, value)
    else:
        check_mask(name, value)
        array = _dense(name, value)
    if not array.size and not is_sparse(value):
        raise ShapeError(f"{name} is empty: give at least one value")
    if not all_finite(array):
        bad, at = first_bad(array)
        where = f" at index {at}" if at else ""
        raise NotANumberError(f"{name} is {bad}{where}: give finite numbers")
    return array


def _dense(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise NotANumberError(f"{name} is complex: the solvers take real parameters")
        if array.dtype.kind in "iufbO":
            return array.astype(float)
    except (TypeError, ValueError) as error:
        if isinstance(error, NotANumberError):
            raise
    raise NotANumberError(f"{name} is no number or array of numbers: {value!r}")


def _unit(value: Any) -> float | None:
    return rounding_unit(value) if hasattr(value, "dtype") else None


def _check_domain(name: str, symbol: Expr, array: Any) -> None:
    asked = ("positive", "negative", "nonnegative", "nonpositive", "nonzero", "integer")
    demanded = [word for word in asked if getattr(symbol, f"is_{word}")]
    if not demanded:
        return
    least, largest = extremes(array)
    entries = array.data if is_sparse(array) else np.ravel(array)
    odd = entries[entries != np.round(entries)] if "integer" in demanded else entries[:0]
    zero = least <= 0 <= largest and (is_sparse(array) or not entries.all())
    broken = {
        "positive": (least, least <= 0),
        "negative": (largest, largest >= 0),
        "nonnegative": (least, least < 0),
        "nonpositive": (largest, largest > 0),
        "nonzero": (0.0, zero),
        "an integer": (float(odd.flat[0]) if odd.size else 0.0, bool(odd.size)),
    }
    for word, (bad, is_broken) in broken.items():
        if is_broken and word.removeprefix("an ") in demanded:
            raise DomainError(f"{name} is declared {word}, but was given {bad!r}")


def _sizes(
    equations: Equations, arrays: Mapping[str, np.ndarray], symbols: Mapping[str, Expr]
) -> dict[Expr, int]:
    """What the shapes of the given arrays say about the sizes of the ranges."""
    sizes: dict[Expr, int] = {}
    for name, array in arrays.items():
        symbol = symbols[name]
        if not is_array(symbol):
            continue
        ranges = symbol.label.ranges
        if is_sparse(array) and len(ranges) != 2:
            raise ShapeError(f"{symbol} has no two indices: give {name}.toarray()")
        if array.ndim < len(ranges):
            raise ShapeError(
                f"{name} has {array.ndim} axes, but {symbol} needs {len(ranges)} (batch axes first)"
            )
        for over, length in zip(ranges, array.shape[array.ndim - len(ranges) :], strict=True):
            expected = (
                int(over.size) if over.size.is_Integer else sizes.setdefault(over.size, length)
            )
            if expected != length:
                raise ShapeError(
                    f"{name} has shape {array.shape}: an axis of length {length} where {over.name} "
                    f"is {expected}"
                )
    return _told_by_compounds(sizes) | sizes


def _told_by_compounds(sizes: Mapping[Expr, int]) -> dict[Expr, int]:
    """What ranges of size 2N or N + 1 say of N, where no range has size N itself."""
    told: dict[Expr, int] = {}
    for size, length in sizes.items():
        if isinstance(size, Symbol) or len(size.free_symbols) != 1:
            continue
        (symbol,) = size.free_symbols
        roots = [r for r in solve(size - length, symbol) if r.is_Integer and r > 0]
        if len(roots) != 1:
            raise ShapeError(f"an axis of length {length} is none of size {size}")
        told[symbol] = int(roots[0])
    return told


def _check_compound(sizes: Mapping[Expr, int]) -> None:
    known = {size: length for size, length in sizes.items() if isinstance(size, Symbol)}
    for size, length in sizes.items():
        if size in known:
            continue
        expected = size.subs(known)
        if expected.is_Integer and expected != length:
            told = ", ".join(f"{s} = {known[s]}" for s in sorted(size.free_symbols, key=str))
            raise ShapeError(f"an axis of length {length} is none of size {size} with {told}")


def _given_size(name: str, array: np.ndarray, known: int | None) -> int:
    if array.ndim or array < 1 or array != np.round(array):
        raise DomainError(f"{name} is the size of a range: give one positive integer")
    if known is not None and known != int(array):
        raise ShapeError(f"{name} is {int(array)}, but the arrays given have size {known}")
    return int(array)


def _flatten(
    arrays: Mapping[str, np.ndarray], symbols: Mapping[str, Expr], sizes: dict[Expr, int]
) -> Given:
    flat: dict[str, Any] = {}
    core = {name: len(symbols[name].slots) if is_array(symbols[name]) else 0 for name in arrays}
    batches = {name: a.shape[: a.ndim - core[name]] for name, a in arrays.items()}
    try:
        shape = np.broadcast_shapes(*batches.values())
    except ValueError:
        listed = ", ".join(f"{name} {batch}" for name, batch in batches.items() if batch)
        raise ShapeError(f"the parameters' shapes do not broadcast: {listed}") from None
    for name, array in arrays.items():
        if is_sparse(array):
            flat[name] = array
            continue
        inner = array.shape[array.ndim - core[name] :]
        constant = int(np.prod(batches[name], dtype=int)) == 1
        target = inner if constant else (-1, *inner)
        source = array if constant else np.broadcast_to(array, (*shape, *inner))
        flat[name] = np.ascontiguousarray(source).reshape(target)
    return Given(tuple(shape), dict(arrays), flat, core, sizes)
