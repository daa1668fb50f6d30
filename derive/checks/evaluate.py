"""Numbers for expressions at small integer sizes: sums are loops, elements are looked up.

`evaluator(expr, sizes)` turns an expression into a function of an environment, a dictionary from
symbols, indices and components ``(label, slots)`` to mpmath numbers.  It is what `check` compares
with, and shares nothing with the moves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import product as cartesian
from typing import Any

import mpmath
from mpmath import mp
from sympy import (
    Expr,
    KroneckerDelta,
    MatrixBase,
    Mul,
    Number,
    NumberSymbol,
    S,
    Symbol,
    erfc,
    nsimplify,
)

from derive.checks.averages import averaged
from derive.checks.quadrature import log_line_integral
from derive.errors import ParameterError
from derive.gaussian.average import GaussianAverage
from derive.gaussian_norm import BipartiteForm, GaussianNorm
from derive.indices import Element, Index, IndexRange, Label, free_indices
from derive.nested import Expect, LogZ
from derive.total import IndexedProduct, Total

__all__ = [
    "Environment",
    "Evaluate",
    "component",
    "count",
    "evaluator",
    "form_matrix",
    "interned",
    "key_of",
]

Environment = dict[Any, Any]
Evaluate = Callable[[Environment], Any]

_FUNCTIONS = {
    "Abs": abs,
    "Heaviside": lambda x, *_: mp.mpf(x.real > 0) if x != 0 else mp.mpf("0.5"),
    "sign": mp.sign,
}


def count(over: IndexRange, sizes: Mapping[Symbol, Any]) -> int:
    """The number of values of a range at given sizes."""
    value = nsimplify(over.size.subs(sizes), rational=True)  # 0.5*N is a number of sites too
    if not (value.is_Integer and value > 0):
        missing = ", ".join(sorted(map(str, value.free_symbols))) or str(over.size)
        raise ParameterError(
            f"the range {over.name} has size {value} here: pass {missing}=... so that it is a "
            "positive integer"
        )
    return int(value)


def component(label: Label, slots: tuple[int, ...]) -> tuple[Label, tuple[int, ...]]:
    """The key of one component; slots of symmetric labels in increasing order."""
    return (interned(label), tuple(sorted(slots)) if label.symmetric else slots)


@lru_cache(maxsize=4096)
def interned(label: Label) -> Label:
    """One object for all equal labels, so that looking components up compares no contents."""
    return label


def key_of(unknown: Expr) -> Any:
    """What stands in an environment for a symbol, or for an element with numbers as slots."""
    if isinstance(unknown, Element):
        return component(unknown.label, tuple(map(int, unknown.slots)))
    return unknown


def evaluator(expr: Expr, sizes: Mapping[Symbol, Any]) -> Evaluate:
    """A function from an environment to the value of the expression."""
    if expr is S.ImaginaryUnit:
        return lambda env: mpmath.mpc(0, 1)
    if isinstance(expr, Number | NumberSymbol):
        return lambda env: expr._to_mpmath(mp.prec)
    if isinstance(expr, Symbol):
        return _symbol(expr, sizes)
    if isinstance(expr, Index):
        return lambda env: env[expr]
    if isinstance(expr, Element):
        slots = [evaluator(slot, sizes) for slot in expr.slots]
        label = interned(expr.label)
        if label.symmetric:
            return lambda env: env[(label, tuple(sorted(int(slot(env)) for slot in slots)))]
        return lambda env: env[(label, tuple(int(slot(env)) for slot in slots))]
    if isinstance(expr, Total | IndexedProduct):
        return _looped(expr, sizes)
    if isinstance(expr, GaussianNorm):
        return lambda env: _gaussian_norm(form_matrix(expr.form, sizes, env))
    if isinstance(expr, LogZ | Expect):
        return _nested(expr, sizes)
    if isinstance(expr, GaussianAverage):
        return averaged(expr, lambda part: evaluator(part, sizes))
    if (tail := _other_tail(expr)) is not None:
        scale, u = (evaluator(part, sizes) for part in tail)
        return lambda env: scale(env) * mpmath.erfc(-u(env))
    return _function(expr, [evaluator(arg, sizes) for arg in expr.args])


def _other_tail(expr: Expr) -> tuple[Expr, Expr] | None:
    """(c, u) for 2 c - c erfc(u) = c erfc(-u), whose digits the difference would lose."""
    if not (expr.is_Add and len(expr.args) == 2 and expr.args[0].is_Number):
        return None
    coefficient, node = expr.args[1].as_coeff_Mul()
    if isinstance(node, erfc) and expr.args[0] == -2 * coefficient:
        return -coefficient, node.args[0]
    return None


def _symbol(symbol: Symbol, sizes: Mapping[Symbol, Any]) -> Evaluate:
    if symbol in sizes:
        value = mpmath.mpf(int(sizes[symbol])) if sizes[symbol] == int(sizes[symbol]) else None
        value = mpmath.mpmathify(sizes[symbol]) if value is None else value
        return lambda env: value
    return lambda env: env[symbol]


def _looped(binder: Any, sizes: Mapping[Symbol, Any]) -> Evaluate:
    if isinstance(binder, Total) and _is_monomial(binder):
        return _sum_of_products(binder, sizes)
    body = evaluator(binder.body, sizes)
    indices = binder.indices
    ranges = [range(1, count(i.range, sizes) + 1) for i in indices]
    fold = mpmath.fsum if isinstance(binder, Total) else mpmath.fprod

    def loop(env: Environment) -> Any:
        inner = dict(env)
        values = []
        for position in cartesian(*ranges):
            inner.update(zip(indices, position, strict=True))
            values.append(body(inner))
        return fold(values)

    return loop


def _is_monomial(total: Total) -> bool:
    """Whether what is summed is a product of components that only this sum numbers."""
    return all(
        isinstance(base, Element)
        and power.is_Integer
        and power > 0
        and all(slot in total.indices for slot in base.slots)
        for base, power in (f.as_base_exp() for f in Mul.make_args(total.body))
    )


def _sum_of_products(total: Total, sizes: Mapping[Symbol, Any]) -> Evaluate:
    """The components of each product are found once, not at every evaluation."""
    factors = [f.as_base_exp() for f in Mul.make_args(total.body)]
    ranges = [range(1, count(i.range, sizes) + 1) for i in total.indices]
    products = []
    for position in cartesian(*ranges):
        at = dict(zip(total.indices, position, strict=True))
        keys = [component(e.label, tuple(at[s] for s in e.slots)) for e, _ in factors]
        powers = [int(power) for _, power in factors]
        products.append([k for key, p in zip(keys, powers, strict=True) for k in [key] * p])

    def value(env: Environment) -> Any:
        return mpmath.fsum(mpmath.fprod([env[key] for key in keys]) for keys in products)

    return value


def _function(expr: Expr, args: list[Evaluate]) -> Evaluate:
    if expr.is_Add:
        return lambda env: mpmath.fsum(arg(env) for arg in args)
    if expr.is_Mul:
        return lambda env: mpmath.fprod(arg(env) for arg in args)
    if expr.is_Pow:
        base, power = args
        return lambda env: mpmath.power(base(env), power(env))
    if isinstance(expr, KroneckerDelta):
        left, right = args
        return lambda env: mpmath.mpf(left(env) == right(env))
    name = type(expr).__name__
    function = _FUNCTIONS.get(name) or getattr(mpmath, name.lower(), None)
    if function is None:
        raise ParameterError(f"no numerical meaning is known for the function {name}")
    return lambda env: function(*(arg(env) for arg in args))


def form_matrix(form: Any, sizes: Mapping[Symbol, Any], env: Environment) -> mpmath.matrix:
    """The numerical matrix of a quadratic form: explicit, or of an array over its ranges."""
    if isinstance(form, MatrixBase):
        rows = [
            [evaluator(form[i, j], sizes)(env) for j in range(form.cols)] for i in range(form.rows)
        ]
        return mpmath.matrix(rows)
    if isinstance(form, BipartiteForm):
        return _bipartite(form, sizes, env)
    i, j = sorted(free_indices(form), key=lambda index: index.name)
    entry, n = evaluator(form, sizes), count(i.range, sizes)
    return mpmath.matrix(
        [[entry(env | {i: a, j: b}) for b in range(1, n + 1)] for a in range(1, n + 1)]
    )


def _bipartite(form: BipartiteForm, sizes: Mapping[Symbol, Any], env: Environment) -> mpmath.matrix:
    entry = evaluator(form.entry, sizes)
    rows, columns = (count(i.range, sizes) for i in (form.row, form.column))
    matrix = mpmath.zeros(rows + columns)
    for a, b in cartesian(range(rows), range(columns)):
        value = entry(env | {form.row: a + 1, form.column: b + 1})
        matrix[a, rows + b] = matrix[rows + b, a] = value
    return matrix


def _gaussian_norm(matrix: mpmath.matrix) -> Any:
    eigenvalues = mpmath.eigsy(matrix, eigvals_only=True)
    scale = max(abs(e) for e in eigenvalues)
    kept = [e for e in eigenvalues if abs(e) > scale * mp.eps * 1e6]
    return mpmath.fsum(mpmath.log(abs(e) / (2 * mp.pi)) for e in kept) / 2


def _nested(node: Any, sizes: Mapping[Symbol, Any]) -> Evaluate:
    (variable,) = node.ensemble.variables
    measure, key = variable.measure, (variable.label, ())
    density = evaluator(node.ensemble.exponent + measure.log_weight(variable.element), sizes)
    observable = evaluator(node.observable if isinstance(node, Expect) else S.One, sizes)
    lower, upper = (evaluator(end, sizes) for end in (measure.lower, measure.upper))
    shift, direction = (evaluator(e, sizes) for e in (measure.shift, measure.direction))

    def integral(env: Environment, weight: Evaluate | None) -> Any:
        def log_density(y: Any) -> Any:
            inner = env | {key: shift(env) + direction(env) * y}
            return density(inner), (weight(inner) if weight else 1)

        return log_line_integral(log_density, lower(env), upper(env))

    def value(env: Environment) -> Any:
        log_z, one = integral(env, None)
        if isinstance(node, LogZ):
            return log_z + mpmath.log(one)
        top, factor = integral(env, observable)
        return mpmath.exp(top - log_z) * factor / one

    return value
