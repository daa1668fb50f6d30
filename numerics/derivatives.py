"""Derivatives of many expressions by many parameters, what they share worked out once."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Add, Dummy, Expr, Function, Mul, Pow, S, Symbol

__all__ = ["derivatives"]


def derivatives(expressions: Sequence[Expr], variables: Sequence[Expr]) -> list[list[Expr]]:
    """The derivative of each expression (rows) by each variable (columns), for real parameters.

    Of ``abs(x)`` it is the sign of x, whatever the symbol was declared.

    Examples
    --------
    >>> from sympy import symbols
    >>> x, y = symbols("x y")
    >>> derivatives([x*y, abs(x)], [x, y])
    [[y, x], [sign(x), 0]]
    """
    symbols = {s for expr in expressions for s in expr.atoms(Symbol)}
    real = {s: Dummy(s.name, real=True) for s in symbols if not s.is_extended_real}
    back = {dummy: symbol for symbol, dummy in real.items()}
    partials: dict[tuple[Expr, int], Expr] = {}
    own = [expr.xreplace(real) for expr in expressions]
    rows: list[list[Expr]] = [[] for _ in own]
    for variable in variables:
        by = _By(variable.xreplace(real), partials)
        for row, expr in zip(rows, own, strict=True):
            row.append(by(expr).xreplace(back))
    return rows


class _By:
    """d/dx, each subexpression once; partial derivatives of functions are shared with other x."""

    def __init__(self, variable: Expr, partials: dict[tuple[Expr, int], Expr]) -> None:
        self.variable, self.partials = variable, partials
        self._memo: dict[Expr, Expr] = {variable: S.One}

    def __call__(self, expr: Expr) -> Expr:
        if expr not in self._memo:
            self._memo[expr] = self._derivative(expr)
        return self._memo[expr]

    def _derivative(self, expr: Expr) -> Expr:
        if isinstance(expr, Symbol) or expr.is_number:
            return S.Zero
        if isinstance(expr, Add):
            return Add(*(self(arg) for arg in expr.args))
        if isinstance(expr, Mul):
            return self._product(expr.args)
        if isinstance(expr, Pow) and expr.exp.is_number:
            slope = self(expr.base)
            return slope if slope == 0 else expr.exp * expr.base ** (expr.exp - 1) * slope
        if type(expr)._eval_derivative is Function._eval_derivative:
            slopes = [self(arg) for arg in expr.args]
            return Add(*(self._partial(expr, k) * d for k, d in enumerate(slopes) if d != 0))
        return expr.diff(self.variable)

    def _product(self, factors: tuple[Expr, ...]) -> Expr:
        slopes = [self(factor) for factor in factors]
        return Add(
            *(Mul(*factors[:k], d, *factors[k + 1 :]) for k, d in enumerate(slopes) if d != 0)
        )

    def _partial(self, expr: Expr, argument: int) -> Expr:
        if (expr, argument) not in self.partials:
            self.partials[expr, argument] = expr.fdiff(argument + 1)
        return self.partials[expr, argument]
