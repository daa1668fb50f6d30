"""Values of an expression with tables of nodes at many points of its symbols."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Expr

from numerics.arguments import Batch
from numerics.backends.numpy import print_numpy
from numerics.blocks import BLOCK, Runner
from numerics.lower import lower
from numerics.node_sum import tables_of
from numerics.signature import inputs_of

__all__ = ["node_values"]


def node_values(expr: Expr, values: Mapping[Expr, Any], count: int | None = None) -> Any:
    """An expression of scalars and tables; infinite and nan results are kept.

    Parameters
    ----------
    expr : Expr
        Without averages.
    values : mapping of Symbol to array
        They broadcast.
    count : int, optional
        How many points there are, where no symbol says it.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from numerics.node_sum import NodeSum, node_index, node_table
    >>> from numerics.node_values import node_values
    >>> x, k = Symbol("x"), node_index("n1")
    >>> node_values(NodeSum(x*node_table("w", k, [1, 2]), k), {x: [1.0, 5.0]})
    array([ 3., 15.])
    """
    shape = np.broadcast_shapes(*(np.shape(v) for v in values.values()), (count or 1,))
    symbols, tables = tuple(s for s in values if expr.has(s)), tables_of(expr)
    if not symbols and not tables:
        return np.full(shape, float(expr))
    runner, result = _runner(expr, symbols), np.empty(int(np.prod(shape)))
    spread = (np.broadcast_to(np.asarray(values[s], dtype=float), shape) for s in symbols)
    runner.run(_batch([np.ravel(a) for a in spread], tables), [result], BLOCK, finite=False)
    return result.reshape(shape)


@lru_cache(maxsize=64)
def _runner(expr: Expr, symbols: tuple[Expr, ...]) -> Runner:
    tables = tables_of(expr)
    inputs = inputs_of([*symbols, *tables])
    fixed = frozenset(range(len(symbols), len(inputs)))
    program = lower([("value", expr)], inputs, (), fixed, fixed)
    runner = Runner(program, print_numpy(program, fixed, fixed), fixed)
    runner.prepare(_batch([np.zeros(1) for _ in symbols], tables))
    return runner


def _batch(arrays: list[Any], tables: tuple[Any, ...]) -> Batch:
    held = [entry.label.values for entry in tables]
    uniform = frozenset(range(len(arrays), len(arrays) + len(held)))
    sizes = {entry.label.ranges[0].size: len(entry.label.values) for entry in tables}
    shape = arrays[0].shape if arrays else ()
    return Batch((*arrays, *held), shape, uniform, sizes, frozenset(), {})
