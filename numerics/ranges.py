"""What of a kernel's arguments varies in a certificate: numbers, and the entries of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sympy import Expr

from numerics.arguments import as_number_array, is_symmetric
from numerics.errors import NumericsError, ShapeError
from numerics.kernel import Kernel
from numerics.matrices import is_sparse
from numerics.program import Input
from numerics.samples import Box, box

__all__ = ["Ranges", "range_text"]

Place = tuple[int, ...]
Range = tuple[str, float, float, bool]  # of one number: its name, and whether it is an integer


@dataclass
class Ranges:
    """The box of what varies and the values of what does not.

    `columns` are the arguments that vary, by number, with the places of their entries in the order
    of the columns of the box; an entry of a symmetric array stands for its mirror image too.
    """

    kernel: Kernel
    box: Box
    fixed: dict[int, Any]
    columns: dict[int, list[Place]]
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, kernel: Kernel, given: Sequence[Any]) -> Ranges:
        """Arguments from what `certify` is given for each: a range, a number or an array.

        Raises
        ------
        NumericsError
            For an empty range, or a batch of values.
        ShapeError
            If it does not follow how many entries an array has.
        """
        arguments = kernel.arguments
        ranged = {k for k, value in enumerate(given) if isinstance(value, tuple) and _pair(value)}
        fixed = {k: _fixed(arguments[k], v) for k, v in enumerate(given) if k not in ranged}
        bound = zip(kernel.bound_arguments, kernel.bound.values(), strict=True)
        shaped = [(arguments[k], np.shape(given[k][0])) for k in ranged]
        shaped += [(arguments[k], value.shape) for k, value in fixed.items()]
        shaped += [(argument, _fixed(argument, value).shape) for argument, value in bound]
        sizes = {o.size: n for g, shape in shaped for o, n in zip(g.ranges, shape, strict=False)}
        found: list[Range] = []
        columns, shapes = {}, {}
        for k in sorted(ranged):
            shapes[k] = _shape(arguments[k], given[k], sizes)
            columns[k] = list(_places(arguments[k], shapes[k]))
            found += _ranges(arguments[k], k, given[k], shapes[k], columns[k])
        limits = {name: (low, high) for name, low, high, _ in found}
        return cls(kernel, box(limits, [whole for *_, whole in found]), fixed, columns, shapes)

    def arguments(self, points: np.ndarray) -> list[Any]:
        """Values by position, a batch of the points."""
        values, start = dict(self.fixed), 0
        for k, places in self.columns.items():
            own = points[:, start : start + len(places)]
            start += len(places)
            array = np.zeros((*self.shapes[k], len(points)))
            for n, place in enumerate(places):
                array[place] = own[:, n]
                if is_symmetric(self.kernel.arguments[k]):
                    array[place[::-1]] = own[:, n]
            values[k] = np.moveaxis(array, -1, 0)
        return [values[k] for k in range(len(values))]

    def values(self, point: np.ndarray) -> dict[Any, Any]:
        """Values by symbol and label, sizes and bound values included, for the reference."""
        given = self.arguments(point[None])
        named = [
            (argument, value[0] if k in self.columns else value)
            for k, (argument, value) in enumerate(zip(self.kernel.arguments, given, strict=True))
        ]
        named += zip(self.kernel.bound_arguments, self.kernel.bound.values(), strict=True)
        found: dict[Any, Any] = {}
        for argument, value in named:
            symbol = argument.symbol
            if not argument.ranges:
                found[symbol] = float(value)
                continue
            found[symbol.label] = value.toarray() if is_sparse(value) else value
            sizes = zip(argument.ranges, value.shape, strict=True)
            found.update({over.size: n for over, n in sizes if not over.size.is_Integer})
        return found

    def scalars(self) -> tuple[dict[Expr, int], dict[Expr, float]]:
        """The column of each scalar that varies, and the values of those that do not."""
        columns, fixed, start = {}, {}, 0
        for k, argument in enumerate(self.kernel.arguments):
            if k in self.columns and not argument.ranges:
                columns[argument.symbol] = start
            elif not argument.ranges:
                fixed[argument.symbol] = float(self.fixed[k])
            start += len(self.columns.get(k, ()))
        held = zip(self.kernel.bound_arguments, self.kernel.bound.values(), strict=True)
        fixed.update({g.symbol: float(value) for g, value in held if not g.ranges})
        return columns, fixed

    def point(self, point: np.ndarray) -> tuple[tuple[str, Any], ...]:
        """Names and values of the arguments at a point, arrays as nested tuples."""
        given = zip(self.kernel.arguments, self.arguments(point[None]), strict=True)
        entries = [
            (g.name, value[0] if k in self.columns else value) for k, (g, value) in enumerate(given)
        ]
        dense = ((name, v.toarray() if is_sparse(v) else np.asarray(v)) for name, v in entries)
        return tuple((name, _tuples(v.tolist())) for name, v in dense)

    @property
    def symbols(self) -> tuple[Expr, ...]:
        """What the results depend on, bound or not."""
        return (*self.kernel.inputs, *self.kernel.bound)


def _pair(value: tuple[Any, ...]) -> bool:
    return len(value) == 2 and np.shape(value[0]) == np.shape(value[1])


def _fixed(argument: Input, value: Any) -> Any:
    array = as_number_array(argument.name, value)
    if array.ndim != len(argument.ranges):
        raise NumericsError(
            f"{argument.name}: give a range (low, high), a number, or one array, not a batch, "
            f"with an axis for each of its {len(argument.ranges)} indices"
        )
    return array


def _shape(argument: Input, pair: Any, sizes: Mapping[Any, int]) -> tuple[int, ...]:
    """The shape of an array that varies: of its two ends, or from the sizes that are known."""
    if np.ndim(pair[0]):
        return np.shape(pair[0])
    lengths = []
    for over in argument.ranges:
        if not over.size.is_Integer and over.size not in sizes:
            raise ShapeError(
                f"how many entries has {argument.name}? Give its range as two arrays (low, high), "
                f"or an array over {over.name}"
            )
        lengths.append(int(over.size) if over.size.is_Integer else sizes[over.size])
    return tuple(lengths)


def _places(argument: Input, shape: tuple[int, ...]) -> Iterator[Place]:
    """The entries that vary by themselves: of a symmetric array those not below the diagonal.

    The diagonal of an array that was declared to have none stays zero.
    """
    if len(shape) != len(argument.ranges):
        raise ShapeError(
            f"{argument.name} has {len(argument.ranges)} indices, the ends of its range have shape "
            f"{shape}"
        )
    hollow = bool(argument.ranges) and argument.symbol.label.zero_diagonal
    for place in np.ndindex(shape):
        if hollow and place[0] == place[1]:
            continue
        if not is_symmetric(argument) or place[0] <= place[1]:
            yield place


def _ranges(
    argument: Input, number: int, pair: Any, shape: tuple[int, ...], places: Sequence[Place]
) -> Iterator[Range]:
    low, high = (np.broadcast_to(np.asarray(end, float), shape) for end in pair)
    for place in places:
        name = f"{argument.name}[{', '.join(map(str, place))}]" if place else argument.name
        whole = bool(argument.symbol.is_integer)
        yield f"{name} (argument {number})", float(low[place]), float(high[place]), whole


def range_text(value: Any) -> str:
    """A range, a number or an array in words."""
    if isinstance(value, tuple) and _pair(value):
        return f"({range_text(value[0])}, {range_text(value[1])})"
    shape = value.shape if is_sparse(value) else np.shape(value)
    return f"<array of shape {shape}>" if shape else repr(value)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
