"""Averages over jointly Gaussian variables, as expressions that bind their variables.

`GaussianAverage(f, z)` is the integral of f over a standard normal z, written Dz throughout the
field.  Averages are equal up to the names of their variables, and substitution never captures.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sympy import Expr, ImmutableMatrix, Symbol, Tuple, eye, sympify
from sympy.printing.precedence import PRECEDENCE

from derive.typesetting.typeset import Typeset

__all__ = ["GaussianAverage"]


class GaussianAverage(Typeset, Expr):
    """The average of an expression over jointly Gaussian variables.

    Parameters
    ----------
    integrand : Expr
        What is averaged; it may contain further averages.
    variables : Symbol or sequence of Symbol
        The variables, bound by the average; they are real, whatever the symbols declare.
    mean : Expr or sequence of Expr
        Their means, zero by default.
    covariance : Expr or matrix
        Their variance, or the covariance matrix; by default they are independent of unit variance.

    Returns
    -------
    Expr
        Factors that do not depend on the variables stand outside, and variables that do not occur
        are integrated out.

    Examples
    --------
    >>> from sympy import Symbol, symbols, tanh
    >>> import derive as dv
    >>> z, x = symbols("z x", real=True)
    >>> V = Symbol("V", positive=True)
    >>> dv.GaussianAverage(tanh(z), z, covariance=V) == dv.GaussianAverage(tanh(x), x, covariance=V)
    True
    """

    is_commutative = True
    precedence = PRECEDENCE["Atom"]
    __slots__ = ("_key",)
    _key: tuple[Any, ...]

    def __new__(
        cls, integrand: Any, variables: Any, mean: Any = 0, covariance: Any = None
    ) -> Expr:
        names = tuple(variables) if isinstance(variables, Iterable) else (variables,)
        size = len(names)
        means = tuple(mean) if isinstance(mean, Iterable) else (mean,) * size
        if covariance is None:
            covariance = eye(size)
        elif not hasattr(covariance, "__getitem__"):
            covariance = [[covariance]]
        matrix = ImmutableMatrix(covariance)
        real = {v: Symbol(v.name, real=True) for v in names}
        bound = Tuple(*(real[v] for v in names))
        outside, inside = sympify(integrand).xreplace(real).as_independent(*bound, as_Add=False)
        if not inside.free_symbols & set(bound):
            return outside * inside
        used = [k for k, v in enumerate(bound) if v in inside.free_symbols]
        kept = matrix.extract(used, used)
        args = Tuple(*(bound[k] for k in used)), Tuple(*(sympify(means[k]) for k in used)), kept
        return outside * Expr.__new__(cls, inside, *args)

    @property
    def integrand(self) -> Expr:
        """What is averaged."""
        return self.args[0]

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The variables that the average binds."""
        return tuple(self.args[1])

    @property
    def mean(self) -> tuple[Expr, ...]:
        """The mean of each variable."""
        return tuple(self.args[2])

    @property
    def covariance(self) -> ImmutableMatrix:
        """The covariance matrix."""
        return self.args[3]

    @property
    def free_symbols(self) -> set[Any]:
        outer: set[Any] = set().union(*(e.free_symbols for e in (*self.mean, *self.covariance)))
        return outer | (self.integrand.free_symbols - set(self.variables))
