"""Expressions of Gaussian averages as numbers, by the trapezoid rule in NumPy.

For analytic integrands with their singularities at a distance: averages of up to two variables,
nested to any depth, each over an axis of its own.
"""

import numpy as np
from sympy import Dummy, lambdify

from derive import GaussianAverage

STEP, REACH = 1 / 12, 9.5
NODES = np.arange(-REACH, REACH + STEP / 2, STEP)
WEIGHTS = np.exp(-(NODES**2) / 2) * STEP / np.sqrt(2 * np.pi)


def number(expr, values=None):
    """Return the value of an expression whose symbols have the values given."""
    return float(_evaluate(expr, {s: np.array(float(v)) for s, v in (values or {}).items()}))


def _evaluate(expr, env):
    inner = list(_outermost(expr))
    marks = [Dummy(f"average{k}") for k in range(len(inner))]
    env = {s: value for s, value in env.items() if s in expr.free_symbols}
    plain = expr.xreplace(dict(zip(inner, marks, strict=True)))
    function = lambdify((*env, *marks), plain, ["scipy", "numpy"])
    return function(*env.values(), *(_average(node, env) for node in inner))


def _outermost(expr):
    if isinstance(expr, GaussianAverage):
        yield expr
    else:
        for arg in expr.args:
            yield from _outermost(arg)


def _average(node, env):
    mean = [np.asarray(_evaluate(m, env), float) for m in node.mean]
    size = len(mean)
    entry = [
        [np.asarray(_evaluate(c, env), float) for c in row] for row in node.covariance.tolist()
    ]
    deep = {s: value[(..., *[None] * size)] for s, value in env.items()}
    grids = np.meshgrid(*[NODES] * size, indexing="ij")
    roots = _roots(entry)
    for k, name in enumerate(node.variables):
        shift = sum(roots[k][n][(..., *[None] * size)] * grids[n] for n in range(k + 1))
        deep[name] = mean[k][(..., *[None] * size)] + shift
    value = _evaluate(node.integrand, deep)
    for _ in range(size):
        value = value @ WEIGHTS
    return value


def _roots(entry):
    """The Cholesky factor of a covariance of one or two variables."""
    first = np.sqrt(entry[0][0])
    if len(entry) == 1:
        return [[first]]
    mixed = entry[0][1] / np.where(first == 0, 1, first)
    return [[first], [mixed, np.sqrt(np.maximum(entry[1][1] - mixed**2, 0))]]
