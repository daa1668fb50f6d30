"""What a saved module does with its arguments: the functions below are copied into it as they are.

The names above them are what the writer fills in; here they are those of the function x -> x.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

__all__ = ["COPIED"]


class _Argument(NamedTuple):
    """An argument: the lengths of its axes, by number or name, and where its values lie.

    `above` and `below` are excluded, `least` and `most` are not; `length` is the name of an
    index range whose size this is.
    """

    name: str
    shape: tuple[int | str, ...] = ()
    above: float = -math.inf
    below: float = math.inf
    least: float = -math.inf
    most: float = math.inf
    integer: bool = False
    symmetric: bool = False
    zero_diagonal: bool = False
    length: str = ""


TABLES: dict[str, Any] = {}
CHECKS: tuple[tuple[Any, ...], ...] = (((0.5,), (0.5,), (0.0,)),)
_ARGUMENTS = (_Argument("x"),)
_SHARED: tuple[str, ...] = ()
_RESULTS: dict[str, tuple[int | str, ...]] = {"o0": ()}
_BUFFERS: dict[str, tuple[int | str, ...]] = {}
_NAMES = ("value",)


def _public(x: Any, out: Any = None) -> Any:
    return _evaluate((x,), out)


def _once() -> dict[str, Any]:
    return {}


def _block(x: Any, o0: Any) -> None:
    np.copyto(o0, x)


def _evaluate(values: tuple[Any, ...], out: Any) -> Any:
    """Check the arguments, fill the results, and hand them back."""
    given = {a.name: _checked(a, value) for a, value in zip(_ARGUMENTS, values, strict=True)}
    lengths = _lengths(given)
    cores = {a.name: given[a.name].shape[given[a.name].ndim - len(a.shape) :] for a in _ARGUMENTS}
    outer = {name: x.shape[: x.ndim - len(cores[name])] for name, x in given.items()}
    batch = np.broadcast_shapes(*outer.values())
    count = math.prod(batch)
    spread = {name: np.broadcast_to(x, batch + cores[name]) for name, x in given.items()}
    varying = [name for name in given if name not in _SHARED]
    points = {name: _points(given[name], cores[name], batch) for name in varying}
    results = {key: np.empty((count, *_shape(axes, lengths))) for key, axes in _RESULTS.items()}
    together = all(math.prod(outer[name]) == 1 for name in _SHARED)
    step = max(count, 1) if together else 1
    for start in range(0, count, step):
        part = slice(start, start + step)
        place = np.unravel_index(start, batch)
        shared = {name: spread[name][place] for name in _SHARED}
        rows = {name: x[part] for name, x in points.items()}
        _fill(shared, rows, {key: array[part] for key, array in results.items()}, lengths)
    for name, array in zip(_NAMES, results.values(), strict=True):
        _refuse_nonfinite(name, array, spread, batch)
    return _handed_back([array.reshape(batch + array.shape[1:]) for array in results.values()], out)


def _points(array: Any, core: tuple[int, ...], batch: tuple[int, ...]) -> Any:
    """The values point after point; what is one for all points takes no memory."""
    count = math.prod(batch)
    if array.size == math.prod(core):
        return np.broadcast_to(array.reshape(core), (count, *core))
    return np.broadcast_to(array, batch + core).reshape(count, *core)


def _fill(shared: Any, points: Any, results: Any, lengths: Any) -> None:
    """Fill the results of points that share some arguments, a block at a time."""
    shapes = {key: _shape(axes, lengths) for key, axes in _BUFFERS.items()}
    sizes = [math.prod(shape) for shape in shapes.values()]
    rows = max(1, 2**14 // max(sizes, default=1))  # numbers that stay in a second-level cache
    rows = min(rows, max(256, 2**19 // max(sum(sizes), 1)))
    with np.errstate(all="ignore"):
        known = TABLES | {key: float(n) for key, n in lengths.items()} | shared
        known |= _called(_once, known)
        for key in results.keys() & known.keys():
            results[key][...] = known[key]
        count = max(map(len, results.values()))
        buffers = {key: np.empty((min(rows, count), *shape)) for key, shape in shapes.items()}
        for start in range(0, count, rows):
            part = slice(start, min(start + rows, count))
            here = {key: np.ascontiguousarray(array[part]) for key, array in points.items()}
            targets = {key: array[part] for key, array in results.items()}
            rooms = {key: buffer[: part.stop - start] for key, buffer in buffers.items()}
            _called(_block, known | here | targets | rooms)


def _shape(axes: tuple[Any, ...], lengths: Any) -> tuple[int, ...]:
    """The shape of an array whose axes are given by length or by name."""
    return tuple(lengths.get(n, n) for n in axes)


def _called(function: Any, known: Any) -> Any:
    """Call a function with those of the known values that it takes."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return function(*(known[name] for name in names))


def _checked(argument: _Argument, value: Any) -> Any:
    """The value as an array of doubles, if it lies where the argument may."""
    name, array = argument.name, np.asarray(value)
    if array.dtype.kind not in "iuf" or np.ma.is_masked(value):
        raise ValueError(f"{name} holds {array.dtype} values or masked ones: give real numbers")
    if array.ndim < len(argument.shape):
        raise ValueError(f"{name} has shape {array.shape}: its last axes are {argument.shape}")
    array = np.asarray(array, dtype=np.float64)
    if array.size == 0:
        return array
    low, high = float(array.min()), float(array.max())
    if not (argument.above < low >= argument.least and argument.below > high <= argument.most):
        bad = high if argument.above < low >= argument.least else low
        raise ValueError(f"{name} = {bad!r} lies outside of its domain {_domain(argument)}")
    if argument.integer and np.any(array != np.floor(array)):
        raise ValueError(f"{name} is no integer")
    if argument.symmetric:
        bound = 16 * np.finfo(float).eps * max(-low, high)
        if not np.all(np.abs(array - array.swapaxes(-1, -2)) <= bound):
            raise ValueError(f"{name} is not symmetric: give ({name} + {name}.T)/2")
    if argument.zero_diagonal and np.diagonal(array, axis1=-2, axis2=-1).any():
        raise ValueError(f"{name} has a diagonal that is not zero")
    return array


def _domain(argument: _Argument) -> str:
    """The interval of an argument in words."""
    name, above, below, least, most = argument.name, *argument[2:6]
    lower = f"{least!r} <= " if least > above else f"{above!r} < "
    upper = f" <= {most!r}" if most < below else f" < {below!r}"
    return f"{lower}{name}{upper}"


def _lengths(given: Any) -> dict[str, int]:
    """The lengths of index ranges, which all arrays agree about."""
    found: dict[str, int] = {}
    for argument in _ARGUMENTS:
        array = given[argument.name]
        core = array.shape[array.ndim - len(argument.shape) :]
        for wanted, length in zip(argument.shape, core, strict=True):
            known = found.setdefault(wanted, length) if isinstance(wanted, str) else wanted
            if length != known or length == 0:
                raise ValueError(
                    f"{argument.name} has shape {array.shape}: its last axes are "
                    f"{argument.shape}, where {wanted} is {known or 'positive'}"
                )
        if argument.length:
            if array.size != 1:
                raise ValueError(f"{argument.name} is one number for all points")
            found[argument.length] = int(array.ravel()[0])
    return found


def _refuse_nonfinite(name: str, result: Any, given: Any, batch: tuple[int, ...]) -> None:
    """Report the first result that is not finite, with the point that gave it."""
    good = np.isfinite(result)
    if good.all():
        return
    point = int(np.argmin(good.reshape(len(result), -1).all(axis=1)))
    place = np.unravel_index(point, batch)
    at = ", ".join(f"{key} = {x[place]}" for key, x in given.items() if x.ndim == len(batch))
    raise ValueError(f"{name} is {result[~good].flat[0]} at {at}: the value is not finite there")


def _handed_back(results: list[Any], out: Any) -> Any:
    """The results, numbers for arrays without axes; in the arrays lent as `out`, if any."""
    if out is None:
        given = [array[()] for array in results]
    else:
        given = list(out) if isinstance(out, tuple | list) else [out]
        shapes = [array.shape for array in results]
        if [getattr(array, "shape", None) for array in given] != shapes:
            raise ValueError(f"out needs arrays of shapes {shapes}")
        for array, result in zip(given, results, strict=True):
            np.copyto(array, result)
    return given[0] if len(given) == 1 else tuple(given)


def _self_check() -> bool:
    """Whether the values are those that were computed when this file was written."""
    agrees = True
    if not CHECKS:
        print("no values to compare with were found when this file was written")
    for values, expected, allowed in CHECKS:
        found = _public(*values)
        found = found if isinstance(found, tuple) else (found,)
        for name, new, old, bound in zip(_NAMES, found, expected, allowed, strict=True):
            apart = np.abs(new - np.asarray(old))
            holds = bool(np.all(apart <= bound))
            agrees = agrees and holds
            verdict = "agrees" if holds else "DIFFERS"
            at = ", ".join(map(str, values))
            print(f"{name} at ({at}): {verdict}, by {apart.max():.1e}, allowed {np.max(bound):.1e}")
    return agrees


COPIED = (
    _evaluate,
    _points,
    _fill,
    _shape,
    _called,
    _checked,
    _domain,
    _lengths,
    _refuse_nonfinite,
    _handed_back,
    _self_check,
)
