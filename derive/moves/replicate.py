r"""Replicate: :math:`Z^n` as one partition function over n copies of everything that is traced.

The disorder is shared by the copies, so that its average couples them.  The replica index is the
first slot of every replicated variable, ``s[a, i]``.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Integer, Mul, Pow, Symbol, sympify

from derive.ensemble import Ensemble, elements_of
from derive.errors import MoveError
from derive.indices import Element, Index, IndexRange, Label
from derive.matching import replace_elements
from derive.step import Moved
from derive.total import IndexedProduct, Total, fresh
from derive.variables import Variable

__all__ = ["counts_replicas", "is_extensive", "replica_ranges", "replicate"]


def is_extensive(over: IndexRange) -> bool:
    """Whether a range grows with a system size, declared by `size`; replicas do not."""
    return any(s.is_integer and s.is_positive for s in over.size.free_symbols)


def replica_ranges(ensemble: Ensemble, n: Symbol) -> tuple[IndexRange, ...]:
    """The ranges of an ensemble whose size depends on the number of replicas."""
    ranges = {over for v in ensemble.variables for over in v.label.ranges}
    return tuple(sorted((r for r in ranges if r.size.has(n)), key=lambda r: r.name))


def replicate(ensemble: Ensemble, index: Any, n: Any = None) -> Moved:
    """Take n copies of all traced variables, which share the disorder.

    Parameters
    ----------
    ensemble : Ensemble
        With quenched disorder; what is traced gets a replica index.
    index : str or Index
        The replica index, or its name.
    n : Symbol
        The number of replicas, declared with ``dv.replicas("n")``; or a positive integer.

    Returns
    -------
    Moved
        The ensemble of ``Z**n``.  Kind: exact at integer n.

    Raises
    ------
    MoveError
        If the ensemble is replicated already, or nothing is traced.
    """
    index = index if isinstance(index, Index) else Index(str(index), _number(n))
    if not ensemble.variables:
        raise MoveError("nothing is traced in this ensemble: there is nothing to replicate")
    ranges = {over for v in ensemble.variables for over in v.label.ranges}
    if copies := sorted(r.name for r in ranges if r == index.range or counts_replicas(r)):
        raise MoveError(
            f"the ensemble is replicated already: it has an index over {copies[0]} copies"
        )
    labels = {v.label: _copied(v.label, index.range) for v in ensemble.variables}
    return Moved(
        ensemble.replaced(
            variables=[Variable(labels[v.label], v.measure) for v in ensemble.variables],
            exponent=Total(_with_replica(ensemble.exponent, labels, index), index),
            weight=Mul(*(_power(f, labels, index) for f in Mul.make_args(ensemble.weight))),
            log_prefactor=index.size * ensemble.log_prefactor,
        ),
        details=(index,),
    )


def _number(n: Any) -> Expr:
    """The number of replicas, not mistaken for a size: nothing else grows with it."""
    n = sympify(n)
    whole = isinstance(n, Integer) and n.is_positive
    if not whole and not (isinstance(n, Symbol) and n.is_integer is None):
        raise MoveError(
            f"{n} is no number of replicas: declare it with dv.replicas('n'), or give a positive "
            "integer"
        )
    return n


def counts_replicas(over: IndexRange) -> bool:
    """Whether a range numbers replicas: of a size that is a symbol, and no system size."""
    return bool(over.size.free_symbols) and not is_extensive(over)


def _copied(label: Label, copies: IndexRange) -> Label:
    return Label(label.name, (copies, *label.ranges))


def _with_replica(expr: Expr, labels: dict[Label, Label], index: Index) -> Expr:
    for old, new in labels.items():
        expr = replace_elements(expr, old, lambda *s, new=new: Element(new, index, *s))
    return expr


def _power(factor: Expr, labels: dict[Label, Label], index: Index) -> Expr:
    """A factor of the weight to the power n: a product over the copies."""
    if not elements_of(factor, labels):
        return Pow(factor, index.size)
    if isinstance(factor, IndexedProduct):
        own = fresh(index, factor.indices)
        return IndexedProduct(_with_replica(factor.body, labels, own), *factor.indices, own)
    return IndexedProduct(_with_replica(factor, labels, index), index)
