"""Arrays over a union of ranges at integer sizes, put together from their blocks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product as cartesian
from typing import Any

from sympy import Symbol

from derive.blocks import Blocks, placeholders
from derive.checks.evaluate import Environment, component, count, evaluator
from derive.indices import Label

__all__ = ["assembled"]


def assembled(
    blocks: Blocks, label: Label, sizes: Mapping[Symbol, Any], env: Environment
) -> Environment:
    """The components of a label with their values, from those of its blocks."""
    members = [
        (number, position)
        for number, part in enumerate(blocks.parts)
        for position in range(1, count(part, sizes) + 1)
    ]
    ranges = [
        list(enumerate(members, 1))
        if over == blocks.over
        else [(k, (None, k)) for k in range(1, count(over, sizes) + 1)]
        for over in label.ranges
    ]
    rows, found = blocks.tables[label], {}
    for chosen in cartesian(*ranges):
        place = tuple(part for _, (part, _) in chosen if part is not None)
        names = placeholders(blocks, label, place)
        inner = {n: p for n, (_, (_, p)) in zip(names, chosen, strict=True) if n is not None}
        value = evaluator(rows[place], sizes)(env | inner)
        found[component(label, tuple(k for k, _ in chosen))] = value
    return found
