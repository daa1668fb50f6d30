"""Parts of a batch: some of its points, with results of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numerics.arguments import Batch
from numerics.program import Input

__all__ = ["run_part"]

Run = Callable[[Batch, list[Any]], None]


def run_part(
    run: Run, batch: Batch, inputs: Sequence[Input], rows: Any, targets: Sequence[Any]
) -> None:
    """Run the points of a batch that are numbered `rows`, all of them for None."""
    if rows is None:
        run(batch, list(targets))
        return
    axes = len(batch.shape)
    own = [np.empty((len(rows), *target.shape[axes:])) for target in targets]
    run(_taken(batch, inputs, rows), own)
    for target, part in zip(targets, own, strict=True):
        target.reshape(-1, *target.shape[axes:])[rows] = part


def _taken(batch: Batch, inputs: Sequence[Input], rows: Any) -> Batch:
    arrays = list(batch.arrays)
    for k, given in enumerate(inputs):
        if k not in batch.uniform:
            whole = batch.whole(k, len(given.ranges))
            arrays[k] = whole.reshape(-1, *whole.shape[len(batch.shape) :])[rows]
    return replace(batch, arrays=tuple(arrays), shape=(len(rows),))
