"""The same equations in mpmath at any precision: the original expression, walked node by node.

Nothing here is shared with the lowering or the backends, so that an error there cannot hide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from mpmath import quad, workdps
from sympy import (
    Add,
    Dummy,
    Expr,
    Function,
    Heaviside,
    KroneckerDelta,
    Max,
    Min,
    Mul,
    Piecewise,
    Pow,
    S,
    Symbol,
    exp,
    lambdify,
    oo,
    preorder_traversal,
)

from derive.equations import (
    Binder,
    Element,
    GaussianAverage,
    Index,
    IndexedProduct,
    LogDet,
    Total,
    free_indices,
)
from numerics.errors import PrecisionError, UnsupportedExpressionError
from numerics.reference_averages import compiled
from numerics.reference_code import CONTEXT, meaning
from numerics.reference_line import Diverges, Unresolved
from numerics.reference_orthants import PROBABILITIES, probability
from numerics.site_integrals import density, interval, is_site_integral

__all__ = ["Undefined", "evaluate", "trusted"]

LARGEST_PRECISION = 40_000  # digits: 1 - tanh(1e4)**2 needs 8700
LARGEST_QUADRATURE = 150  # digits of an integral: its cost grows as their cube
UNDERFLOW = 360  # digits after which a sum that cancels to nothing is below the smallest double


class Effort(NamedTuple):
    """The first precision, its growth, the largest, and when two precisions agree."""

    digits: int
    ratio: float
    largest: int
    agree: float


PLAIN = Effort(34, 2.0, LARGEST_PRECISION, 1e-25)
LINE = Effort(26, 1.5, LARGEST_QUADRATURE, 1e-25)  # averages over one variable
NESTED = Effort(20, 1.4, 60, 1e-19)  # over several: a digit more is dear


class Undefined(ArithmeticError):
    """The expression has no finite real value at this point."""


class _Walk:
    """One evaluation at one precision.

    `cancelled` tells that something vanished which may be rounding only: a sum whose terms cancel,
    or a function at a nonzero argument, as log(1 + d) is zero for a small d at any precision.
    """

    def __init__(self, values: Mapping[Any, Any], digits: int) -> None:
        self.mp = CONTEXT
        self.mp.dps = digits
        self.values = values
        self.cancelled = False
        self._memo: dict[Any, Any] = {}

    def __call__(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        free = _free(expr)
        key = (expr, frozenset((i, k) for i, k in at.items() if i in free))
        if key not in self._memo:
            value = self._value(expr, at)
            if not self.mp.isfinite(value) or getattr(value, "imag", 0) != 0:
                raise Undefined(f"{expr} has no finite real value")
            self._memo[key] = value.real
        return self._memo[key]

    def _value(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        if expr in self.values:
            return self.mp.mpf(self.values[expr])
        if expr in at:
            return self.mp.mpf(at[expr])
        return _method(expr)(self, expr, at)

    def _number(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        return self.mp.mpmathify(expr.evalf(self.mp.dps + 5))

    def _add(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        return self._sum([self(arg, at) for arg in expr.args])

    def _sum(self, terms: Sequence[Any]) -> Any:
        result = self.mp.fsum(terms)
        largest = max((abs(term) for term in terms), default=0)
        self.cancelled |= abs(result) < largest * self.mp.mpf(10) ** (8 - self.mp.dps)
        return result

    def _mul(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        return self.mp.fprod(self(arg, at) for arg in expr.args)

    def _pow(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        base, exponent = self(expr.base, at), expr.exp
        if exponent.is_Integer:
            return base ** int(exponent)
        return self.mp.power(base, self(exponent, at))

    def _element(self, expr: Element, at: Mapping[Index, int]) -> Any:
        array = self.values[expr.label]
        place = tuple(int(self(slot, at)) - 1 for slot in expr.slots)
        entry = array[place]
        return self.mp.mpf(entry if hasattr(entry, "_mpf_") else float(entry))

    def _places(self, expr: Any, at: Mapping[Index, int]) -> Any:
        sizes = [int(self(index.size, {})) for index in expr.indices]
        for place in product(*(range(1, size + 1) for size in sizes)):
            yield {**at, **dict(zip(expr.indices, place, strict=True))}

    def _total(self, expr: Total, at: Mapping[Index, int]) -> Any:
        return self._sum([self(expr.body, inner) for inner in self._places(expr, at)])

    def _product(self, expr: IndexedProduct, at: Mapping[Index, int]) -> Any:
        return self.mp.fprod(self(expr.body, inner) for inner in self._places(expr, at))

    def _log_det(self, expr: LogDet, at: Mapping[Index, int]) -> Any:
        row, column = expr.indices
        size = range(1, int(self(row.size, {})) + 1)
        entries = [[self(expr.body, {**at, row: a, column: b}) for b in size] for a in size]
        determinant = self.mp.det(self.mp.matrix(entries))
        if determinant <= 0:
            raise Undefined(f"the determinant of {expr} is not positive")
        return self.mp.log(determinant)

    def _delta(self, expr: KroneckerDelta, at: Mapping[Index, int]) -> Any:
        return self.mp.mpf(self(expr.args[0], at) == self(expr.args[1], at))

    def _integral(self, expr: Any, at: Mapping[Index, int]) -> Any:
        """By quadrature; an average is a ratio of two integrals."""
        x, lower, upper = interval(expr)
        names = sorted((s for s in self.values if isinstance(s, Symbol)), key=str)
        given = [self.mp.mpf(self.values[s]) for s in names]
        ends = [self._end(lower, at), self._end(upper, at)]
        breaks = [b for b in (-4, 0, 4) if ends[0] < b < ends[1]]

        def integrate(factor: Expr) -> Any:
            integrand = _integrand(factor * exp(density(expr)), x, tuple(names))
            with workdps(self.mp.dps):
                return quad(lambda y: integrand(y, *given), [ends[0], *breaks, ends[1]])

        whole = integrate(S.One)
        if not hasattr(expr, "observable"):
            return self.mp.log(self.mp.mpf(whole))
        return self.mp.mpf(integrate(expr.observable) / whole)

    def _average(self, expr: GaussianAverage, at: Mapping[Index, int]) -> Any:
        """To as many digits as the walk has, relative to the average of the absolute value."""
        indices = {index for node in preorder_traversal(expr.integrand) for index in _bound(node)}
        sizes = frozenset((index.size, int(self(index.size, {}))) for index in indices)
        code = compiled(expr, sizes)
        given = [self(constant, at) for constant in code.constants]
        try:
            return code.checked(given, self.mp.dps)
        except (Diverges, Unresolved, TypeError, ValueError, ZeroDivisionError) as error:
            raise Undefined(f"{expr} has no finite real value: {error}") from None

    def _end(self, end: Expr, at: Mapping[Index, int]) -> Any:
        return self.mp.mpf("inf") * (1 if end == oo else -1) if end.is_infinite else self(end, at)

    def _piecewise(self, expr: Piecewise, at: Mapping[Index, int]) -> Any:
        for value, condition in expr.args:
            if condition == True or self._holds(condition, at):  # noqa: E712
                return self(value, at)
        raise Undefined(f"no case of {expr} applies")

    def _holds(self, condition: Any, at: Mapping[Index, int]) -> bool:
        left, right = self(condition.lts, at), self(condition.gts, at)
        return bool(left < right or (left == right and condition.rel_op in (">=", "<=")))

    def _heaviside(self, expr: Heaviside, at: Mapping[Index, int]) -> Any:
        x = self(expr.args[0], at)
        return self(expr.args[1], at) if x == 0 else self.mp.mpf(x > 0)

    def _extremum(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        values = [self(arg, at) for arg in expr.args]
        return max(values) if isinstance(expr, Max) else min(values)

    def _function(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        if hasattr(expr, "naive"):
            return self(expr.naive(*expr.args), at)
        if isinstance(expr, PROBABILITIES):
            return probability(expr.func, [self(arg, at) for arg in expr.args])
        x = self(expr.args[0], at)
        result = getattr(self.mp, meaning(expr))(x)
        self.cancelled |= result == 0 and x != 0
        return result


_METHODS: tuple[tuple[Any, Callable[..., Any]], ...] = (
    (Add, _Walk._add),
    (Mul, _Walk._mul),
    (Pow, _Walk._pow),
    (Element, _Walk._element),
    (Total, _Walk._total),
    (IndexedProduct, _Walk._product),
    (KroneckerDelta, _Walk._delta),
    (LogDet, _Walk._log_det),
    (GaussianAverage, _Walk._average),
    (Piecewise, _Walk._piecewise),
    (Heaviside, _Walk._heaviside),
    (Max | Min, _Walk._extremum),
    (Function, _Walk._function),
)


def _bound(node: Any) -> tuple[Index, ...]:
    return node.indices if isinstance(node, Binder) else ()


@lru_cache(maxsize=4096)
def _free(expr: Expr) -> frozenset[Index]:
    return free_indices(expr)


@lru_cache(maxsize=4096)
def _method(expr: Expr) -> Callable[..., Any]:
    """How a node is evaluated."""
    if expr.is_number and not expr.atoms(Element, Index) and not expr.atoms(Function):
        return _Walk._number
    if is_site_integral(expr):
        return _Walk._integral
    for kind, method in _METHODS:
        if isinstance(expr, kind):
            return method
    raise UnsupportedExpressionError(f"{expr} has no numeric meaning")


@lru_cache(maxsize=4096)
def _effort(expr: Expr) -> Effort:
    found = expr.atoms(GaussianAverage)
    deep = any(len(a.variables) > 1 or a.integrand.has(GaussianAverage) for a in found)
    return NESTED if deep else LINE if found else PLAIN


@lru_cache(maxsize=4096)
def _has_integral(expr: Expr) -> bool:
    return any(is_site_integral(node) for node in preorder_traversal(expr))


@lru_cache(maxsize=256)
def _integrand(expr: Expr, variable: Expr, symbols: tuple[Symbol, ...]) -> Callable[..., Any]:
    """An integrand as an mpmath function: a walk for each of its nodes would take minutes."""
    y = Dummy("y")
    plain = expr.xreplace({variable: y})
    if plain.atoms(Element, Index):
        raise UnsupportedExpressionError(f"the integrand {expr} depends on an array")
    return lambdify((y, *symbols), plain, "mpmath")


def evaluate(
    expr: Expr, values: Mapping[Any, Any], digits: int = 50, at: Mapping[Index, int] | None = None
) -> Any:
    """Evaluate an expression in mpmath, working with a number of digits.

    Parameters
    ----------
    expr : Expr
        Any expression that `compile` takes.
    values : mapping
        From symbols to numbers, from labels to arrays.
    digits : int
        Working precision; what cancels is lost, see `trusted`.
    at : mapping from Index to int, optional
        Where the free indices stand, counted from one.

    Raises
    ------
    Undefined
        Where the expression has no finite real value.

    Examples
    --------
    >>> from sympy import Symbol, tanh
    >>> from numerics.reference import evaluate
    >>> x = Symbol("x")
    >>> print(evaluate(1 - tanh(x)**2, {x: 20.0}, digits=40))
    1.69934170211663...e-17
    """
    return _Walk(values, digits)(expr, at or {})


def trusted(
    expressions: Sequence[Expr],
    values: Mapping[Any, Any],
    at: Mapping[Index, int] | Sequence[Mapping[Index, int]] | None = None,
    digits: int | None = None,
    agree: float | None = None,
) -> tuple[list[Any], int]:
    """Evaluate expressions at a precision that is raised until two precisions agree.

    Parameters
    ----------
    expressions, values
        As in `evaluate`.
    at : mapping, or a sequence of mappings, optional
        Where the free indices stand, in all expressions or in each.
    digits : int
        The first precision: by default 34, 26 for averages, 20 for those over several variables.
    agree : float
        Relative difference below which two precisions agree: by default 1e-25, for averages over
        several variables, and averages of averages, 1e-19.

    Returns
    -------
    values : list
        As mpmath numbers.
    digits : int
        The precision that was enough.

    Raises
    ------
    Undefined
        Where an expression has no finite real value at any precision.
    PrecisionError
        If no precision was enough.

    Examples
    --------
    >>> from sympy import Symbol, tanh
    >>> from numerics.reference import trusted
    >>> x = Symbol("x")
    >>> trusted([1 - tanh(x)**2], {x: 50.0})[1] > 34
    True
    """
    places = [at or {}] * len(expressions) if at is None or isinstance(at, Mapping) else at
    before: list[Any] = []
    reason: ArithmeticError | None = None
    effort = max(map(_effort, expressions), key=lambda e: -e.ratio, default=PLAIN)
    digits, agree, ratio = digits or effort.digits, agree or effort.agree, effort.ratio
    largest = LARGEST_QUADRATURE if any(map(_has_integral, expressions)) else effort.largest
    while digits <= largest:
        walk = _Walk(values, digits)
        try:
            now = [walk(expr, place) for expr, place in zip(expressions, places, strict=True)]
        except (Undefined, ZeroDivisionError) as error:
            if digits > UNDERFLOW and not walk.cancelled:
                raise Undefined(str(error)) from None
            now, reason = [], error
        else:
            lost = walk.cancelled and digits < UNDERFLOW
            if before and not lost and _agree(before, now, agree):
                return now, digits
        before = now
        digits = int(ratio * digits)
    if reason is not None:
        raise Undefined(str(reason))
    raise PrecisionError(f"{expressions[0]}: no two precisions agree at {dict(values)}")


def _agree(before: Sequence[Any], now: Sequence[Any], relative: float) -> bool:
    """Equal to the digits asked for, or both below what a double can hold."""
    return all(
        abs(a - b) <= relative * abs(b) or max(abs(a), abs(b)) < TINY
        for a, b in zip(before, now, strict=True)
    )


TINY = CONTEXT.mpf(10) ** -360
