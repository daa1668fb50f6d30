"""Expressions written as a tape of named intermediates, and derivatives along it.

Every intermediate is a small expression of earlier ones; what is equal gets one name.  Reverse mode
gives all first derivatives of a number at a few times its cost, forward mode over it one row of
second derivatives at a few times that (A. Griewank and A. Walther, Evaluating Derivatives, 2008,
chapters 3 to 5).  Sums over indices stay sums: what stands under one is an array over the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sympy import (
    Abs,
    Add,
    Basic,
    Dummy,
    Expr,
    Function,
    Max,
    Min,
    Mul,
    Number,
    Pow,
    S,
    Symbol,
    sign,
)

from derive.equations import Element, GaussianAverage, Index, Label, Total, free_indices
from numerics.derivatives import derivatives
from numerics.indexed import LogTotal, Share
from numerics.node_sum import NodeSum
from numerics.stable import stabilise
from numerics.straight_line import StraightLine

__all__ = ["Tape"]

ATOMS = (Number, Symbol, Element, Index)


class Tape:
    """Named intermediates, in the order of evaluation.

    What the methods take and return are terms: a number, a name, or a number times a name.

    Parameters
    ----------
    variables : sequence of Expr
        Scalars that derivatives are taken by.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> x, y = symbols("x y", real=True)
    >>> tape = Tape([x, y])
    >>> slopes = tape.gradient(tape.add(x*tanh(x*y)))
    >>> len(tape.array(slopes).definitions)
    7
    """

    def __init__(self, variables: Sequence[Expr]) -> None:
        self.variables = tuple(variables)
        self._bits = {variable: 1 << k for k, variable in enumerate(variables)}
        self._values: dict[Expr, Expr] = {}  # what a name stands for, in the order of evaluation
        self._names: dict[Expr, Expr] = {}
        self._reach: dict[Basic, int] = {}
        self._terms: dict[Expr, Expr] = {}
        self._slopes: dict[Expr, list[tuple[Expr, Expr]]] = {}
        self._tangents: dict[tuple[Expr, Expr], Expr] = {}

    def array(self, terms: Sequence[Expr], indices: Sequence[Index] = ()) -> StraightLine:
        """Terms as the entries of an array, with the intermediates that these need."""
        wanted = set().union(*map(_atoms, terms))
        kept = []
        for name, value in reversed(self._values.items()):
            if name in wanted:
                kept.append((name, value))
                wanted |= _atoms(value)
        return StraightLine(terms, kept[::-1], indices)

    # -- writing -------------------------------------------------------------------------------

    def add(self, expr: Expr) -> Expr:
        """The term of an expression; each distinct subexpression is written once."""
        if expr not in self._terms:
            self._terms[expr] = self._written(expr)
        return self._terms[expr]

    def read(self, program: StraightLine) -> tuple[Expr, ...]:
        """Take over the intermediates of a program; the terms of its entries."""
        for name, value in program.definitions:
            self._define(name, value)
        return program.entries

    def _written(self, expr: Expr) -> Expr:
        if isinstance(expr, Symbol):  # of |x| the derivative asks for a real x
            return expr if expr.is_extended_real else self._named(expr, Dummy(expr.name, real=True))
        if isinstance(expr, ATOMS) or expr.is_number:
            return expr
        if not self._reaches(expr):
            return self._named(expr)
        if isinstance(expr, Add):
            return self._sum(map(self.add, expr.args))
        if isinstance(expr, Mul):
            return self._product(*map(self.add, expr.args))
        if isinstance(expr, Total | NodeSum):
            factors = map(self._operand, Mul.make_args(expr.body))
            return self._named(expr.func(Mul(*factors), *expr.indices))
        if isinstance(expr, StraightLine):
            (entry,) = self.read(expr)
            return entry
        return self._named(self._rebuilt(expr) if _is_elementwise(expr) else expr)

    def _rebuilt(self, expr: Any) -> Any:
        """The same function, of names."""
        args = [self._operand(a) if isinstance(a, Expr) else self._rebuilt(a) for a in expr.args]
        return expr.func(*args) if args else expr

    def _operand(self, expr: Expr) -> Expr:
        """A term that is a name or a number."""
        term = self.add(expr)
        return term if isinstance(term, ATOMS) or term.is_number else self._named(term)

    def _named(self, value: Expr, name: Expr | None = None) -> Expr:
        """The name of an expression, one for all equal ones."""
        if value not in self._names:
            self._names[value] = name or _fresh(value)
            self._define(self._names[value], value)
        return self._names[value]

    def _reached(self, expr: Expr) -> list[Expr]:
        return [v for v in self.variables if self._reaches(expr) & self._bits[v]]

    def _define(self, name: Expr, value: Expr) -> None:
        self._values[name] = value
        self._reach[name] = self._reaches(value)
        self._terms[name] = name

    def _reaches(self, expr: Basic) -> int:
        """The variables that an expression depends on, as bits."""
        if expr not in self._reach:
            own = self._bits.get(expr, 0)
            for arg in expr.args:
                own |= self._reaches(arg)
            self._reach[expr] = own
        return self._reach[expr]

    # -- arithmetic of terms -------------------------------------------------------------------

    def _sum(self, terms: Iterable[Expr]) -> Expr:
        total = Add(*terms)
        return self._named(total) if isinstance(total, Add) else total

    def _product(self, *terms: Expr) -> Expr:
        coefficient, powers = Mul(*terms).as_coeff_mul()
        groups: dict[int, list[Expr]] = {}
        for power in powers:
            factor = power if isinstance(power, ATOMS) or power.is_number else self._named(power)
            groups.setdefault(self._reaches(factor), []).append(factor)
        # SymPy's products are flat: of the same variables, as x f(x), one is likely to occur again
        parts = [self._chain(groups[reach]) for reach in sorted(groups, key=int.bit_count)]
        return Mul(coefficient, self._chain(parts)) if parts else coefficient

    def _chain(self, factors: Sequence[Expr]) -> Expr:
        """The name of a product, of each two factors in turn."""
        result, *rest = factors
        for factor in rest:
            result = self._named(Mul(result, factor))
        return result

    def _total(self, factors: Sequence[Expr], indices: Iterable[Index]) -> Expr:
        over = sorted(indices, key=str)
        return self.add(Total(Mul(*factors), *over)) if over else self._product(*factors)

    # -- derivatives ---------------------------------------------------------------------------

    def gradient(self, term: Expr) -> list[Expr]:
        """The derivatives of a term without indices by all variables, in reverse mode."""
        coefficient, name = term.as_coeff_Mul()
        adjoints: dict[Expr, list[Expr]] = {name: [coefficient]}
        for name in reversed(list(self._values)):
            if name in adjoints and self._reach[name]:
                adjoint = self._sum(adjoints.pop(name))
                for operand, passed in self._passed(name, adjoint):
                    adjoints.setdefault(operand, []).append(passed)
        return [self._sum(adjoints.get(variable, ())) for variable in self.variables]

    def _passed(self, name: Expr, adjoint: Expr) -> Iterable[tuple[Expr, Expr]]:
        """What a name passes on to each of its operands, summed over indices these do not have."""
        value = self._values[name]
        if not isinstance(value, Total | NodeSum):
            for operand, slope in self._local(name):
                yield operand, self._total([adjoint, slope], _indices(name) - _indices(operand))
            return
        within = _indices(name).union(value.indices)
        for operand, others in self._factors(value.body):
            yield operand, self._total([adjoint, *others], within - _indices(operand))

    def tangent(self, term: Expr, variable: Expr) -> Expr:
        """The derivative of a term by a variable, in forward mode."""
        coefficient, name = term.as_coeff_Mul()
        if name == variable:
            return coefficient
        if not self._reaches(name) & self._bits[variable]:
            return S.Zero
        key = name, variable
        if key not in self._tangents:
            self._tangents[key] = self._sum(self._carried(name, variable))
        return coefficient * self._tangents[key]

    def _carried(self, name: Expr, variable: Expr) -> Iterable[Expr]:
        value = self._values[name]
        if not isinstance(value, Total | NodeSum):
            for operand, slope in self._local(name):
                yield self._product(slope, self.tangent(operand, variable))
            return
        for operand, others in self._factors(value.body):
            yield self._total([self.tangent(operand, variable), *others], value.indices)

    def _local(self, name: Expr) -> list[tuple[Expr, Expr]]:
        """The operands of a name that depend on variables, and its derivative by each, as terms."""
        if name not in self._slopes:
            found = self._partials(self._values[name])
            self._slopes[name] = [(u, slope) for u, slope in found if slope != 0]
        return self._slopes[name]

    def _partials(self, value: Expr) -> Iterable[tuple[Expr, Expr]]:
        if isinstance(value, Add):
            for term in value.args:
                coefficient, operand = term.as_coeff_Mul()
                if self._reaches(operand):
                    yield operand, coefficient
        elif isinstance(value, Mul):
            for operand, others in self._factors(value):
                yield operand, self._product(*others)
        elif isinstance(value, Pow) and value.exp.is_number:
            base, exponent = value.args
            yield base, self._product(exponent, self.add(base ** (exponent - 1)))
        elif isinstance(value, Symbol):  # the real name of another one
            yield value, S.One
        elif _is_elementwise(value):
            yield from self._partials_of_function(value)
        else:
            for variable in self._reached(value):
                yield variable, self._slope(derivatives([value], [variable])[0][0])

    def _partials_of_function(self, value: Any) -> Iterable[tuple[Expr, Expr]]:
        if isinstance(value, Abs):
            yield value.args[0], self._slope(sign(value.args[0]))
        elif type(value)._eval_derivative is Function._eval_derivative:
            for k, operand in enumerate(value.args):
                if self._reaches(operand):
                    yield operand, self._slope(value.fdiff(k + 1))
        else:
            for operand in sorted(filter(self._reaches, _atoms(value)), key=str):
                yield operand, self._slope(value.diff(operand))

    def _slope(self, expr: Expr) -> Expr:
        return self.add(expr if expr.has(GaussianAverage) else stabilise(expr)[0])

    def _factors(self, product: Expr) -> Iterable[tuple[Expr, list[Expr]]]:
        """Each factor that depends on variables, with the others."""
        factors = Mul.make_args(product)
        for k, factor in enumerate(factors):
            if self._reaches(factor):
                yield factor, [*factors[:k], *factors[k + 1 :]]


def _is_elementwise(expr: Expr) -> bool:
    """Whether an expression may be written in names for its arguments."""
    return isinstance(expr, Pow | Function | Max | Min) and not isinstance(expr, LogTotal | Share)


def _fresh(value: Expr) -> Expr:
    """A name that no other tape has, an array over the free indices of what it names."""
    indices = tuple(sorted(_indices(value), key=str))
    if not indices:
        return Dummy("t", real=True)
    unique = Dummy().dummy_index
    return Label(f"t{unique}", tuple(i.range for i in indices), given=True)[indices]


def _atoms(expr: Expr) -> set[Expr]:
    return {expr} if isinstance(expr, ATOMS) else expr.atoms(Symbol, Element)


def _indices(expr: Expr) -> frozenset[Index]:
    return frozenset() if isinstance(expr, Symbol) else free_indices(expr)
