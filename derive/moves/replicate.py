r"""Replicate: :math:`Z^n` as one partition function over n copies of everything that is traced.

The disorder is shared by the copies, so that its average couples them.  The replica index is the
first slot of every replicated variable, ``s[a, i]``.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Mul, Pow, Symbol

from derive.ensemble import Ensemble, elements_of
from derive.errors import MoveError
from derive.indices import Element, Index, IndexRange, Label
from derive.matching import replace_elements
from derive.step import Moved
from derive.total import IndexedProduct, Total, fresh
from derive.variables import Variable

__all__ = ["is_extensive", "replica_ranges", "replicate"]


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
    index = index if isinstance(index, Index) else Index(str(index), n)
    if not ensemble.variables:
        raise MoveError("nothing is traced in this ensemble: there is nothing to replicate")
    if any(index.range in v.label.ranges for v in ensemble.variables):
        raise MoveError(
            f"the ensemble is replicated already: it has an index over {index.range.name} copies"
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
