"""Critical points of unknowns with one component per site.

At a symmetric point the inverse response is a matrix in index notation, such as
``delta_ij - beta*w[i, j]/N``.  On the eigenvectors of the array it is a number, whose zero is the
critical point; what is no polynomial of one array is handed over as it stands.
"""

from __future__ import annotations

from itertools import product as cartesian
from typing import TYPE_CHECKING, Any

from sympy import Dummy, Expr, Integer, Matrix, cancel, fraction, sympify, together

from derive.errors import DeriveError
from derive.indices import Element, Index, Label
from derive.matching import replace_elements
from derive.saddle.block_system import BlockSystem
from derive.saddle.critical import CriticalPoint, wanted_parameter
from derive.saddle.index_notation import index_of, is_indexed
from derive.saddle.inversion import NotInvertible, solve_for
from derive.saddle.linear import determinant, null_space, vanishes
from derive.saddle.spectrum import polynomials_of_one_array
from derive.saddle.stationarity import distributed, tidy

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["SymmetricPoint", "critical_operator", "vector_critical_point"]


class SymmetricPoint:
    """Values of all unknowns and of some parameters, put in under sums too."""

    def __init__(self, free_entropy: FreeEntropy, at: Any, parameters: dict[Any, Any]) -> None:
        """Read the point off what the user gave; zero where nothing is given.

        Raises
        ------
        DeriveError
            If it does not solve the saddle equations at these parameters.
        """
        given = {free_entropy.unknown(name): sympify(v) for name, v in dict(at or {}).items()}
        self.unknowns = {u: given.get(u, Integer(0)) for u in free_entropy.unknowns}
        pairs = ((free_entropy.parameter(name), v) for name, v in parameters.items())
        self.parameters = {parameter: sympify(v) for parameter, v in pairs}
        for u, row in zip(free_entropy.unknowns, free_entropy.residuals, strict=True):
            left = self.value(row)
            if not vanishes(left):
                fields = [str(p) for p in free_entropy.parameters if left.has(p)]
                shown = ", ".join(f"{u} = {v}" for u, v in self.unknowns.items())
                raise DeriveError(
                    f"{shown} is no saddle point: the saddle equation of {u} is off by {left} "
                    "there; pass at= a symmetric point, or values of "
                    f"{', '.join(fields)} that make it one (a field: h=0)"
                )

    def value(self, expr: Expr) -> Expr:
        """An expression at this point."""
        expr = self.at_parameters(expr)
        for old, new in self.unknowns.items():
            expr = _put_in(expr, old, new)
        return distributed(expr)

    def at_parameters(self, expr: Expr) -> Expr:
        """An expression at the values of the parameters."""
        for old, new in self.parameters.items():
            expr = _put_in(expr, old, new)
        return expr


def _put_in(expr: Expr, old: Expr, new: Expr) -> Expr:
    if not is_indexed(old):
        return expr.xreplace({old: new})
    slots = index_of(old)
    return replace_elements(
        expr, old.label, lambda *at: new.xreplace(dict(zip(slots, at, strict=True)))
    )


def critical_operator(
    free_entropy: FreeEntropy, point: SymmetricPoint, symbol: Expr, by_hessian: bool = False
) -> BlockSystem:
    """The inverse response at a symmetric point, on as few unknowns as possible.

    Pivots that depend on the parameter solved for could vanish at criticality, and are not used.
    """
    natural = None if by_hessian else free_entropy.natural_form
    rows = dict(
        zip(
            free_entropy.unknowns,
            natural.updates if natural else free_entropy.gradient,
            strict=True,
        )
    )
    members = {member: u for u in free_entropy.unknowns for member in _members(u)}

    def entry(a: Expr, b: Expr) -> Expr:
        unknown = members[a]
        named = dict(zip(unknown.args, a.args, strict=True)) if isinstance(a, Element) else {}
        row = rows[unknown].xreplace({i: n for i, n in named.items() if isinstance(i, Index)})
        if natural is None:
            return -free_entropy.size * point.value(free_entropy.at_saddle(row.diff(b)))
        slope = natural.on_shell(tidy(row.diff(b), free_entropy.unknowns))
        return a.diff(b) - point.value(slope)

    system = BlockSystem.of(members, entry)
    while len(system.rows) > 1:
        usable = (a for a, b, c in system.pivots() if a == b and not c.has(symbol))
        chosen = list(usable)
        if not chosen:
            break
        system = system.eliminated(chosen[-1], chosen[-1])
    return system


def _members(unknown: Expr) -> list[Expr]:
    """x[i, 1], x[i, 2], ... of an unknown x[i, a] with few colours a; else itself."""
    if not is_indexed(unknown):
        return [unknown]
    few = [i for i in index_of(unknown) if i.size.is_Integer]
    choices = cartesian(*(range(1, int(i.size) + 1) for i in few))
    return [
        unknown.xreplace(dict(zip(few, map(Integer, values), strict=True))) for values in choices
    ]


def vector_critical_point(
    free_entropy: FreeEntropy, at: Any, solve_for_: Any, parameters: dict[Any, Any]
) -> CriticalPoint:
    """Find where the inverse response at a symmetric point is singular; see `critical_point`.

    Raises
    ------
    DeriveError
        If the point is no saddle, or the inverse response does not depend on the parameter.
    """
    point = SymmetricPoint(free_entropy, at, parameters)
    symbol = wanted_parameter(free_entropy, solve_for_, point.parameters)
    for by_hessian in (False, True):
        system = critical_operator(free_entropy, point, symbol, by_hessian)
        operator = _matrix(system)
        if operator.has(symbol):
            break
    else:
        raise DeriveError(
            f"the inverse response at this point is {operator.tolist()}, whatever {symbol}: pass "
            "solve_for= a parameter that it depends on"
        )
    over, where = tuple(system.rows), tuple(point.unknowns.items())
    rows, columns = system.rows[over[0]], system.columns[over[0]]
    alike = all([i.range for i in system.rows[u]] == [i.range for i in rows] for u in over)
    renamed = _matrix_in(system, rows, columns) if alike else operator
    found = polynomials_of_one_array(list(renamed), rows, columns) if alike else None
    if found is None:
        condition = operator[0, 0] if len(over) == 1 else determinant(operator)
        return CriticalPoint(symbol, (), (), condition, where, operator, over)
    polynomials, eigenvalue = found
    matrix = Matrix(len(over), len(over), polynomials)
    condition = fraction(together(cancel(determinant(matrix))))[0]
    roots = _roots(condition, symbol, eigenvalue)
    mode = Element(Label("psi", tuple(i.range for i in rows), given=True), *rows)
    modes = tuple(tuple(v * mode for v in null_space(matrix.subs(symbol, root))) for root in roots)
    return CriticalPoint(symbol, roots, modes, condition, where, operator, over)


def _roots(condition: Expr, symbol: Expr, eigenvalue: Expr) -> tuple[Expr, ...]:
    name = Dummy("lambda", real=eigenvalue.is_real, positive=eigenvalue.is_positive)
    try:
        roots = solve_for(condition.xreplace({eigenvalue: name}), symbol)
    except NotInvertible:
        return ()
    return tuple(root.xreplace({name: eigenvalue}) for root in roots if root != 0)


def _matrix(system: BlockSystem) -> Matrix:
    return Matrix([[system.block(a, b) for b in system.columns] for a in system.rows])


def _matrix_in(system: BlockSystem, rows: Any, columns: Any) -> Matrix:
    """All blocks in the same row and column indices."""

    def block(a: Expr, b: Expr) -> Expr:
        names = dict(zip(system.rows[a], rows, strict=True))
        names |= dict(zip(system.columns[b], columns, strict=True))
        return system.block(a, b).xreplace(names)

    return Matrix([[block(a, b) for b in system.columns] for a in system.rows])
