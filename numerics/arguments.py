"""From what a caller gives to arrays to run over: names, numbers, shapes, domains."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Expr

from numerics.backends.names import identifiers
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
from numerics.program import Input, Range

__all__ = [
    "Batch",
    "arrange",
    "as_number_array",
    "bind",
    "check_values",
    "matched",
    "value_text",
]

# What a symbol's declaration asks of its values: of which extreme, what, and in words.
DOMAINS = (
    ("is_positive", np.minimum, lambda low: low > 0, "positive"),
    ("is_negative", np.maximum, lambda high: high < 0, "negative"),
    ("is_nonnegative", np.minimum, lambda low: low >= 0, "zero or positive"),
    ("is_nonpositive", np.maximum, lambda high: high <= 0, "zero or negative"),
)


@dataclass(frozen=True)
class Batch:
    """Arrays by input number, the shape of the batch, and which inputs do not vary along it.

    `sparse` are the inputs given as sparse matrices, `units` the rounding errors of the types that
    symmetric arrays were given in; in `finite` is noted of which a pass has told that they are.
    """

    arrays: tuple[Any, ...]
    shape: tuple[int, ...]
    uniform: frozenset[int]
    sizes: dict[Any, int]
    sparse: frozenset[int]
    units: dict[int, float]
    finite: set[int] = field(default_factory=set)

    def check(self, number: int, given: Input, finite: bool = True, part: Any = None) -> None:
        """Refuse an argument's values, or part of them, as `check_values` does.

        No pass is made twice.
        """
        array = self.arrays[number] if part is None else part
        looked_at = finite and number not in self.finite
        check_values(given, array, looked_at, self.units.get(number))

    def length(self, over: Range) -> int:
        """How many values an index runs over."""
        if over.size.is_Integer:
            return int(over.size)
        if over.size not in self.sizes:
            raise ShapeError(
                f"the size {over.size} of an index follows from no array: give it as a parameter, "
                "one integer for the whole batch"
            )
        return self.sizes[over.size]

    def whole(self, number: int, rank: int) -> Any:
        """An array over the whole batch, or over none of it."""
        array = self.arrays[number]
        if number in self.uniform:
            return array
        inner = array.shape[array.ndim - rank :]
        return np.ascontiguousarray(np.broadcast_to(array, (*self.shape, *inner)), dtype=float)


def bind(inputs: Sequence[Input], args: Sequence[Any], named: Mapping[str, Any]) -> list[Any]:
    """Values in the order of the inputs, from positions, keywords, or one mapping by symbol."""
    if len(args) == len(inputs) != 1 and not named:
        return list(args)
    if len(args) == 1 and isinstance(args[0], Mapping):
        named, args = {**args[0], **named}, ()
    if len(args) > len(inputs):
        raise UnknownParameterError(
            f"{len(args)} values given, but the kernel takes {len(inputs)}: {_listed(inputs)}"
        )
    values = matched(inputs, named, dict(enumerate(args)))
    missing = [given.name for k, given in enumerate(inputs) if k not in values]
    if missing:
        raise MissingParameterError(
            f"no value for {', '.join(missing)}: the kernel takes {_listed(inputs)}"
        )
    return [values[k] for k in range(len(inputs))]


def matched(
    inputs: Sequence[Input], named: Mapping[Any, Any], first: Mapping[int, Any] | None = None
) -> dict[int, Any]:
    """Values by the number of the input that each name or symbol stands for."""
    values = dict(first or {})
    for key, value in named.items():
        number = _number_of(key, inputs)
        if number in values:
            raise UnknownParameterError(f"{key} is given twice")
        values[number] = value
    return values


def _number_of(key: Any, inputs: Sequence[Input]) -> int:
    matches = _numbers(tuple(inputs)).get(key, ())
    if len(matches) > 1:
        raise AmbiguousNameError(
            f"{key} names {len(matches)} parameters: give a mapping by symbol, "
            "kernel({symbol: value, ...}), or values by position"
        )
    if not matches:
        raise UnknownParameterError(f"{key} is no parameter of this kernel: {_listed(inputs)}")
    return matches[0]


@lru_cache(maxsize=1024)
def _numbers(inputs: tuple[Input, ...]) -> dict[Any, tuple[int, ...]]:
    """The inputs that a key may stand for: a name, its spelling in Python, a symbol, a label."""
    found: dict[Any, tuple[int, ...]] = {}
    spelled: dict[Any, tuple[int, ...]] = {}
    names = identifiers(given.name for given in inputs)
    for k, (given, name) in enumerate(zip(inputs, names, strict=True)):
        label = getattr(given.symbol, "label", given.symbol)
        for key in {given.name, given.symbol, label}:
            found[key] = (*found.get(key, ()), k)
        spelled[name] = (*spelled.get(name, ()), k)
    return {**spelled, **found}


def _listed(inputs: Sequence[Input]) -> str:
    return ", ".join(given.name for given in inputs) or "nothing"


def as_number_array(name: str, value: Any) -> Any:
    """A real numeric array; integers and float32 stay what they are until a block reads them."""
    if type(value) is np.ndarray and value.dtype == np.float64:
        return value
    if isinstance(value, float | int) and not isinstance(value, bool):
        try:
            return np.float64(value)
        except OverflowError:
            raise NotANumberError(f"{name}: an integer beyond the largest double") from None
    if isinstance(value, Expr):
        raise NotANumberError(f"{name} is the expression {value}: give a number or an array")
    if is_sparse(value):
        return as_sparse(name, value)
    check_mask(name, value)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise NotANumberError(f"{name} is no rectangular array of numbers: {error}") from None
    if array.dtype.kind == "c":
        raise NotANumberError(f"{name} is complex: parameters are real numbers")
    if array.dtype.kind not in "iuf":
        raise NotANumberError(f"{name} holds {array.dtype} values: give real numbers")
    return array


def _common_shape(inputs: Sequence[Input], shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    rank = max(map(len, shapes), default=0)
    aligned = [(1,) * (rank - len(own)) + own for own in shapes]
    lengths = [set(column) - {1} for column in zip(*aligned, strict=True)]
    if any(len(several) > 1 for several in lengths):
        listed = ", ".join(f"{g.name} {s}" for g, s in zip(inputs, shapes, strict=True))
        raise ShapeError(f"the parameters' shapes do not broadcast: {listed}")
    shape = tuple(one.pop() if one else 1 for one in lengths)
    if math.prod(shape) > sys.maxsize // 8:
        raise ShapeError(f"a batch of shape {shape} has more points than memory has addresses")
    return shape


def arrange(inputs: Sequence[Input], values: Sequence[Any]) -> Batch:
    """The batch shape and the sizes of ranges, checked for consistency."""
    arrays = [as_number_array(given.name, v) for given, v in zip(inputs, values, strict=True)]
    sparse = frozenset(k for k, array in enumerate(arrays) if is_sparse(array))
    for k in sparse:
        if len(inputs[k].ranges) != 2:
            name = inputs[k].name
            raise ShapeError(f"{name} has no two indices: give {name}.toarray()")
    layout = _layout(tuple(inputs), tuple(array.shape for array in arrays))
    shape, uniform, lengths, symmetric = layout
    sizes, units = dict(lengths), {k: rounding_unit(arrays[k]) for k in symmetric}
    for k in uniform - sparse:
        arrays[k] = _core(arrays[k], arrays[k].ndim - len(inputs[k].ranges))
        if not inputs[k].ranges and inputs[k].symbol.is_integer:
            sizes.setdefault(inputs[k].symbol, int(arrays[k]))
    return Batch(tuple(arrays), shape, uniform, sizes, sparse, units)


@lru_cache(maxsize=1024)
def _layout(
    inputs: tuple[Input, ...], shapes: tuple[tuple[int, ...], ...]
) -> tuple[tuple[int, ...], frozenset[int], tuple[tuple[Any, int], ...], tuple[int, ...]]:
    """The batch shape, which inputs do not vary along it, sizes of ranges, symmetric arrays."""
    sizes: dict[Any, int] = {}
    batches, symmetric = [], tuple(k for k, given in enumerate(inputs) if is_symmetric(given))
    for given, whole in zip(inputs, shapes, strict=True):
        rank = len(given.ranges)
        if len(whole) < rank:
            raise ShapeError(
                f"{given.name} has shape {whole}: it needs an axis for each of its "
                f"{rank} indices, after the axes of the batch"
            )
        split = len(whole) - rank
        batches.append(whole[:split])
        for over, length in zip(given.ranges, whole[split:], strict=True):
            _note_size(sizes, given.name, over.size, length, whole)
    uniform = frozenset(k for k, own in enumerate(batches) if all(length == 1 for length in own))
    return _common_shape(inputs, batches), uniform, tuple(sizes.items()), symmetric


def _core(array: Any, axes: int) -> Any:
    """A value without its batch axes, in double precision; no copy of what has no gaps."""
    core = array.reshape(array.shape[axes:])
    if core.ndim == 0:
        return np.float64(core)
    if core.dtype == np.float64 and core.flags.f_contiguous:
        return core
    return np.ascontiguousarray(core, dtype=np.float64)


def _note_size(
    sizes: dict[Any, int], name: str, size: Expr, length: int, shape: tuple[int, ...]
) -> None:
    if size.is_Integer and int(size) != length:
        raise ShapeError(f"{name}: an index runs over {size} values, the array has {length}")
    if sizes.setdefault(size, length) != length:
        raise ShapeError(
            f"{name} has shape {shape}: the size {size} is {length} here and {sizes[size]} in "
            "another place"
        )
    if length == 0:
        raise ShapeError(f"{name}: the index range of size {size} is empty")


def check_values(given: Input, array: Any, finite: bool = True, unit: float | None = None) -> None:
    """Refuse what is not finite (if asked), out of the symbol's domain, or not symmetric."""
    if 0 in array.shape:
        return
    if finite and not all_finite(array):
        bad, at = first_bad(array)
        where = f" at index {at}" if at else ""
        raise NotANumberError(f"{given.name} is {bad}{where}: parameters are finite numbers")
    rows, whole = _domain(given.symbol)
    for extreme, holds, words in rows:
        bad = extreme.reduce(extremes(array) if is_sparse(array) else array, axis=None)
        if not holds(bad):
            if not finite:
                check_values(given, array)  # nan is out of every domain
            raise DomainError(
                f"{given.name} = {float(bad)}: the symbol {given.name} was declared {words}"
            )
    if whole and not np.all(array == np.floor(array)):
        raise DomainError(f"{given.name}: the symbol was declared an integer")
    if is_symmetric(given):
        check_symmetric(given.name, array, unit)
    if given.ranges and given.symbol.label.zero_diagonal:
        check_zero_diagonal(given.name, array)


@lru_cache(maxsize=1024)
def _domain(symbol: Expr) -> tuple[tuple[Any, ...], bool]:
    """The rows of `DOMAINS` that a symbol was declared to obey, and whether it is an integer."""
    return tuple(row for name, *row in DOMAINS if getattr(symbol, name)), bool(symbol.is_integer)


def is_symmetric(given: Input) -> bool:
    """Whether an array with two indices was declared symmetric."""
    return len(given.ranges) == 2 and bool(given.symbol.label.symmetric)


def value_text(given: Input, value: Any) -> str:
    """A parameter and its value, for a message; an array by its shape."""
    if np.ndim(value):
        return f"{given.name} = <array of shape {np.shape(value)}>"
    return f"{given.name} = {float(value)!r}"
