"""Points at which a saved file is checked, with the values there and what they may be wrong by."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import NumericsError
from numerics.export.subject import Domain, Subject
from numerics.kernel import Kernel

__all__ = ["Sample", "samples_of"]

WANTED, TRIED = 4, 64
DIGITS = 3  # of entries, to be read
STEP = 2.0**-20  # for slopes, of which the first digits are enough
# Two machines that keep to 8 units of u (1 + K) each are 16 apart at most.
UNITS = 16 * 2.0**-53


@dataclass(frozen=True)
class Sample:
    """One point: the arguments, the outputs, and how far another machine may be from these."""

    at: tuple[Any, ...]
    value: tuple[Any, ...]
    allowed: tuple[Any, ...]


def samples_of(subject: Subject) -> tuple[Sample, ...]:
    """A few points inside of the domain at which the kernel has values; none if it finds none."""
    found: list[Sample] = []
    rng = np.random.default_rng(0)
    for number in range(TRIED):
        if len(found) == WANTED:
            break
        at = _point(subject, rng, number >= TRIED // 2)
        try:
            found.append(_sample(subject.kernel, at))
        except NumericsError:
            continue
    return tuple(found)


def _sample(kernel: Kernel, at: tuple[Any, ...]) -> Sample:
    value = _values(kernel, at)
    spread = [np.abs(v) for v in value]
    for moved in _moved(kernel, at):
        there = _values(kernel, moved)
        spread = [s + np.abs(t - v) / STEP for s, t, v in zip(spread, there, value, strict=True)]
    return Sample(at, value, tuple(UNITS * s for s in spread))


def _values(kernel: Kernel, at: tuple[Any, ...]) -> tuple[Any, ...]:
    result = kernel(*at)
    return result if isinstance(result, tuple) else (result,)


def _moved(kernel: Kernel, at: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The point with one number after the other moved by a small part of itself."""
    for k, given in enumerate(kernel.arguments):
        if given.symbol.is_integer:
            continue
        places = list(np.ndindex(np.shape(at[k])))
        symmetric = bool(given.ranges) and given.symbol.label.symmetric
        for place in places:
            array = np.array(at[k], dtype=float)
            array[place] *= 1 + STEP
            if symmetric:
                array[place[::-1]] = array[place]
            yield (*at[:k], array, *at[k + 1 :])


def _point(subject: Subject, rng: np.random.Generator, gentle: bool) -> tuple[Any, ...]:
    """A point; a `gentle` one has small arrays, and symmetric ones that are near the identity."""
    sizes: dict[Any, int] = {}
    for k, value in subject.constants.items():
        axes = zip(subject.program.inputs[k].ranges, np.shape(value), strict=False)
        sizes.update({over.size: n for over, n in axes})
    return tuple(_value(domain, sizes, rng, gentle) for domain in subject.domains)


def _value(domain: Domain, sizes: dict[Any, int], rng: np.random.Generator, gentle: bool) -> Any:
    if not domain.given.ranges:
        return float(_numbers(domain, (), rng))
    shape = []
    for size in domain.shape:
        known = int(size) if size.is_Integer else sizes.setdefault(size, 3 + len(sizes) % 2)
        shape.append(known)
    array = _numbers(domain, tuple(shape), rng)
    if domain.symmetric:
        array = np.round((array + array.T) / 2, DIGITS)
    if gentle:
        array = np.round(array / 10, DIGITS)
    if gentle and domain.symmetric:
        array += np.eye(len(array))
    if domain.zero_diagonal:
        np.fill_diagonal(array, 0.0)
    return array


def _numbers(domain: Domain, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Numbers inside of a range; about one in size where there is none. Few digits, to be read."""
    low, high = domain.low[0], domain.high[0]
    if math.isinf(low) and math.isinf(high):
        low, high = -2.0, 2.0
    elif math.isinf(low) or math.isinf(high):
        low, high = (high - 2.0, high) if math.isinf(low) else (low, low + 2.0)
    if domain.integer:
        return rng.integers(math.ceil(max(low, high - 4)), math.floor(high) + 1, shape).astype(
            float
        )
    inside = low + (high - low) * rng.uniform(0.05, 0.95, shape)
    digits = 2 - math.floor(math.log10(high - low)) if high > low else 0
    return np.clip(np.round(inside, digits), low, high)
