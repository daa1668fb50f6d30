r"""Averages over several variables as averages over fewer, exactly.

    < theta(v) G(a v + b z) > = < G(x) P(v > 0 | x) >,   x = a v + b z,

where an integrand depends on all but some steps through one linear form: the form is conditioned
on, and the average of the steps given it has a closed form.
"""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Add, Dummy, Expr, Heaviside, Matrix, Mul, Symbol, diag, factor

from derive.gaussian.average import GaussianAverage
from derive.rational import factored

__all__ = ["with_fewer_variables"]


def with_fewer_variables(expr: Expr) -> Expr:
    """Reduce the averages in an expression, inner ones with their outer ones, where that can be.

    Examples
    --------
    >>> from sympy import Heaviside, symbols, tanh
    >>> import derive as dv
    >>> v, z = symbols("v z", real=True)
    >>> with_fewer_variables(dv.GaussianAverage(Heaviside(v)*tanh(v + z)**2, (v, z))).variables
    (x,)
    """
    for node in _outermost(expr):
        reduced = _reduced(node)
        if reduced is not None:
            expr = expr.xreplace({node: reduced})
    return expr


def _outermost(expr: Expr) -> Iterator[GaussianAverage]:
    if isinstance(expr, GaussianAverage):
        yield expr
        return
    for arg in expr.args:
        if isinstance(arg, Expr):
            yield from _outermost(arg)


def _reduced(node: GaussianAverage) -> Expr | None:
    joint = _joint(node)
    if len(joint.variables) < 2:
        return None
    parts = [_one_variable(part) for part in _sides(joint)]
    found = [part for part in parts if part is not None]
    return Add(*found) if len(found) == len(parts) else None


def _joint(node: GaussianAverage) -> GaussianAverage:
    """An average of an average as one over all variables, where the inner law stands alone."""
    inner = node.integrand
    if not isinstance(inner, GaussianAverage):
        return node
    law = Add(*inner.mean, *inner.covariance)
    if law.free_symbols & set(node.variables):
        return node
    inner = _joint(inner)
    names = {v: Dummy(v.name, real=True) for v in inner.variables}
    return GaussianAverage(
        inner.integrand.xreplace(names),
        (*node.variables, *names.values()),
        (*node.mean, *inner.mean),
        diag(Matrix(node.covariance), Matrix(inner.covariance)),
    )


def _sides(node: GaussianAverage) -> list[Expr]:
    return list(Add.make_args(node.split().expand(deep=False)))


def _one_variable(term: Expr) -> Expr | None:
    nodes = [f for f in Mul.make_args(term) if isinstance(f, GaussianAverage)]
    if len(nodes) != 1:
        return None
    (node,) = nodes
    factors = Mul.make_args(node.integrand)
    steps = [f for f in factors if isinstance(f, Heaviside)]
    smooth = Mul(*(f for f in factors if not isinstance(f, Heaviside)))
    form = _linear_form(smooth, node.variables)
    if form is None:
        return None
    x = Symbol("x", real=True)
    function = _in_form(smooth, form, node.variables, x)
    if function is None:
        return None
    return (term / node) * _conditioned(node, Mul(*steps), form, function, x)


def _linear_form(smooth: Expr, variables: tuple[Symbol, ...]) -> tuple[Expr, ...] | None:
    """Coefficients of the variables in the linear form that all of them occur in."""
    for node in smooth.atoms(Add):
        used = node.free_symbols & set(variables)
        if len(used) < 2 or not node.is_polynomial(*variables):
            continue
        slopes = tuple(node.diff(v) for v in variables)
        if not any(s.free_symbols & set(variables) for s in slopes):
            return slopes
    return None


def _in_form(
    smooth: Expr, slopes: tuple[Expr, ...], variables: tuple[Symbol, ...], x: Symbol
) -> Expr | None:
    """The function of the form x = sum_k slope_k v_k, if it depends on the variables so alone."""
    k = next(k for k, s in enumerate(slopes) if s != 0)
    others = Add(*(s * v for j, (s, v) in enumerate(zip(slopes, variables, strict=True)) if j != k))
    moved = smooth.xreplace({variables[k]: (x - others) / slopes[k]})
    rule = {a: factor(a.expand()) for a in moved.atoms(Add) if a.is_polynomial(*variables)}
    moved = moved.xreplace(rule)
    return None if moved.free_symbols & set(variables) else moved


def _conditioned(
    node: GaussianAverage, steps: Expr, slopes: tuple[Expr, ...], function: Expr, x: Symbol
) -> Expr:
    row, mean, cov = Matrix([slopes]), Matrix(node.mean), Matrix(node.covariance)
    centre, shared = (row * mean)[0], cov * row.T
    variance = factored((row * shared)[0])
    means = mean + shared * (x - centre) / variance
    left = (cov - shared * shared.T / variance).applyfunc(factored)
    used = [k for k, v in enumerate(node.variables) if v in steps.free_symbols]
    given = (
        GaussianAverage(
            steps,
            [node.variables[k] for k in used],
            [means[k] for k in used],
            left.extract(used, used),
        ).doit()
        if used
        else steps
    )
    return GaussianAverage(function * given, x, centre, variance)
