"""Expressions as mpmath functions of a few variables: straight-line source, made once.

A walk over an integrand for every node of a rule would take minutes.  What does not depend on the
variables becomes a numbered constant, and only numbers and names made here reach the source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from mpmath import MPContext
from sympy import (
    Abs,
    Add,
    Expr,
    Function,
    Heaviside,
    Integer,
    Max,
    Min,
    Mul,
    Piecewise,
    Pow,
    Rational,
    Symbol,
    ceiling,
    floor,
    loggamma,
    sign,
)

from derive.equations import Binder, GaussianAverage, IndexedProduct, Total
from numerics.errors import UnsupportedExpressionError

__all__ = ["CONTEXT", "FUNCTIONS", "Sizes", "Source", "meaning", "written_out"]

CONTEXT = MPContext()  # our own, so that nobody's mpmath.mp.dps changes

SAME_NAME = (
    *("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "erf", "erfc"),
    *("sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh"),
)
OTHER_NAMES = {Abs: "fabs", sign: "sign", floor: "floor", ceiling: "ceil", loggamma: "loggamma"}
FUNCTIONS = frozenset((*SAME_NAME, *OTHER_NAMES.values()))


def meaning(node: Function) -> str:
    """The name that mpmath has for a function of one argument.

    Raises
    ------
    UnsupportedExpressionError
        If it has none.
    """
    name = type(node).__name__
    found = OTHER_NAMES.get(type(node), name if name in SAME_NAME else None)
    if found is None or len(node.args) != 1:
        raise UnsupportedExpressionError(f"{node} has no numeric meaning")
    return found


Sizes = frozenset[tuple[Expr, int]]


def written_out(node: Binder, sizes: Sizes) -> list[Expr]:
    """The terms of a sum, or the factors of a product, over index ranges of known sizes."""
    known = dict(sizes)
    ranges = [range(1, known[index.size] + 1) for index in node.indices]
    places = (dict(zip(node.indices, map(Integer, p), strict=True)) for p in product(*ranges))
    return [node.body.xreplace(place) for place in places]


class Source:
    """Straight-line source of expressions in variables and constants.

    `average` turns a nested average into a function of its constants, which it names.

    Attributes
    ----------
    constants : dict from Expr to str
        What does not depend on the variables; may be shared by several sources.
    """

    def __init__(
        self,
        variables: Sequence[Symbol],
        constants: dict[Expr, str],
        average: Callable[[GaussianAverage], tuple[Callable[..., Any], Sequence[Expr]]],
        sizes: Sizes = frozenset(),
    ) -> None:
        self.variables = {v: f"x{k}" for k, v in enumerate(variables)}
        self.constants, self.average, self.sizes = constants, average, sizes
        self.space: dict[str, Any] = {name: getattr(CONTEXT, name) for name in FUNCTIONS}
        self.space.update(mpf=CONTEXT.mpf, power=CONTEXT.power, sqrt=CONTEXT.sqrt)
        self.lines: list[str] = []
        self._memo: dict[Any, str] = {}
        self._count = 0
        self._margin = "    "

    def function(self, results: Sequence[Expr]) -> Callable[..., list[Any]]:
        """``f(variables, constants)``, the list of the values of expressions."""
        names = [self(expr) for expr in results]
        head = ["def function(x, c):"]
        if self.variables:
            head.append(f"    {', '.join(self.variables.values())}, = x")
        body = [*head, *self.lines, f"    return [{', '.join(names)}]"]
        exec(compile("\n".join(body), "<mpmath reference>", "exec"), self.space)
        return self.space["function"]

    def depends(self, expr: Any) -> bool:
        """Whether an expression contains a variable."""
        return not self.variables.keys().isdisjoint(expr.free_symbols)

    def __call__(self, expr: Any) -> str:
        """The name of the value of an expression."""
        if expr in self.variables:
            return self.variables[expr]
        if expr.is_Integer:
            return f"({int(expr)})"
        if not self.depends(expr):
            return self.constants.setdefault(expr, f"c[{len(self.constants)}]")
        if expr not in self._memo:
            self._memo[expr] = self._node(expr)
        return self._memo[expr]

    def _node(self, expr: Any) -> str:
        if isinstance(expr, GaussianAverage):
            function, needed = self.average(expr)
            name = f"average{len(self.space)}"
            self.space[name] = function
            return self._let(f"{name}({', '.join(map(self, needed))})")
        if isinstance(expr, Piecewise):
            return self._piecewise(expr)
        if isinstance(expr, Pow):
            return self._let(self._power(expr))
        if isinstance(expr, Function) and hasattr(expr, "naive"):
            return self(expr.naive(*expr.args))
        if isinstance(expr, Heaviside):
            return self._heaviside(expr)
        if isinstance(expr, Total | IndexedProduct):
            sign_ = " + " if isinstance(expr, Total) else "*"
            return self._let(sign_.join(map(self, written_out(expr, self.sizes))))
        if not isinstance(expr, Add | Mul | Max | Min | Function):
            raise UnsupportedExpressionError(f"{expr} has no numeric meaning in an average")
        names = [self(arg) for arg in expr.args]
        if isinstance(expr, Add | Mul):
            return self._let((" + " if isinstance(expr, Add) else "*").join(names))
        if isinstance(expr, Max | Min):
            return self._let(f"{'max' if isinstance(expr, Max) else 'min'}({', '.join(names)})")
        return self._let(f"{meaning(expr)}({names[0]})")

    def _let(self, text: str) -> str:
        self._count += 1
        self.lines.append(f"{self._margin}t{self._count} = {text}")
        return f"t{self._count}"

    def _power(self, expr: Pow) -> str:
        base, exponent = self(expr.base), expr.exp
        if exponent.is_Integer:
            return f"{base}**{int(exponent)}"
        if exponent == Rational(1, 2):
            return f"sqrt({base})"
        return f"power({base}, {self(exponent)})"

    def _heaviside(self, expr: Heaviside) -> str:
        x, at_zero = self(expr.args[0]), self(expr.args[1])
        return self._let(f"mpf({x} > 0) if {x} != 0 else {at_zero}")

    def _piecewise(self, expr: Piecewise) -> str:
        """Cases are evaluated where they apply only; what they name is not known after them."""
        self._count += 1
        result, margin, memo = f"t{self._count}", self._margin, dict(self._memo)
        for value, condition in expr.args:
            test = self._condition(condition)
            kept, deep = dict(self._memo), self._margin
            self.lines.append(f"{deep}if {test}:")
            self._margin = deep + " "
            self.lines.append(f"{self._margin}{result} = {self(value)}")
            self._memo, self._margin = kept, deep + " "
            self.lines.append(f"{deep}else:")
        self.lines.append(f"{self._margin}raise ValueError('no case applies')")
        self._margin, self._memo = margin, memo
        return result

    def _condition(self, condition: Any) -> str:
        if condition in (True, False):
            return str(bool(condition))
        words = {"And": " and ", "Or": " or "}
        name = type(condition).__name__
        if name in words:
            return words[name].join(f"({self._condition(c)})" for c in condition.args)
        if name == "Not":
            return f"not ({self._condition(condition.args[0])})"
        if getattr(condition, "rel_op", None) not in ("<", "<=", ">", ">=", "==", "!="):
            raise UnsupportedExpressionError(f"the condition {condition} has no numeric meaning")
        return f"{self(condition.lhs)} {condition.rel_op} {self(condition.rhs)}"
