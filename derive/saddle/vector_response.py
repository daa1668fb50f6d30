"""Linear response in index notation, for unknowns with one component per site.

On shell ``V = G(V, p)``, so that ``dV/dp = G_p + G_V dV/dp``; the matrices in it have symbolic
size.  Unknowns whose own block is diagonal are eliminated from this linear system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Add, Eq, Expr, Symbol

from derive.errors import DeriveError
from derive.indices import Element, Label, free_indices
from derive.saddle.block_system import BlockSystem, Slots, apart, diagonal_part, identity
from derive.saddle.index_notation import index_of, is_indexed, with_other_index
from derive.saddle.orientation import joined, oriented
from derive.saddle.stationarity import distributed
from derive.total import Total

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = [
    "apart_from_rows",
    "covariance_equation",
    "inverse_covariance",
    "inverse_response_system",
    "moved",
    "reduced_to",
    "response_equations",
]


def inverse_response_system(
    free_entropy: FreeEntropy, parameter: Expr | None = None
) -> BlockSystem:
    """``(1 - G_u) du/dp = G_p`` of the natural form; without one, of the Hessian times -N.

    Parameters
    ----------
    free_entropy : FreeEntropy
        Whose saddle moves.
    parameter : Expr, optional
        What moves it; without it there is no right-hand side.
    """
    natural = free_entropy.natural_form
    if natural is None:
        return _hessian_system(free_entropy, parameter)
    rows = dict(zip(free_entropy.unknowns, natural.updates, strict=True))

    def entry(a: Expr, b: Expr) -> Expr:
        return a.diff(b) - natural.on_shell(rows[a].diff(b))

    right = {}
    if parameter is not None:
        right = {a: natural.on_shell(row.diff(parameter)) for a, row in rows.items()}
    return BlockSystem.of(rows, entry, right)


def _hessian_system(free_entropy: FreeEntropy, parameter: Expr | None) -> BlockSystem:
    rows = dict(zip(free_entropy.unknowns, free_entropy.gradient, strict=True))
    right = {}
    if parameter is not None:
        right = {
            a: distributed(free_entropy.size * free_entropy.at_saddle(row.diff(parameter)))
            for a, row in rows.items()
        }
    system = inverse_covariance(free_entropy)
    return BlockSystem(system.rows, system.columns, system.blocks, right)


def inverse_covariance(free_entropy: FreeEntropy) -> BlockSystem:
    """Minus the second derivatives of N phi at the saddle, of which fluctuations are Gaussian."""
    rows = dict(zip(free_entropy.unknowns, free_entropy.gradient, strict=True))

    def entry(a: Expr, b: Expr) -> Expr:
        block = distributed(-free_entropy.size * free_entropy.at_saddle(rows[a].diff(b)))
        return Add(*map(oriented, Add.make_args(block)))

    return BlockSystem.of(rows, entry)


def reduced_to(system: BlockSystem, unknown: Expr) -> BlockSystem:
    """Eliminate all the other unknowns whose own block is, or becomes, diagonal."""
    while True:
        own = (b for a, b, _ in system.pivots() if a == b and a != unknown)
        other = next(own, None)
        if other is None:
            return system
        system = system.eliminated(other, other)


def response_equations(free_entropy: FreeEntropy, unknown: Expr, parameter: Expr) -> list[Eq]:
    """The linear equations of d(unknown)/d(parameter), its own first.

    Unknowns that can be eliminated are; the others keep their equations.

    Returns
    -------
    list of Eq
        ``dV[i] = ...``, from the natural form; without one, ``sum_j (-N phi'')_ij dV_j = ...``.
    """
    field = apart_from_rows(free_entropy, parameter)
    system = reduced_to(inverse_response_system(free_entropy, field), unknown)
    wanted = [unknown, *(u for u in system.rows if u != unknown)]
    solved = free_entropy.natural_form is not None
    return [_equation(system, u, _own_indices(field), solved) for u in wanted]


def _equation(system: BlockSystem, unknown: Expr, extra: Slots, solved: bool) -> Eq:
    """Row by row ``M du = r``, or ``du = r - (M - 1) du``."""
    own, right = moved(unknown, extra), system.right[unknown]
    rows, columns = system.rows[unknown], system.columns[unknown]
    diagonal, rest = diagonal_part(system.block(unknown, unknown), rows, columns)
    blocks = [(b, rest if b == unknown else system.block(unknown, b)) for b in system.columns]
    acting = [_acting(block, b, system.columns[b], extra) for b, block in blocks]
    if not solved:
        return Eq(diagonal * own + Add(*acting), right, evaluate=False)
    pieces = [right, (1 - diagonal) * own, *(-term for term in acting)]
    return Eq(own, joined(pieces), evaluate=False)


def _acting(block: Expr, unknown: Expr, columns: Slots, extra: Slots) -> Expr:
    term = block * moved(_with_slots(unknown, columns), extra)
    return Total(term, *columns) if columns else term


def _with_slots(unknown: Expr, slots: Slots) -> Expr:
    if not slots:
        return unknown
    return unknown.xreplace(dict(zip(index_of(unknown), slots, strict=True)))


def _own_indices(parameter: Expr) -> Slots:
    return index_of(parameter) if is_indexed(parameter) else ()


def apart_from_rows(free_entropy: FreeEntropy, parameter: Expr) -> Expr:
    """A field with an index of its own, as in dV[i]/dh[k]."""
    if not is_indexed(parameter):
        return parameter
    taken = {i for u in free_entropy.unknowns for i in free_indices(u)}
    taken |= {i for u in free_entropy.unknowns for i in free_indices(with_other_index(u, taken))}
    return with_other_index(parameter, taken)


def moved(unknown: Expr, extra: Slots = (), order: int = 1) -> Expr:
    """The symbol of a derivative of an unknown; by a field with an index it has that index too."""
    prefix = "d" if order == 1 else f"d{order}"
    if not isinstance(unknown, Element):
        if not extra:
            return Symbol(f"{prefix}{unknown}", real=True)
        return Element(Label(f"{prefix}{unknown}", tuple(i.range for i in extra)), *extra)
    label = unknown.label
    ranges = (*label.ranges, *(i.range for i in extra))
    symmetric = label.symmetric and not extra
    return Element(Label(f"{prefix}{label.name}", ranges, symmetric), *unknown.slots, *extra)


def covariance_equation(free_entropy: FreeEntropy, unknown: Expr) -> Eq:
    """``sum_k (-N phi'')_ik C_kj = delta_ij``, the other unknowns integrated out.

    Raises
    ------
    DeriveError
        If another unknown cannot be eliminated.
    """
    system = reduced_to(inverse_covariance(free_entropy), unknown)
    if len(system.rows) > 1:
        kept = ", ".join(str(u) for u in system.rows if u != unknown)
        raise DeriveError(
            f"the fluctuations of {unknown} stay coupled to those of {kept}, whose own block of "
            "the Hessian is not diagonal: eliminate these, or use hessian_block"
        )
    rows, middle = system.rows[unknown], system.columns[unknown]
    columns = apart(rows, (*rows, *middle))
    ranges = tuple(i.range for i in rows)
    label = Label("C", ranges * 2, symmetric=len(ranges) == 1)
    diagonal, rest = diagonal_part(system.block(unknown, unknown), rows, middle)
    product = rest * Element(label, *middle, *columns)
    left = Add(*map(oriented, Add.make_args(diagonal))) * Element(label, *rows, *columns)
    left += Total(product, *middle) if middle else product
    return Eq(left, identity(rows, columns), evaluate=False)
