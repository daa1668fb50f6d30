"""Undo what multiplies a whole row of a gradient: a common array, or a factor without zeros.

``sum_j w_kj (V_j - theta_j) = 0`` holds if ``V_k = theta_k``, and ``(1 - tanh(U_k)**2) X_k = 0``
only if ``X_k = 0``: what is left has a natural form where the row itself has none.
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import (
    Add,
    Dummy,
    Expr,
    Mul,
    Poly,
    PolynomialError,
    S,
    factor_list,
    fraction,
    tanh,
    together,
)

from derive.indices import Element, Index, free_indices
from derive.saddle.index_notation import index_of, is_indexed, marks
from derive.total import Total

__all__ = ["stripped"]


def stripped(row: Expr, unknown: Expr, others: Sequence[Expr] = ()) -> Expr:
    """The row of an indexed unknown without the array and the factors that its terms share.

    A rectangular array leaves an equation for the components of another unknown, over its index.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import tanh
    >>> i, j = dv.indices("i j", dv.size("N"))
    >>> V, w = dv.Real("V", i), dv.Given("w", i, j)
    >>> stripped(dv.total(w[i, j]*(tanh(V[j]) - 2*V[j]), j), V[i])
    tanh(V[i]) - 2*V[i]
    """
    if not is_indexed(unknown):
        return row
    row = _without_array(row, unknown, others)
    own, bounded = set(index_of(unknown)), sorted(row.atoms(tanh), key=str)
    kernels = [e for e in bounded if e.has(*marks((unknown,))) and free_indices(e) == own]
    if any(sum(term.has(kernel) for term in Add.make_args(row)) > 1 for kernel in kernels):
        row = _without_bounded_factors(row, kernels)
    return row


def _without_array(row: Expr, unknown: Expr, others: Sequence[Expr]) -> Expr:
    """All functions X of the row stand under one ``sum_a c_a A_a``, up to a factor."""
    own = set(index_of(unknown))
    operators: dict[Expr, dict[Expr, Expr]] = {}
    terms = [t for part in Add.make_args(row) for t in Add.make_args(part.expand(deep=False))]
    for term in terms:
        piece = _under_operator(term, own)
        if piece is None:
            return row
        array, coefficient, function = piece
        arrays = operators.setdefault(function, {})
        arrays[array] = arrays.get(array, S.Zero) + coefficient
    first = next(iter(operators.values()))
    leading, scale = next(iter(first.items()))
    weights = {function: arrays.get(leading, S.Zero) for function, arrays in operators.items()}
    for function, arrays in operators.items():
        ratio = weights[function] / scale
        if set(arrays) != set(first) or any(
            (c - ratio * first[array]).expand() != 0 for array, c in arrays.items()
        ):
            return row
    bare = Add(*(weight * function for function, weight in weights.items()))
    return _renamed(bare, (unknown, *others)) or row


def _renamed(bare: Expr, unknowns: Sequence[Expr]) -> Expr | None:
    """An equation at a nameless site, named as the unknown whose component stands there."""
    sites = [sorted(index_of(u), key=str) if is_indexed(u) else [] for u in unknowns]
    for unknown, site in zip(unknowns, sites, strict=True):
        if is_indexed(unknown) and bare.has(unknown.xreplace(_nameless(site))):
            return bare.xreplace({new: old for old, new in _nameless(site).items()})
    own = sites[0]
    named = bare.xreplace({new: old for old, new in _nameless(own).items()})
    return named if free_indices(named) <= set(own) else None


def _nameless(site: Sequence[Index]) -> dict[Index, Index]:
    return {index: index.renamed(f"\0at{k}") for k, index in enumerate(site)}


def _under_operator(term: Expr, own: set[Index]) -> tuple[Expr, Expr, Expr] | None:
    """(w[k, *], c, X[k]) of a term c * Total(w[k, j] X[j], j), X free of k."""
    coefficient: list[Expr] = []
    sums: list[Total] = []
    for factor in Mul.make_args(term):
        (sums if isinstance(factor, Total) and own & free_indices(factor) else coefficient).append(
            factor
        )
    if len(sums) != 1 or len(sums[0].indices) != len(own) or free_indices(Mul(*coefficient)) & own:
        return None
    (node,) = sums
    operator = [f for f in Mul.make_args(node.body) if free_indices(f) & own]
    rest = [f for f in Mul.make_args(node.body) if f not in operator]
    if not all(isinstance(f, Element) for f in operator):
        return None
    array = Total(Mul(*operator), *node.indices)
    return array, Mul(*coefficient), Mul(*rest).xreplace(_nameless(node.indices))


def _without_bounded_factors(row: Expr, kernels: list[Expr]) -> Expr:
    """Leave out factors t - c with t = tanh(...) and |c| >= 1, which have no real zero."""
    names = {kernel: Dummy("t") for kernel in kernels}
    back = {name: kernel for kernel, name in names.items()}
    try:
        number, factors = factor_list(fraction(together(row.xreplace(names)))[0])
    except PolynomialError:
        return row
    kept = [base**power for base, power in factors if not _has_no_zero(base, set(back))]
    return Mul(number, *kept).xreplace(back) if len(kept) < len(factors) else row


def _has_no_zero(factor: Expr, bounded: set[Expr]) -> bool:
    symbols = factor.free_symbols | factor.atoms(Element)
    if len(symbols) != 1 or not symbols <= bounded:
        return False
    polynomial = Poly(factor, *symbols)
    roots = polynomial.real_roots() if polynomial.domain.is_ZZ else []
    return polynomial.domain.is_ZZ and all(abs(root) >= 1 for root in roots)
