"""Stationarity in its natural form: unknown = update, where the gradient can be solved for it.

The gradient of a free entropy is, row by row, a linear combination of the unknowns and of
*kernels* (nonlinear functions of them, such as tanh), with coefficients free of unknowns:
``0 = -A u + M theta(u) + c``.  Solving the linear part gives ``u = A**(-1) (M theta + c)``, which
is ``m = tanh(...)`` for any number of coupled order parameters; a row that holds the inverse
function of an unknown (``atanh(m)``, ``log(q)``) is solved through that function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import (
    Add,
    Dummy,
    Expr,
    Function,
    Matrix,
    Mul,
    S,
    acoth,
    asinh,
    atanh,
    cancel,
    cosh,
    coth,
    erfinv,
    expand_log,
    factor_terms,
    fraction,
    log,
    sinh,
    tanh,
    together,
)

from derive.errors import DeriveError
from derive.indices import Element
from derive.saddle.common_factors import stripped
from derive.saddle.index_notation import (
    is_indexed,
    is_polynomial_in,
    marks,
    replaced_everywhere,
    under_sums,
)
from derive.saddle.inversion import NotInvertible, inverse_function, solve_for
from derive.saddle.linear import solve_linear
from derive.saddle.shared_kernels import kernels_that_solve
from derive.saddle.substitution import substitute
from derive.single_site import collected
from derive.total import Total

__all__ = [
    "NaturalForm",
    "compact",
    "distributed",
    "gathered",
    "natural_form",
    "split_logarithms",
    "terms_of",
    "tidy",
]

Terms = dict[Expr, Expr]

_HELD = Dummy("held")
_READABLE = 400  # operations
_SINGULAR_ENDS = (atanh, acoth, asinh, erfinv, log)


@dataclass(frozen=True)
class NaturalForm:
    """Stationarity solved for the unknowns.

    Attributes
    ----------
    updates : tuple of Expr
        ``unknown_k = updates[k]`` at a stationary point.
    kernels : tuple of (Expr, Expr)
        Nonlinear functions of the unknowns with what they equal there, such as tanh(...) -> m.
    """

    updates: tuple[Expr, ...]
    kernels: tuple[tuple[Expr, Expr], ...]

    def on_shell(self, expr: Expr) -> Expr:
        """Replace the nonlinear functions by the unknowns that they equal."""
        for kernel, value in self.kernels:
            expr = replaced_everywhere(expr, kernel, value)
        return expr


def tidy(expr: Expr, unknowns: Sequence[Expr] = ()) -> Expr:
    """Write sinh/cosh as tanh, cosh/sinh as coth, and cancel quotients of polynomials.

    These two are what differentiation of a logarithm leaves behind.
    """
    expr = under_sums(expr, _quotients_to_tanh)
    terms, markers = Add.make_args(distributed(expr)), marks(unknowns)
    quotients = [
        t
        for t in terms
        if t.has(*markers) and t.is_rational_function(*unknowns) and not t.is_polynomial(*unknowns)
    ]
    if not quotients:
        return expr
    before = Add(*quotients)
    after = cancel(together(before))
    if after.count_ops() >= before.count_ops():
        return expr
    return Add(*(t for t in terms if t not in quotients)) + after


def compact(expr: Expr) -> Expr:
    """Common factors taken out, where the expression is short enough for that to show anything."""
    return factor_terms(expr) if expr.count_ops() < _READABLE else expr


def gathered(expr: Expr) -> Expr:
    """``tanh(beta*h + beta*m)`` as ``tanh(beta*(h + m))``, under sums too: one form for each."""

    def gathered_here(part: Expr) -> Expr:
        return part.replace(
            lambda e: isinstance(e, Function) and len(e.args) == 1 and e.args[0].is_Add,
            lambda e: e.func(collected(e.args[0])),
        )

    return under_sums(expr, gathered_here)


def split_logarithms(expr: Expr) -> Expr:
    """log(a b/c) as log a + log b - log c in the terms of a sum: the same derivatives.

    The two may differ by a constant 2 pi i k, so that this is for differentiation only.
    """

    terms = []
    for term in Add.make_args(expr):
        coefficient, function = term.as_independent(log, Total, as_Add=False)
        if isinstance(function, Total):
            function = Total(split_logarithms(function.body), *function.indices)
        elif isinstance(function, log) and function.args[0].is_Mul:
            function = expand_log(function, force=True)
        terms.append(coefficient * function)
    return Add(*terms)


def distributed(expr: Expr) -> Expr:
    """Products over sums written out, at the top level only."""
    terms = []
    for term in Add.make_args(expr):
        factors = Mul.make_args(term)
        addition = next((f for f in factors if f.is_Add), None)
        if addition is None:
            terms.append(term)
            continue
        rest = Mul(*(f for f in factors if f is not addition))  # denominators stay as they are
        terms += [part for a in addition.args for part in Add.make_args(distributed(rest * a))]
    return Add(*terms)


def _quotients_to_tanh(expr: Expr) -> Expr:
    arguments = {node.args[0] for node in expr.atoms(cosh)}
    arguments &= {node.args[0] for node in expr.atoms(sinh)}
    for x in sorted(arguments, key=str):
        expr = substitute(expr, sinh(x) / cosh(x), tanh(x))
        expr = substitute(expr, cosh(x) / sinh(x), coth(x))
    return expr


def natural_form(rows: Sequence[Expr], unknowns: Sequence[Expr]) -> NaturalForm | None:
    """Solve a gradient for its unknowns; None if no natural form exists.

    Parameters
    ----------
    rows : sequence of Expr
        The gradient, one row for each unknown.
    unknowns : sequence of Expr
        The unknowns.
    """
    updates = _updates(rows, unknowns) or kernels_that_solve(rows, unknowns)
    return None if updates is None else _with_kernels(updates, unknowns)


def _updates(rows: Sequence[Expr], unknowns: Sequence[Expr]) -> dict[Expr, Expr] | None:
    """The unknowns solved for, row by row and in blocks of linear terms."""
    updates: dict[Expr, Expr] = {}
    linear_rows = []
    for row, unknown in zip(rows, unknowns, strict=True):
        row = stripped(row, unknown, unknowns)
        solved = _through_inverse(row, unknowns)
        if solved is not None and solved[0] not in updates:
            u, value = solved
            updates[u] = gathered(value) if is_indexed(u) else value
        else:
            linear_rows.append(row)
    rest = [u for u in unknowns if u not in updates]
    for group, members in _blocks(linear_rows, rest):
        if len(group) != len(members):
            return None
        solution = _solve_block([linear_rows[k] for k in group], members)
        if solution is None:
            return None
        updates.update(solution)
    if any(_is_polynomial_in(updates[u], u, unknowns) for u in unknowns):
        return None
    return updates


def terms_of(expr: Expr, unknowns: Sequence[Expr]) -> Terms:
    """The expression as {function of the unknowns: coefficient free of them}."""
    result: Terms = {}
    markers = marks(unknowns)
    for term in Add.make_args(expr):
        coefficient, function = term.as_independent(*markers, as_Add=False)
        inner = function.is_Add and function != term
        pieces = terms_of(function, unknowns) if inner else {function: S.One}
        for piece, factor in pieces.items():
            result[piece] = result.get(piece, S.Zero) + coefficient * factor
    return {function: c for function, c in result.items() if c != 0}


def _through_inverse(row: Expr, unknowns: Sequence[Expr]) -> tuple[Expr, Expr] | None:
    """Solve c f(u) + rest = 0 through the inverse of f, as atanh(m) = x gives m = tanh(x).

    Logarithms of functions of one unknown count together: log(1 + m) - log(1 - m) = 2 x.
    """
    terms = terms_of(row, unknowns)
    for unknown in unknowns:
        own = {k: c for k, c in terms.items() if _is_inverse_type(k, unknown, unknowns)}
        rest = {k: c for k, c in terms.items() if k not in own}
        if not own or not all(is_polynomial_in(k, marks((unknown,))) for k in rest):
            continue
        scale = next(iter(own.values()))
        joined = _joined({k: cancel(c / scale) for k, c in own.items()}, unknown)
        if joined is None:
            continue
        function, argument, multiple = joined
        # the unknown may stand on the other side too (beta J m): there it is held fixed
        held = Add(*(c * k for k, c in rest.items())).xreplace({unknown: _HELD})
        inverse = inverse_function(function)
        assert inverse is not None  # every function with singular ends has one
        try:
            roots = solve_for(argument - inverse(-held / (multiple * scale)), unknown)
        except NotInvertible:
            continue
        if len(roots) == 1:
            return unknown, roots[0].xreplace({_HELD: unknown})
    return None


def _is_inverse_type(kernel: Expr, unknown: Expr, unknowns: Sequence[Expr]) -> bool:
    """Functions with singular ends, whose inverse is bounded or positive."""
    if kernel.func not in _SINGULAR_ENDS or not kernel.has(unknown):
        return False
    others = marks(u for u in unknowns if u != unknown)
    return not kernel.atoms(Total) and not (others and kernel.has(*others))


def _joined(own: Terms, unknown: Expr) -> tuple[Any, Expr, int] | None:
    """The sum of the kernels as a multiple of one function of one argument."""
    if any(k.func is not log or c not in (1, -1) for k, c in own.items()):
        if len(own) > 1:
            return None
        ((kernel, _),) = own.items()
        return kernel.func, kernel.args[0], 1
    quotient = Mul(*(k.args[0] ** c for k, c in own.items()))
    above, below = fraction(together(quotient))
    whole = (above + below).expand()
    if below.has(unknown) and not whole.has(unknown):  # log(p/q) = 2 artanh((p - q)/(p + q))
        return atanh, ((above - below) / whole).expand(), 2
    return log, quotient, 1


def _blocks(rows: Sequence[Expr], unknowns: Sequence[Expr]) -> list[tuple[list[int], list[Expr]]]:
    """Rows and unknowns that hang together through their linear terms."""
    groups: list[tuple[list[int], list[Expr]]] = []
    for k, row in enumerate(rows):
        members = [u for u in unknowns if u in terms_of(row, unknowns)]
        touching = [g for g in groups if set(g[1]) & set(members)]
        groups = [g for g in groups if g not in touching]
        merged = [u for u in unknowns if u in members or any(u in g[1] for g in touching)]
        groups.append(([*(n for g in touching for n in g[0]), k], merged))
    covered = {u for _, members in groups for u in members}
    orphans = [u for u in unknowns if u not in covered]
    return groups + ([([], orphans)] if orphans else [])


def _solve_block(rows: Sequence[Expr], unknowns: Sequence[Expr]) -> dict[Expr, Expr] | None:
    """u = A**(-1) (M theta + c), with everything that is no unknown of the block a theta."""
    split = [terms_of(row, unknowns) for row in rows]
    thetas = list(dict.fromkeys(k for terms in split for k in terms if k not in unknowns))
    linear = Matrix([[-terms.get(u, S.Zero) for u in unknowns] for terms in split])
    rest = Matrix(len(rows), len(thetas), lambda a, k: split[a].get(thetas[k], S.Zero))
    if len(rows) == 1:
        weights = rest.applyfunc(lambda entry: _ratio(entry, linear[0, 0]))
    else:
        try:
            weights = solve_linear(linear, rest).applyfunc(lambda e: _ratio(*fraction(e)))
        except DeriveError:
            return None
    return {
        u: Add(*(weights[b, k] * _factored(theta) for k, theta in enumerate(thetas)))
        for b, u in enumerate(unknowns)
    }


def _factored(kernel: Expr) -> Expr:
    """Common factors of numerator and denominator taken out, so that they cancel."""
    return kernel if kernel.atoms(Element) else factor_terms(kernel)


def _ratio(numerator: Expr, denominator: Expr) -> Expr:
    ratio = numerator / denominator
    return cancel(ratio) if fraction(together(ratio))[1].has(Add) else ratio


def _is_polynomial_in(update: Expr, unknown: Expr, unknowns: Sequence[Expr]) -> bool:
    """m = m**3 or m = J m solves nothing: such an equation stays a gradient."""
    own, markers = marks((unknown,)), marks(unknowns)
    return any(k.has(*own) and is_polynomial_in(k, markers) for k in terms_of(update, unknowns))


def _with_kernels(updates: dict[Expr, Expr], unknowns: Sequence[Expr]) -> NaturalForm:
    """Find the kernel that each unknown equals, and use it in the other updates."""
    kernels: dict[Expr, Expr] = {}
    owner: dict[Expr, Expr] = {}
    markers = marks(unknowns)
    for u in unknowns:
        terms = terms_of(updates[u], unknowns)
        nonlinear = [k for k in terms if k not in unknowns and k.has(*markers)]
        fresh = [k for k in nonlinear if k not in kernels and not is_polynomial_in(k, markers)]
        if len(nonlinear) == 1 and fresh:
            (kernel,) = fresh
            rest = Add(*(c * k for k, c in terms.items() if k != kernel))
            kernels[kernel], owner[kernel] = (u - rest) / terms[kernel], u
    reduced = {}
    for u in unknowns:
        own = {k: v for k, v in kernels.items() if owner[k] != u}
        pieces = terms_of(updates[u], unknowns)
        reduced[u] = Add(*(_flat(c, _in_unknowns(k, own)) for k, c in pieces.items()))
    return NaturalForm(tuple(reduced[u] for u in unknowns), tuple(kernels.items()))


def _in_unknowns(function: Expr, kernels: dict[Expr, Expr]) -> Expr:
    """The function with kernels among its factors replaced by what they equal."""
    for kernel, value in kernels.items():
        function = substitute(function, kernel, value)
    return function


def _flat(coefficient: Expr, function: Expr) -> Expr:
    """Coefficient times function, multiplied out where the function is a sum of unknowns."""
    return Add(*(coefficient * term for term in Add.make_args(function)))
