"""Values of an expression of scalars at many points, by the same code that kernels run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Expr

from numerics.arguments import arrange
from numerics.backends.numpy import print_numpy
from numerics.blocks import BLOCK, Runner
from numerics.lower import lower
from numerics.node_sum import tables_of
from numerics.program import Input
from numerics.signature import inputs_of

__all__ = ["evaluate"]

ROOM = 4 * BLOCK  # sums over inner nodes leave few points to a block


def evaluate(expr: Expr, values: Mapping[Expr, Any]) -> Any:
    """An expression at values of its symbols, which broadcast; infinite and nan results are kept.

    Examples
    --------
    >>> from sympy import Symbol, tanh
    >>> from numerics.quadrature.evaluate import evaluate
    >>> x = Symbol("x")
    >>> evaluate(tanh(x), {x: [0.0, 100.0]})
    array([0., 1.])
    """
    symbols = tuple(s for s in values if expr.has(s))
    shape = np.broadcast_shapes(*(np.shape(v) for v in values.values()))
    if not symbols:
        return np.full(shape, float(expr))
    count = max(math.prod(shape), 2)  # a batch of one would be taken for a constant
    arrays = [
        np.resize(np.broadcast_to(np.asarray(values[s], float), shape), count) for s in symbols
    ]
    runner, inputs, tables = _runner(expr, symbols)
    result = np.empty(count)
    batch = arrange(inputs, [*arrays, *tables])
    runner.prepare(batch)
    runner.run(batch, [result], ROOM, finite=False)
    return result[: math.prod(shape)].reshape(shape)


@lru_cache(maxsize=64)
def _runner(expr: Expr, symbols: tuple[Expr, ...]) -> tuple[Runner, list[Input], list[Any]]:
    """Tables of the nodes of inner averages are arguments like others."""
    tables = tables_of(expr)
    inputs = inputs_of([*symbols, *tables])
    program = lower([("value", expr)], inputs)
    given = [i for i in inputs if not i.is_size]
    fixed = frozenset(range(len(symbols), len(inputs)))
    values = [table.label.values for table in tables]
    trusted = frozenset(range(len(inputs)))
    return Runner(program, print_numpy(program, fixed), trusted), given, values
