"""Expressions to a loop program: products and powers in order, sums over indices kept as sums.

The cost of lowering follows the length of the expression and never the size of an index range.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import (
    Abs,
    Add,
    Expr,
    Heaviside,
    KroneckerDelta,
    Max,
    Min,
    Mul,
    Piecewise,
    Pow,
    Rational,
    Symbol,
)
from sympy.core.function import AppliedUndef
from sympy.core.relational import Ge, Gt, Le, Lt
from sympy.functions import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    ceiling,
    cos,
    cosh,
    coth,
    csch,
    erf,
    erfc,
    exp,
    floor,
    log,
    loggamma,
    sech,
    sign,
    sin,
    sinh,
    tan,
    tanh,
)

from derive.equations import Element, Index, IndexedProduct, LogDet, Total, free_indices
from numerics.arithmetic import fraction, integer_power, is_reciprocal, number, split_sign
from numerics.builder import Builder, Value
from numerics.contract import sum_of_product
from numerics.errors import UnsupportedExpressionError
from numerics.handover import unmarked
from numerics.indexed import LogTotal, Lowering, Share, lower_log_total, lower_share
from numerics.node_sum import NodeSum
from numerics.program import Axis, Input, Output, Program, Range
from numerics.sparsity import Densified
from numerics.special import StableFunction
from numerics.special.orthants import RECIPES
from numerics.straight_line import StraightLine

__all__ = ["Along", "axis_of", "lower", "range_of"]

ELEMENTARY = {
    Abs: "absolute",
    acos: "arccos",
    acosh: "arccosh",
    asin: "arcsin",
    asinh: "arcsinh",
    atan: "arctan",
    atanh: "arctanh",
    ceiling: "ceil",
    cos: "cos",
    cosh: "cosh",
    erf: "erf",
    erfc: "erfc",
    exp: "exp",
    floor: "floor",
    log: "log",
    loggamma: "gammaln",
    sign: "sign",
    sin: "sin",
    sinh: "sinh",
    tan: "tan",
    tanh: "tanh",
}
Along = Sequence[Sequence[Index]]
RECIPROCAL = {coth: "tanh", sech: "cosh", csch: "sinh"}


def range_of(index_range: Any) -> Range:
    """The range of an index as the program knows it."""
    return Range(index_range.name, index_range.size)


def axis_of(index: Index) -> Axis:
    """The axis of an index."""
    return Axis(index.name, range_of(index.range))


def lower(
    expressions: Sequence[tuple[str, Expr]],
    inputs: Sequence[Input],
    order: Sequence[Index] = (),
    uniform: frozenset[int] = frozenset(),
    bound: frozenset[int] = frozenset(),
    sparse: frozenset[int] = frozenset(),
    along: Along = (),
) -> Program:
    """Lower named expressions to a loop program.

    Parameters
    ----------
    expressions : sequence of (str, Expr)
        The outputs.
    inputs : sequence of Input
        What the expressions depend on: scalars, arrays, and the sizes of ranges.
    order : sequence of Index
        Free indices that come first, in this order; the others follow by name.
    uniform : frozenset of int
        Inputs that do not vary along the batch: products and sums begin with these, so that they
        are computed once.
    bound : frozenset of int
        Inputs that do not even change from call to call: products and sums begin with these.
    sparse : frozenset of int
        Inputs that are sparse matrices.
    along : sequence of sequence of Index, optional
        For each output the indices that it runs over, whether its value depends on them or not.

    Raises
    ------
    UnsupportedExpressionError
        For a node without numeric meaning, such as an undefined function, and for what would make
        a sparse matrix dense.

    Examples
    --------
    >>> from sympy import Symbol, tanh
    >>> from numerics.program import Input
    >>> x = Symbol("x")
    >>> lower([("y", tanh(2*x))], [Input("x", x)]).lets[-1].op
    'tanh'
    """
    axes = _all_axes([expr for _, expr in expressions], [axis_of(index) for index in order])
    lowering = _Lowering(Builder(inputs, axes, uniform, bound, sparse))
    outputs = []
    for (name, expr), own in zip(expressions, along or [()] * len(expressions), strict=True):
        free = {axis_of(index) for index in (*free_indices(expr), *own)}
        operand = lowering(expr).operand
        if lowering.builder.is_sparse(operand):
            raise lowering.dense(expr, "the result would be an array of all pairs")
        outputs.append(Output(name, operand, tuple(axis for axis in axes if axis in free)))
    return lowering.builder.finish(outputs)


def _all_axes(expressions: Sequence[Expr], first: Sequence[Axis]) -> tuple[Axis, ...]:
    """Every index that occurs, in one order: those asked for, then by name."""
    found = {axis_of(i) for expr in expressions for i in expr.atoms(Index)}
    rest = sorted(found - set(first), key=lambda axis: (axis.name, axis.over.name))
    return (*first, *rest)


class _Lowering:
    """Lowers expressions into one builder; equal subexpressions become one register."""

    def __init__(self, builder: Builder, program: StraightLine | None = None) -> None:
        self.builder = builder
        self._meanings = program.meanings if program else {}
        self._programs: dict[Any, _Lowering] = {}
        self._memo: dict[Expr, Value] = {}
        self._scalars: dict[Expr, int] = {}
        self._arrays: dict[Any, int] = {}
        self._sizes: dict[Range, int] = {}
        for place, given in enumerate(builder.inputs):
            if given.is_size:
                self._sizes[given.ranges[0]] = place
                self._scalars.setdefault(given.symbol, place)
            elif isinstance(given.symbol, Element) and given.ranges:
                self._arrays[given.symbol.label] = place
            else:
                self._scalars[given.symbol] = place

    def __call__(self, expr: Expr) -> Value:
        if expr not in self._memo:
            self._memo[expr] = self._lower(expr)
        return self._memo[expr]

    def _lower(self, expr: Expr) -> Value:
        if expr in self._scalars:
            return self.builder.input(self._scalars[expr])
        if not expr.free_symbols and not expr.atoms(Index, Element):
            return self.builder.constant(number(expr))
        for kind, method in self._methods():
            if isinstance(expr, kind):
                try:
                    return method(expr)
                except Densified as problem:
                    raise self.dense(expr, str(problem)) from None
        raise UnsupportedExpressionError(_why(expr))

    def dense(self, expr: Expr, why: str) -> UnsupportedExpressionError:
        """What to say of an expression that would make a sparse matrix dense."""
        inputs = enumerate(self.builder.inputs)
        names = ", ".join(given.name for k, given in inputs if self.builder.is_sparse(k))
        return UnsupportedExpressionError(
            f"{unmarked(expr)} with sparse {names} would be dense: {why}. Sum its product with a "
            f"vector over an index, or hand in a dense array ({names}.toarray())"
        )

    def _methods(self) -> Any:
        return (
            (Add, self._add),
            (Mul, self._mul),
            (Pow, self._pow),
            (Element, self._element),
            (Index, self._positions),
            (Total | NodeSum, self._total),
            (IndexedProduct, self._product),
            (KroneckerDelta, self._delta),
            (LogDet, self._log_det),
            (LogTotal, lambda expr: lower_log_total(self._lent(), expr)),
            (Share, lambda expr: lower_share(self._lent(), expr)),
            (StraightLine, self._straight_line),
            (StableFunction, self._special),
            (tuple(RECIPES), self._recipe),
            (Piecewise, self._piecewise),
            (Heaviside, self._heaviside),
            (Max | Min, self._extremum),
            (tuple(ELEMENTARY), self._elementary),
            (tuple(RECIPROCAL), self._reciprocal),
        )

    # -- arithmetic ---------------------------------------------------------------------------

    def _add(self, expr: Expr) -> Value:
        """Terms that do not vary first, then by number of axes: partial sums stay small."""
        signed = [(*split_sign(term),) for term in expr.args]
        terms = [(positive, self(term)) for positive, term in signed]
        terms.sort(key=lambda pair: (pair[1].weight, not pair[0]))
        positive, result = terms[0]
        if not positive:
            result = -result
        for positive, value in terms[1:]:
            result = result + value if positive else result - value
        return result

    def _mul(self, expr: Expr) -> Value:
        coefficient, factors = expr.as_coeff_mul()
        above = [f for f in factors if not is_reciprocal(f)]
        below = [1 / f for f in factors if is_reciprocal(f)]
        numerator, denominator = fraction(coefficient)
        result = self._times(numerator, above)
        if below or denominator != 1:
            result = result / self._times(denominator, below)
        return result

    def _times(self, coefficient: float, factors: Sequence[Expr]) -> Value:
        values = sorted((self(f) for f in factors), key=lambda value: value.weight)
        if not values:
            return self.builder.constant(coefficient)
        result = values[0]
        if coefficient != 1:
            result = -result if coefficient == -1 else coefficient * result
        for value in values[1:]:
            result = result * value
        return result

    def _pow(self, expr: Expr) -> Value:
        base, exponent = expr.as_base_exp()
        if exponent.is_negative:
            return 1.0 / self(Pow(base, -exponent))
        if exponent.is_Integer and exponent <= 64:
            return integer_power(self.builder, self(base), int(exponent))
        if exponent.is_Rational and exponent.q == 2 and exponent <= 64:
            root = self.builder.emit("sqrt", self(base))
            whole = int(exponent - Rational(1, 2))
            return root if whole == 0 else root * integer_power(self.builder, self(base), whole)
        return self.builder.emit("power", self(base), self(exponent))

    # -- functions ----------------------------------------------------------------------------

    def _elementary(self, expr: Expr) -> Value:
        return self.builder.emit(ELEMENTARY[expr.func], self(expr.args[0]))

    def _reciprocal(self, expr: Expr) -> Value:
        return 1.0 / self.builder.emit(RECIPROCAL[expr.func], self(expr.args[0]))

    def _special(self, expr: Expr) -> Value:
        return expr.recipe(self.builder, *(self(arg) for arg in expr.args))

    def _recipe(self, expr: Expr) -> Value:
        return RECIPES[expr.func](self.builder, *(self(arg) for arg in expr.args))

    def _extremum(self, expr: Expr) -> Value:
        op = "maximum" if isinstance(expr, Max) else "minimum"
        result = self(expr.args[0])
        for arg in expr.args[1:]:
            result = self.builder.emit(op, result, self(arg))
        return result

    def _heaviside(self, expr: Expr) -> Value:
        x, at_zero = self(expr.args[0]), self(expr.args[1])
        step = self.builder.emit("select", 0.0, x, 1.0, at_zero)
        return self.builder.emit("select", x, 0.0, 0.0, step)

    def _piecewise(self, expr: Expr) -> Value:
        *cases, (last, condition) = expr.args
        result = self(last) if condition == True else self.builder.constant(float("nan"))  # noqa: E712
        for value, case in reversed(cases if condition == True else expr.args):  # noqa: E712
            result = self._where(case, self(value), result)
        return result

    def _where(self, case: Any, yes: Value, no: Value) -> Value:
        if not isinstance(case, Lt | Le | Gt | Ge):
            raise UnsupportedExpressionError(f"the condition {case} is no inequality of numbers")
        left, right = self(case.lts), self(case.gts)
        if isinstance(case, Lt | Gt):
            return self.builder.emit("select", left, right, yes, no)
        return self.builder.emit("select", right, left, no, yes)  # a <= b is not (b < a)

    # -- indices ------------------------------------------------------------------------------

    def _straight_line(self, expr: StraightLine) -> Value:
        """Its names mean nothing outside: it is lowered on its own, into the same builder."""
        inside = self._programs.get(expr.definitions)
        if inside is None:
            inside = self._programs[expr.definitions] = _Lowering(self.builder, expr)
            for name, value in expr.definitions:
                inside._memo[name] = inside(value)
        entries = [inside(entry) for entry in expr.entries]
        along = [axis_of(index) for index in expr.indices]
        return self.builder.emit("stack", *entries, slots=along) if along else entries[0]

    def _element(self, expr: Element) -> Value:
        if expr.label in self._meanings:  # an intermediate under other names of its indices
            name, value = self._meanings[expr.label]
            return self(value.xreplace(dict(zip(name.slots, expr.slots, strict=True))))
        if expr.label not in self._arrays:
            raise UnsupportedExpressionError(f"{unmarked(expr)} is no parameter of this kernel")
        slots = []
        for slot in expr.slots:
            if not isinstance(slot, Index) and not slot.is_Integer:
                raise UnsupportedExpressionError(
                    f"{unmarked(expr)}: the slot {unmarked(slot)} is neither an index nor a number"
                )
            slots.append(axis_of(slot) if isinstance(slot, Index) else int(slot) - 1)
        return self.builder.emit("view", self.builder.input(self._arrays[expr.label]), slots=slots)

    def _lent(self) -> Lowering:
        return Lowering(self.builder, self, axis_of, self._size)

    def _size(self, over: Range) -> Value:
        if over.size.is_Integer:
            return self.builder.constant(float(over.size))
        if over in self._sizes:
            return self.builder.input(self._sizes[over])
        return self(over.size)

    def _positions(self, index: Index) -> Value:
        axis = axis_of(index)
        return self.builder.emit("positions", self._size(axis.over), along=(axis,))

    def _delta(self, expr: KroneckerDelta) -> Value:
        return self.builder.emit("equal", self(expr.args[0]), self(expr.args[1]))

    def _total(self, expr: Total | NodeSum) -> Value:
        factors = [self(factor) for factor in Mul.make_args(expr.body)]
        axes = [axis_of(index) for index in expr.indices]
        return sum_of_product(self.builder, factors, axes, self._size)

    def _log_det(self, expr: LogDet) -> Value:
        matrix, axes = self(expr.body), [axis_of(index) for index in expr.indices]
        if any(axis not in matrix.axes for axis in axes):
            raise UnsupportedExpressionError(f"{expr}: its entry depends on one index at most")
        if isinstance(matrix.operand, int) and self.builder.is_sparse(matrix.operand):
            raise self.dense(expr, "a determinant is taken of dense matrices")
        return self.builder.emit("log_det", matrix, over=axes)

    def _product(self, expr: IndexedProduct) -> Value:
        return self.builder.emit(
            "prod", self(expr.body), over=[axis_of(index) for index in expr.indices]
        )


def _why(expr: Expr) -> str:
    if isinstance(expr, Symbol):
        return f"{expr} is no argument of this kernel: name it among its parameters"
    if isinstance(expr, AppliedUndef):
        return f"the function {expr.func} is undefined: put an expression in its place"
    return f"{expr.func.__name__} has no numeric meaning here: {expr}"
