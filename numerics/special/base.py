"""What a stable special function is: a symbolic node, its meaning, its derivative, its recipe.

The meaning (`naive`) is the textbook formula, which mpmath evaluates at any precision; the recipe
is the same function in operations that neither overflow nor cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sympy import Expr, Function, Rational

from numerics.builder import Builder, Value

__all__ = ["StableFunction", "power_series"]


class StableFunction(Function):
    """A function with a stable recipe.  Subclasses give `naive`, `recipe` and `fdiff`.

    They may give `singularities`: real and imaginary part of the complex values of an argument,
    nearest to the real axis, at which the function is not analytic.
    """

    naive: ClassVar[Callable[..., Expr]]  # the textbook formula of the arguments
    singularities: ClassVar[tuple[tuple[float, float], ...]] = ()
    recipe: Callable[..., Value]  # the function of registers in stable operations, by a builder

    def _eval_evalf(self, prec: int) -> Expr:
        digits = int(prec * 0.30103) + 3
        exact = [Rational(arg) if arg.is_Float else arg for arg in self.args]
        return self.naive(*exact).evalf(digits, maxn=100_000)

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(arg.is_extended_real for arg in self.args) else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = str(printer._print(self.naive(*self.args)))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def power_series(b: Builder, square: Value, coefficients: list[float]) -> Value:
    """A power series in x**2, where its terms fall or have one sign."""
    result = b.constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = result * square + coefficient
    return result
