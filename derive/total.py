"""Indexed sums and products as binders, with one constructor that brings sums to normal form.

`Total(body, i, j)` is the full sum over its indices.  The constructor distributes over additions,
moves what does not depend on an index outside, contracts Kronecker deltas by index identity, turns
unused sums into multiplicities, merges nested sums and splits disconnected ones, so that a sum is a
polynomial in *connected* totals, which SymPy then collects by itself: `Total(s[i]*s[j], i, j)` is
`Total(s[i], i)**2`.  Totals are equal up to the names of their indices.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sympy import (
    Add,
    Expr,
    Ge,
    Gt,
    Integer,
    KroneckerDelta,
    Le,
    Lt,
    Mul,
    Ne,
    Pow,
    S,
    expand,
    sympify,
)
from sympy.printing.precedence import PRECEDENCE

from derive.canonical import canonical_body
from derive.errors import DeclarationError, IndexRangeError
from derive.indices import Index, free_indices
from derive.typesetting.typeset import Typeset

__all__ = [
    "Binder",
    "IndexedProduct",
    "Total",
    "components",
    "fresh",
    "product",
    "rename_bound",
    "total",
]


def fresh(index: Index, taken: Iterable[Index]) -> Index:
    """An index over the same range whose name is not taken: i, i', i'', ..."""
    names = {other.name for other in taken}
    name = index.name
    while name in names:
        name += "'"
    return index.renamed(name)


class Binder(Typeset, Expr):
    """An expression that binds indices: renaming and substitution never capture."""

    is_commutative = True
    precedence = PRECEDENCE["Atom"]  # printed with its own brackets
    __slots__ = ("_key",)
    _key: tuple[Any, ...]

    @property
    def body(self) -> Expr:
        return self.args[0]

    @property
    def indices(self) -> tuple[Index, ...]:
        return self.args[1:]

    bound_indices = indices

    @property
    def bound_body(self) -> tuple[Expr, ...]:
        return (self.body,)

    def _hashable_content(self) -> tuple[Any, ...]:
        try:
            return self._key
        except AttributeError:
            body, indices = canonical_body(self.body, self.indices)
            self._key = (body, *indices)
            return self._key

    @property
    def free_symbols(self) -> set[Any]:
        return self.body.free_symbols

    def _renamed_apart(self, taken: Iterable[Index]) -> Binder:
        """The same sum with no bound index among the indices taken."""
        clash = set(taken) & set(self.indices)
        if not clash:
            return self
        avoid = set(taken) | set(self.indices) | free_indices(self.body)
        return rename_bound(self, {i: fresh(i, avoid) for i in clash})

    def _xreplace(self, rule: dict[Any, Any]) -> tuple[Any, bool]:
        if self in rule:
            return rule[self], True
        if not isinstance(rule, dict):  # a Transform acts on every node alike
            body, changed = self.body._xreplace(rule)
            return (self.func(body, *self.indices), True) if changed else (self, False)
        # What mentions a bound index from outside means another index of the same name.
        rule = {old: new for old, new in rule.items() if not _mentions(old, self.indices)}
        # Bound names avoid those that are put in, and those that are looked for.
        taken = frozenset().union(*(free_indices(e) for pair in rule.items() for e in pair))
        safe = self._renamed_apart(taken)
        body, changed = safe.body._xreplace(rule)
        return (self.func(body, *safe.indices), True) if changed else (self, False)

    def _eval_subs(self, old: Any, new: Any) -> Expr:
        if _mentions(old, self.indices):
            return self
        safe = self._renamed_apart(free_indices(new) | free_indices(old))
        body = safe.body._subs(old, new)
        return self if body == safe.body else self.func(body, *safe.indices)

    def _eval_simplify(self, **kwargs: Any) -> Expr:
        return self

    def _sympystr(self, printer: Any) -> str:
        from derive.typesetting.dummy_names import binder_text

        return binder_text(self, printer)

    _sympyrepr = _sympystr


def _mentions(expr: Any, indices: tuple[Index, ...]) -> bool:
    return not free_indices(expr).isdisjoint(indices)


def rename_bound(binder: Any, names: dict[Index, Index]) -> Any:
    """The same binder with other names for bound indices."""
    indices = [names.get(i, i) for i in binder.indices]
    return Expr.__new__(binder.func, binder.body.xreplace(names), *indices)


class Total(Binder):
    """The full sum of `body` over its indices, in normal form.

    Parameters
    ----------
    body : Expr
        The summand.
    *indices : Index
        The indices summed over, each over its whole range.

    Returns
    -------
    Expr
        A polynomial in connected totals.

    Examples
    --------
    >>> import derive as dv
    >>> N = dv.size("N")
    >>> i, j = dv.indices("i j", N)
    >>> s = dv.Ising("s", i)
    >>> dv.Total(s[i]*s[j], i, j) == dv.Total(s[j], j)**2
    True
    >>> dv.Total(1, i)
    N
    """

    def __new__(cls, body: Any, *indices: Any) -> Expr:
        _check_bound(indices)
        body = sympify(body)
        return Add(*(_sum_of_product(term, indices) for term in _distribute(body, indices)))

    def _eval_derivative(self, other: Any) -> Expr:
        safe = self._renamed_apart(free_indices(other))
        return Total(safe.body.diff(other), *safe.indices)

    def _latex(self, printer: Any) -> str:
        text = _big_operator(printer, r"\sum", self)
        return text if getattr(printer, "brackets_sums", False) else rf"\left({text}\right)"


class IndexedProduct(Binder):
    """The product of `body` over its indices: a multiplicative weight.

    Examples
    --------
    >>> import derive as dv
    >>> i, j = dv.indices("i j", dv.size("N"))
    >>> x = dv.Real("x", i)
    >>> dv.product(1 + x[i]**2, i) == dv.product(1 + x[j]**2, j)
    True
    """

    def __new__(cls, body: Any, *indices: Any) -> Expr:
        _check_bound(indices)
        body = sympify(body)
        used = tuple(i for i in indices if i in free_indices(body))
        multiplicity = Mul(*(i.size for i in indices if i not in used))
        if used:
            return Pow(Expr.__new__(cls, body, *used), multiplicity)
        return Pow(body, multiplicity)

    def _latex(self, printer: Any) -> str:
        return _big_operator(printer, r"\prod", self)


def _big_operator(printer: Any, operator: str, binder: Binder) -> str:
    body = printer.parenthesize(binder.body, PRECEDENCE["Mul"])
    return rf"{operator}_{{{' '.join(printer._print(i) for i in binder.indices)}}} {body}"


def _check_bound(indices: tuple[Any, ...]) -> None:
    for index in indices:
        if not isinstance(index, Index):
            raise DeclarationError(f"{index} is no index: declare it with dv.Index('i', N)")
    if len(set(indices)) < len(indices):
        raise DeclarationError(f"an index is summed over twice: {indices}")


def _distribute(body: Expr, indices: tuple[Index, ...]) -> tuple[Expr, ...]:
    """Products over additions, only where the addition depends on a bound index."""
    if body.is_Add:
        return tuple(term for arg in body.args for term in _distribute(arg, indices))
    sums: list[Expr] = []
    rest: list[Expr] = []
    for factor in Mul.make_args(body):
        (sums if _is_sum(factor) and _mentions(factor, indices) else rest).append(factor)
    if not sums:
        return (body,)
    opened = Mul(*map(_open_sum, sums)).expand(deep=False)  # denominators stay as they are
    return tuple(
        term for arg in Add.make_args(opened) for term in _distribute(Mul(*rest, arg), indices)
    )


def _is_sum(factor: Expr) -> bool:
    if factor.is_Pow and factor.exp.is_Integer and factor.exp > 1:
        return factor.base.is_Add
    return factor.is_Add


def _open_sum(factor: Expr) -> Expr:
    return expand(factor, deep=False, power_base=False, power_exp=False, log=False)


def _sum_of_product(term: Expr, indices: tuple[Index, ...]) -> Expr:
    factors, bound = _merge_nested(term, indices)
    factors, bound = _contract(factors, bound)
    outside = Mul(*(f for f in factors if not _mentions(f, bound)))
    inside = [f for f in factors if _mentions(f, bound)]
    if any(_is_sum(f) for f in inside):  # a contraction may have opened a new addition
        return Mul(outside, Total(Mul(*inside), *bound))
    used = frozenset().union(*(free_indices(f) for f in inside))
    multiplicity = Mul(*(i.size for i in bound if i not in used))
    groups = components(inside, tuple(i for i in bound if i in used))
    return Mul(outside, multiplicity, *(_connected(f, i) for f, i in groups))


def _connected(factors: list[Expr], indices: tuple[Index, ...]) -> Expr:
    return Expr.__new__(Total, Mul(*factors), *indices)


def _merge_nested(term: Expr, indices: tuple[Index, ...]) -> tuple[list[Expr], tuple[Index, ...]]:
    """Totals (and their integer powers) that depend on a bound index join the outer sum."""
    factors: list[Expr] = []
    bound = list(indices)
    for factor in Mul.make_args(term):
        base, power = factor.as_base_exp()
        if not (isinstance(base, Total) and power.is_Integer and power > 0) or not _mentions(
            factor, indices
        ):
            factors.append(factor)
        else:
            for _ in range(int(power)):
                inner = base._renamed_apart({*bound, *free_indices(term)})
                factors.extend(Mul.make_args(inner.body))
                bound.extend(inner.indices)
    return factors, tuple(bound)


def _contract(
    factors: list[Expr], bound: tuple[Index, ...]
) -> tuple[list[Expr], tuple[Index, ...]]:
    """Sum over an index that a Kronecker delta ties to another."""
    factors = list(Mul.make_args(Mul(*factors)))
    for delta in factors:
        if not isinstance(delta, KroneckerDelta):
            continue
        tied = _tied_index(delta, bound)
        if tied is not None:
            index, value = tied
            rest = Mul(*(f for f in factors if f is not delta)).xreplace({index: value})
            return _contract([rest], tuple(i for i in bound if i != index))
    return factors, bound


def _tied_index(delta: KroneckerDelta, bound: tuple[Index, ...]) -> tuple[Index, Expr] | None:
    """The index that a delta ties to another one or to a number.

    A neighbour (l' = l - 1) is not always there: at the ends of the range such a delta vanishes, so
    that it stays under the sum.
    """
    for index, value in (delta.args, delta.args[::-1]):
        if index not in bound or not isinstance(value, Index | Integer):
            continue
        if isinstance(value, Index) and value.range != index.range:
            raise IndexRangeError(f"{delta} compares indices of different ranges")
        if isinstance(value, Integer) and not 1 <= value <= _largest(index):
            raise IndexRangeError(
                f"{delta} asks for {index} = {value}; it runs from 1 to {index.size}"
            )
        return index, value
    return None


def _largest(index: Index) -> Expr:
    return index.size if index.size.is_Integer else S.Infinity


def components(
    factors: list[Expr], indices: tuple[Index, ...]
) -> list[tuple[list[Expr], tuple[Index, ...]]]:
    """Factors connected through bound indices, as (factors, indices) groups."""
    groups: list[tuple[list[Expr], set[Index]]] = []
    for factor in factors:
        own = set(free_indices(factor)) & set(indices)
        joined = [g for g in groups if g[1] & own]
        groups = [g for g in groups if not g[1] & own]
        merged = [f for g in joined for f in g[0]] + [factor]
        groups.append((merged, own.union(*(g[1] for g in joined))))
    return [(fs, tuple(i for i in indices if i in own)) for fs, own in groups]


def total(expr: Any, *over: Any) -> Expr:
    """Sum an expression over indices, as written on paper.

    Parameters
    ----------
    expr : Expr
        The summand.
    *over : Index or relation
        Indices, or a restriction between two of them: ``i < j``, ``i <= j``, ``Ne(i, j)``.

    Returns
    -------
    Expr
        Full sums only: ``i < j`` of a symmetric summand becomes half of (the full sum minus its
        diagonal), ``Ne(i, j)`` subtracts the diagonal, so that subleading pieces stay exact.

    Raises
    ------
    DeclarationError
        If ``i < j`` restricts a summand that is not symmetric in i and j.

    Examples
    --------
    >>> import derive as dv
    >>> N = dv.size("N")
    >>> i, j = dv.indices("i j", N)
    >>> s = dv.Ising("s", i)
    >>> dv.total(s[i]*s[j], i < j) == (dv.total(s[i], i)**2 - dv.total(s[i]**2, i)) / 2
    True
    """
    expr = sympify(expr)
    _check_bound(tuple(item for item in over if isinstance(item, Index)))
    indices: list[Index] = []
    for item in over:
        if isinstance(item, Index):
            indices.append(item)
            continue
        if not isinstance(item, Lt | Gt | Le | Ge | Ne):
            raise DeclarationError(f"{item} is neither an index nor a relation such as i < j")
        left, right = item.args
        expr = expr * _restriction(expr, item, left, right)
        indices.extend((left, right))
    return Total(expr, *dict.fromkeys(indices))


def _restriction(expr: Expr, relation: Any, left: Index, right: Index) -> Expr:
    diagonal = KroneckerDelta(left, right)
    if isinstance(relation, Ne):
        return 1 - diagonal
    if (expr - expr.xreplace({left: right, right: left})).expand() != 0:
        raise DeclarationError(
            f"{expr} is not symmetric in {left} and {right}, so that {relation} is no rewriting of "
            f"a full sum: declare the coupling with symmetric=True, or sum over Ne({left}, {right})"
        )
    half = S.Half
    return half * (1 - diagonal) if isinstance(relation, Lt | Gt) else half * (1 + diagonal)


def product(expr: Any, *over: Index) -> Expr:
    """Multiply an expression over indices: a multiplicative weight such as a step per pattern."""
    return IndexedProduct(expr, *over)
