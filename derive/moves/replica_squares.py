r"""Linearise squares of sums over replicas by Gaussian fields, so that the replicas decouple.

    exp(c (sum_a x_a)^2) = < exp(z sum_a x_a) >,   z ~ N(0, 2 c),

for any complex x; both sides are analytic in c.  One field for each site, shared by its replicas,
or, for replicas in blocks, one for each block and one common to all blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sympy import Add, Expr, Matrix, Mul, S

from derive.ensemble import Ensemble, check_new_names, elements_of, terms
from derive.errors import MoveError
from derive.indices import Element, Index, Label, free_indices
from derive.measures import Continuous
from derive.monomials import flattened
from derive.moves.replicate import is_extensive
from derive.step import Moved
from derive.total import Total, components, fresh
from derive.variables import Variable

__all__ = ["couples_replicas", "replica_squares"]


@dataclass(frozen=True)
class _Square:
    """``coefficient * sum_held X Y`` with X and Y linear in the variables, over other replicas."""

    term: Expr
    coefficient: Expr
    held: tuple[Index, ...]
    parts: tuple[Expr, Expr]


def replica_squares(ensemble: Ensemble, *names: str) -> Moved:
    """Introduce Gaussian fields for the squares of sums over replicas that couple replicas.

    Parameters
    ----------
    ensemble : Ensemble
        After an ansatz for its order parameters.
    *names : str
        A name for each field, from those shared by all replicas to those of a block; found if not
        given: z, z1, ...

    Returns
    -------
    Moved
        With fields of Gaussian measure, whose variance are the couplings.  Kind: exact.

    Raises
    ------
    MoveError
        If no term couples different replicas of a site, or the number of names is wrong.
    """
    squares = list(_squares(ensemble))
    if not squares:
        raise MoveError("no term of the exponent is a square of sums over replicas")
    groups: dict[Any, list[_Square]] = {}
    for square in squares:
        groups.setdefault(tuple(i.range for i in square.held), []).append(square)
    levels = [_Level(group) for _, group in sorted(groups.items(), key=lambda g: len(g[0]))]
    count = sum(len(level.sums) for level in levels)
    chosen = list(names) or _free_names(ensemble, count)
    if len(chosen) != count:
        raise MoveError(f"{count} Gaussian field(s) are needed, {len(chosen)} name(s) were given")
    check_new_names(ensemble, *chosen)
    fields: list[Variable] = []
    linear: Expr = S.Zero
    for level in levels:
        own, part = level.fields([chosen.pop(0) for _ in level.sums])
        fields, linear = [*fields, *own], linear + part
    gone = {square.term for square in squares}
    rest = Add(*(t for t in terms(ensemble.exponent) if t not in gone))
    return Moved(
        ensemble.replaced(variables=(*ensemble.variables, *fields), exponent=rest + linear),
        arguments=", ".join(v.name for v in fields),
        details=tuple((field, level.is_mixed) for level in levels for field in level.names),
    )


def couples_replicas(ensemble: Ensemble, labels: set[Label]) -> bool:
    """Whether a term couples different replicas of one site of the variables."""
    return any(elements_of(s.parts[0], labels) for s in _squares(ensemble))


def _free_names(ensemble: Ensemble, count: int) -> list[str]:
    taken = ensemble.names
    found: list[str] = []
    candidates = iter(["z", *(f"z{k}" for k in range(1, 2 * len(taken) + count + 2))])
    while len(found) < count:
        name = next(candidates)
        if name not in taken:
            found.append(name)
    return found


def _squares(ensemble: Ensemble) -> Iterator[_Square]:
    labels = set(ensemble.labels)
    for term in terms(ensemble.exponent):
        if elements_of(term, labels) and (square := _square(term, labels)) is not None:
            yield square


def _square(term: Expr, labels: set[Label]) -> _Square | None:
    body, indices = flattened(term)
    copies = [i for i in indices if not is_extensive(i.range)]
    sites = tuple(i for i in indices if is_extensive(i.range))
    for count in range(len(copies)):
        for blocks in combinations(copies, count):
            held = (*blocks, *sites)
            summed = tuple(i for i in copies if i not in blocks)
            factors = [f for f in Mul.make_args(body) if free_indices(f) & set(summed)]
            groups = components(factors, summed)
            if len(groups) != 2:
                continue
            one, two = (Total(Mul(*fs), *own) for fs, own in groups)
            coefficient = body / Mul(*factors)
            if free_indices(coefficient) or not _bilinear(one, two, labels):
                continue
            return _Square(term, coefficient, held, (one, two))
    return None


def _bilinear(one: Expr, two: Expr, labels: set[Label]) -> bool:
    for part in (one, two):
        own = [f for f in Mul.make_args(part.body) if elements_of(f, labels)]
        if len(own) != 1 or not isinstance(own[0], Element):
            return False
    return True


class _Level:
    """The squares whose sums are shared by the same kind of site."""

    def __init__(self, squares: list[_Square]) -> None:
        self.held = squares[0].held
        pairs = [(s.coefficient, _renamed(s, self.held)) for s in squares]
        self.sums = list(dict.fromkeys(part for _, parts in pairs for part in parts))
        self.form = Matrix.zeros(len(self.sums))
        for coefficient, (one, two) in pairs:
            k, j = self.sums.index(one), self.sums.index(two)
            self.form[k, j] += coefficient
            self.form[j, k] += coefficient

    @property
    def is_mixed(self) -> bool:
        """Whether different sums are coupled, so that a field acts on several of them."""
        return not self.form.is_diagonal()

    def fields(self, names: list[str]) -> tuple[list[Variable], Expr]:
        """Independent fields by completing squares: u F u = sum_k (l_k u)^2 / d_k."""
        form, linear = self.form, S.Zero
        self.names = tuple(names)
        found: list[Variable] = []
        for k, name in enumerate(names):
            pivot = form[k, k]
            if pivot == 0:
                raise MoveError(
                    f"{self.sums[k]} couples to other sums over replicas but not to itself: such a "
                    "form has no Gaussian field for each sum; rename the variables, or rotate them "
                    "with change_variable"
                )
            row = form[k, :]
            slots = tuple(sorted(self.held, key=lambda i: is_extensive(i.range)))
            field = Label(name, tuple(i.range for i in slots))
            found.append(Variable(field, Continuous.gaussian(0, pivot)))
            mixed = Add(*(row[j] / pivot * u for j, u in enumerate(self.sums)))
            linear += Total(field[slots] * mixed, *slots)
            form = (form - row.T * row / pivot).applyfunc(lambda e: e.expand())
        return found, linear


def _renamed(square: _Square, held: tuple[Index, ...]) -> tuple[Expr, Expr]:
    """The two sums with the held indices of a group under common names."""
    names = dict(zip(square.held, held, strict=True))
    inner = {i for p in square.parts for i in p.indices} & set(held)
    apart = {i: fresh(i, {*held, *inner}) for i in inner}
    one, two = (
        Total(p.body.xreplace(apart), *(apart.get(i, i) for i in p.indices)) for p in square.parts
    )
    return one.xreplace(names), two.xreplace(names)
