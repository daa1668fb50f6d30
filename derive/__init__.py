"""Derive the equations of a statistical-mechanics model from its Hamiltonian."""

from derive.equations import Equations
from derive.indices import Element, Index, IndexRange, indices, replicas, size
from derive.total import Total, product, total

__all__ = [
    "Element",
    "Equations",
    "Index",
    "IndexRange",
    "Total",
    "indices",
    "product",
    "replicas",
    "size",
    "total",
]
