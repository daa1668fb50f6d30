"""Averages over jointly Gaussian variables, as expressions that bind their variables.

`GaussianAverage(f, z)` is the integral of f over a standard normal z, written Dz throughout the
field.  Averages are equal up to the names of their variables, and substitution never captures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sympy import Expr, ImmutableMatrix, Symbol, Tuple
from sympy.printing.precedence import PRECEDENCE

from derive.gaussian.declaration import (
    certain_variables,
    declared_law,
    declared_variables,
    finite,
    scalar,
)
from derive.gaussian.names import canonical_key, real_symbols
from derive.gaussian.substitution import put, replaced, substituted, xreplaced
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
        Factors that do not depend on the variables stand outside, variables that do not occur
        are integrated out, and a variable of variance zero is its mean.

    Raises
    ------
    DeclarationError
        If a variable is no symbol, occurs twice, or is declared to be positive or an integer; if
        means and covariance do not fit the variables, or mention them; if the covariance is not
        symmetric, or not positive semidefinite.
    ParameterError
        If the integrand has no value.

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

    def __new__(cls, integrand: Any, variables: Any, mean: Any = 0, covariance: Any = None) -> Expr:
        integrand = scalar(integrand, "the integrand")
        names = declared_variables(variables)
        means, matrix = declared_law(names, mean, covariance)
        rule = real_symbols(names, integrand, *means, *matrix)
        bound = [rule[name] for name in names]
        if any(old != new for old, new in rule.items()):
            integrand = put(integrand, rule)
        if certain := certain_variables(matrix):
            integrand = put(integrand, {bound[k]: means[k] for k in certain})
            integrand = finite(integrand, "the integrand at the mean")
        outside, inside = integrand.as_independent(*bound, as_Add=False)
        used = [k for k, v in enumerate(bound) if k not in certain and v in inside.free_symbols]
        if not used:
            return outside * inside
        law = Tuple(*(bound[k] for k in used)), Tuple(*(means[k] for k in used))
        return outside * Expr.__new__(cls, inside, *law, matrix.extract(used, used))

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

    # -- a binder: equality up to names, substitution without capture ----------------------------

    @property
    def free_symbols(self) -> set[Any]:
        outer: set[Any] = set().union(*(e.free_symbols for e in (*self.mean, *self.covariance)))
        return outer | (self.integrand.free_symbols - set(self.variables))

    def _hashable_content(self) -> tuple[Any, ...]:
        try:
            return self._key
        except AttributeError:
            self._key = canonical_key(self.integrand, self.variables, self.mean, self.covariance)
            return self._key

    def _xreplace(self, rule: Any) -> tuple[Any, bool]:
        return xreplaced(self, rule)

    def _eval_subs(self, old: Any, new: Any) -> Any:
        return substituted(self, old, new)

    def replace(self, query: Any, value: Any, **options: Any) -> Any:
        return replaced(self, lambda hidden: Expr.replace(hidden, query, value, **options))

    def _eval_simplify(self, **kwargs: Any) -> Expr:
        return self

    # -- what is known of the value --------------------------------------------------------------

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.integrand.is_extended_real else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.integrand.is_positive else None

    def _eval_is_negative(self) -> bool | None:
        return True if self.integrand.is_negative else None

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.integrand.is_nonnegative else None

    def _eval_conjugate(self) -> Expr:
        return self.func(self.integrand.conjugate(), *self.args[1:])
