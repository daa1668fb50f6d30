"""Gaussian fluctuations of unknowns with one component per site, in index notation.

``log det(-N phi'')`` over all unknowns is reduced by Schur complements, ``det M = det D det(A - B
D**(-1) C)``, with the blocks D that are diagonal in the sites, and by ``det(A B) = det A det B``
where all terms of a row begin with the same array.  Signs belong to the contours: a field on an
imaginary contour has the factor i, and every factor is taken positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sympy import (
    Add,
    Expr,
    Integer,
    KroneckerDelta,
    Mul,
    S,
    cancel,
    expand_log,
    factor_terms,
    log,
    nan,
    pi,
)

from derive.errors import DeriveError
from derive.gaussian_norm import GaussianNorm
from derive.indices import Element, Index, free_indices
from derive.saddle.block_system import BlockSystem, Slots, diagonal_part, identity
from derive.saddle.index_notation import index_of, is_indexed
from derive.saddle.linear import sample_sign
from derive.saddle.log_det import LogDet
from derive.saddle.orientation import oriented
from derive.saddle.stationarity import distributed
from derive.saddle.vector_response import inverse_covariance
from derive.total import Total, rename_bound

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["components_of", "log_determinant", "vector_fluctuation", "with_joined_logarithms"]

_LOG_2PI = expand_log(log(2 * pi))


def vector_fluctuation(free_entropy: FreeEntropy) -> Expr:
    """``correction + (n/2) log(2 pi) - (1/2) log det(-N phi'')`` at the saddle, of n components.

    Nothing controls it where there are as many fields as sites: it is one more term of the same
    approximation.

    Raises
    ------
    DeriveError
        If the determinant cannot be reduced to one matrix in index notation.
    """
    if free_entropy.correction.has(nan):
        raise DeriveError(
            "the fluctuations of what was put on shell are not known in index notation: take "
            ".fluctuation before on_shell, or use eliminate"
        )
    count = Add(*map(components_of, free_entropy.unknowns))
    correction = _opened_norms(distributed(free_entropy.at_saddle(free_entropy.correction)))
    gaussian = count * _LOG_2PI / 2 - log_determinant(free_entropy) / 2
    return with_joined_logarithms(distributed(correction) + distributed(gaussian))


def components_of(unknown: Expr) -> Expr:
    """How many components an unknown stands for."""
    return Mul(*(i.size for i in index_of(unknown))) if is_indexed(unknown) else S.One


def log_determinant(free_entropy: FreeEntropy) -> Expr:
    """The logarithm of ``det(-N phi'')`` over all unknowns, each factor of it positive.

    Raises
    ------
    DeriveError
        If no block can be inverted in index notation.
    """
    system, found = inverse_covariance(free_entropy), S.Zero
    while len(system.rows) > 1:
        pivot = next(iter(system.pivots()), None)
        if pivot is None:
            system, logarithm = _arrays_taken_out(system)
        else:
            row, column, value = pivot
            logarithm = _sum_of_logarithms(value, system.rows[row])
            system = system.eliminated(row, column)
        found += logarithm
    (row,), (column,) = system.rows, system.columns
    entry = system.block(row, column)
    if entry == 0:
        raise DeriveError(
            f"the Hessian over {list(free_entropy.unknowns)} is singular for all parameters: there "
            "is a flat direction, which has to be integrated exactly before the saddle point"
        )
    return found + _of_one_matrix(entry, system.rows[row], system.columns[column])


def _of_one_matrix(entry: Expr, rows: Slots, columns: Slots) -> Expr:
    """``log det`` of ``c_i delta_ij + R_ij`` as that of c and of ``delta_ij + R_ij/c_i``."""
    if not rows:
        return log(_positive(entry))
    if len(rows) > 1:
        raise DeriveError(
            f"a determinant over {rows}: only matrices over one index are written in index notation"
        )
    diagonal, rest = diagonal_part(entry, rows, columns)
    if diagonal == 0:
        taken = _common_array({S.One: entry}, rows, {S.One: columns})
        if taken is None:
            return LogDet(entry, *rows, *columns)
        array, inner = taken
        return array + _of_one_matrix(inner[S.One], rows, columns)
    local = [oriented(term) for term in Add.make_args(diagonal) if not _holds_arrays(term)]
    scale = oriented(Add(*local)) if local else S.One
    scaled = Add(*(oriented(term / scale) for term in Add.make_args(rest)))
    arrays = (oriented(t) / scale for t in Add.make_args(diagonal) if _holds_arrays(t))
    delta = identity(rows, columns)
    normal = delta * Integer(bool(local)) + Add(*(delta * oriented(term) for term in arrays))
    normal += _collected_by_array(scaled, rows[0])
    return _sum_of_logarithms(scale, rows) + LogDet(normal, *rows, *columns)


def _holds_arrays(term: Expr) -> bool:
    return any(element.label.given for element in term.atoms(Element))


def _collected_by_array(entry: Expr, row: Index) -> Expr:
    """Each array once, times a function of the row: ``beta*(1 - V_i**2)/N * w_ij``."""
    weights: dict[Expr, Expr] = {}
    for term in Add.make_args(distributed(entry)):
        local = [f for f in Mul.make_args(term) if not isinstance(f, Total)]
        local = [f for f in local if free_indices(f) <= {row}]
        array = Mul(*(f for f in Mul.make_args(term) if f not in local))
        weights[array] = weights.get(array, S.Zero) + Mul(*local)
    return Add(*(oriented(factor_terms(weight)) * array for array, weight in weights.items()))


def _sum_of_logarithms(value: Expr, rows: Slots) -> Expr:
    logarithm = log(_positive(value))
    return Total(logarithm, *rows) if rows else logarithm


def _positive(value: Expr) -> Expr:
    value = oriented(value) if not value.is_Add else value
    return value if sample_sign(value) > 0 else oriented(-value)


def _arrays_taken_out(system: BlockSystem) -> tuple[BlockSystem, Expr]:
    """``det(diag(A, 1) M) = det A det M`` for a row whose blocks all begin with the array A."""
    for row, slots in system.rows.items():
        own = {b: block for (a, b), block in system.blocks.items() if a == row}
        taken = _common_array(own, slots, system.columns)
        if taken is not None:
            array, inner = taken
            blocks = system.blocks | {(row, b): block for b, block in inner.items()}
            return replace(system, blocks=blocks), array
    raise DeriveError(
        "no block of the Hessian is diagonal in the sites, and its terms share no array: the "
        "determinant of the fluctuations is not known in index notation; take it before on_shell"
    )


def _common_array(
    blocks: Mapping[Expr, Expr], slots: Slots, columns: Mapping[Expr, Slots]
) -> tuple[Expr, dict[Expr, Expr]] | None:
    """``log det c A`` and the B of blocks ``sum_k c A_ik B_kj``, c that of the term with B = delta.

    Only for a square array A; the B are written in the same row index.
    """
    if len(slots) != 1:
        return None
    (row,) = slots
    parts = [(b, _beginning(t, row)) for b, m in blocks.items() for t in Add.make_args(m)]
    found = [(b, part) for b, part in parts if part is not None]
    arrays = {part[0] for _, part in found}
    if len(found) < len(parts) or len(arrays) != 1:
        return None
    scales = [c for b, (_, c, rest) in found if rest in (S.One, identity(slots, columns[b]))]
    scale = scales[0] if scales else found[0][1][1]
    inner: dict[Expr, Expr] = {}
    for b, (_, coefficient, rest) in found:
        inner[b] = inner.get(b, S.Zero) + coefficient / scale * rest
    (array,) = arrays
    other = next(iter(free_indices(array) - {row}))
    return LogDet(_positive(scale) * array, row, other), inner


def _beginning(term: Expr, row: Index) -> tuple[Expr, Expr, Expr] | None:
    """(A_ik, c, B_ij) of a term ``sum_k c A_ik B_kj``, with k named in one way for all terms."""
    factors = Mul.make_args(term)
    outside = [f for f in factors if row not in free_indices(f)]
    inside = [f for f in factors if row in free_indices(f)]
    if len(inside) != 1:
        return None
    (node,) = inside
    bound = node.indices if isinstance(node, Total) else ()
    body = Mul.make_args(node.body) if isinstance(node, Total) else (node,)
    arrays = [f for f in body if row in free_indices(f)]
    if len(arrays) != 1 or not isinstance(arrays[0], Element) or len(arrays[0].slots) != 2:
        return None
    (array,) = arrays
    (other,) = set(array.slots) - {row} or {row}
    if other == row or not isinstance(other, Index) or other.range != row.range:
        return None
    rest = Mul(*(f for f in body if f != array)).xreplace({other: row})
    left = tuple(i for i in bound if i != other)
    rest = Total(rest, *left) if left else rest
    coefficient = Mul(*(f for f in outside if not free_indices(f)))
    rest *= Mul(*(f for f in outside if free_indices(f)))
    if other not in bound:  # A_ij stands alone: it acts on the identity
        rest = rest.xreplace({other: row}) * KroneckerDelta(row, other)
    middle = row.renamed(f"{row.name}'")
    return array.xreplace({other: middle}), coefficient, rest


def _opened_norms(expr: Expr) -> Expr:
    """The norm of a contour with a form in index notation, as a determinant.

    Null directions are no part of the contour, nor of the Hessian, whose terms begin with the form.
    """
    for norm in expr.atoms(GaussianNorm):
        slots = sorted(free_indices(norm.form), key=str)
        if len(slots) == 2:
            size = slots[0].size
            expr = expr.xreplace({norm: LogDet(norm.form, *slots) / 2 - size * _LOG_2PI / 2})
    return expr


def with_joined_logarithms(expr: Expr) -> Expr:
    """Sums of logarithms over the same index as one, whose argument is cancelled."""
    products: dict[Any, Expr] = {}
    rest = []
    for term in Add.make_args(expr):
        coefficient, node = term.as_coeff_Mul()
        single = isinstance(node, Total) and len(node.indices) == 1
        if single and isinstance(node.body, log):
            (index,) = node.indices
            common = Index("i", index.range)
            argument = rename_bound(node, {index: common}).body.args[0]
            key = (common, abs(coefficient))
            power = 1 if coefficient > 0 else -1
            products[key] = products.get(key, S.One) * argument**power
        else:
            rest.append(term)
    for (index, coefficient), product in products.items():
        rest.append(coefficient * Total(expand_log(log(cancel(product))), index))
    return Add(*rest)
