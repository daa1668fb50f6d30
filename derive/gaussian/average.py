"""Averages over jointly Gaussian variables, as expressions that bind their variables.

`GaussianAverage(f, z)` is the integral of f over a standard normal z, written Dz throughout the
field.  Averages are equal up to the names of their variables, and substitution never captures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Add, Expr, ImmutableMatrix, Symbol, Tuple
from sympy.printing.precedence import PRECEDENCE

from derive.gaussian.declaration import (
    certain_variables,
    declared_law,
    declared_variables,
    finite,
    scalar,
)
from derive.gaussian.deltas import without_deltas
from derive.gaussian.derivatives import derivative, stein
from derive.gaussian.divergence import check_convergence
from derive.gaussian.joined import joined
from derive.gaussian.kinks import kinks
from derive.gaussian.moves import (
    change_variables,
    conditioned,
    factorised,
    places,
    split,
    standardised,
)
from derive.gaussian.names import canonical_key, real_symbols
from derive.gaussian.parity import is_symmetric
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
    UnboundedError
        If the average diverges, the integrand growing faster than the Gaussian falls.

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
        kept, matrix = tuple(bound[k] for k in used), matrix.extract(used, used)
        check_convergence(inside, kept, matrix)
        law = Tuple(*kept), Tuple(*(means[k] for k in used)), matrix
        return outside * Expr.__new__(cls, inside, *law)

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
        return replaced(self, query, value, **options)

    def _eval_simplify(self, **kwargs: Any) -> Expr:
        return self

    # -- what is known of the value --------------------------------------------------------------

    def _eval_evalf(self, prec: int) -> Expr | None:
        from derive.gaussian.digits import value

        return None if self.free_symbols else value(self, prec)

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.integrand.is_extended_real else None

    def _eval_is_real(self) -> bool | None:
        return True if self.integrand.is_real else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.integrand.is_positive else None

    def _eval_is_negative(self) -> bool | None:
        return True if self.integrand.is_negative else None

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.integrand.is_nonnegative else None

    def _eval_conjugate(self) -> Expr:
        return self.func(self.integrand.conjugate(), *self.args[1:])

    # -- moves: expressions of the same value ----------------------------------------------------

    def doit(self, **hints: Any) -> Expr:
        """The value in closed form, inner averages first; terms without one stay an average."""
        from derive.gaussian.evaluation import evaluated, on_averages

        inner = self.integrand.doit(**hints) if hints.get("deep", True) else self.integrand
        return on_averages(self.func(inner, *self.args[1:]), GaussianAverage, evaluated)

    def _eval_expand_mul(self, **hints: Any) -> Expr:
        """Linearity."""
        return Add(*(self.func(term, *self.args[1:]) for term in Add.make_args(self.integrand)))

    def _eval_derivative(self, parameter: Any) -> Expr:
        return derivative(self, parameter)

    def _eval_nseries(self, x: Any, n: int, logx: Any = None, cdir: Any = 0) -> Expr:
        from derive.gaussian.taylor import taylor

        return taylor(self, x, n)

    def _eval_as_leading_term(self, x: Any, logx: Any = None, cdir: Any = 0) -> Expr:
        from derive.gaussian.taylor import leading_term

        return leading_term(self, x)

    def stein(self, variable: Any) -> Expr:
        """Integrate by parts: <x_i g> as m_i <g> + sum_j C_ij <d_j g>.

        One power of the variable is removed from each term that has it as a factor.

        Raises
        ------
        MoveError
            If no term has the variable as a factor.

        Examples
        --------
        >>> from sympy import symbols, tanh
        >>> import derive as dv
        >>> z, V = symbols("z V", real=True)
        >>> dv.GaussianAverage(z * tanh(z), z, covariance=V).stein(z)
        V*GaussianAverage(1 - tanh(z)**2, z, covariance=V)
        """
        (k,) = places(self, [variable])
        return stein(self, self.variables[k])

    @classmethod
    def joined(cls, expr: Expr) -> Expr:
        """A sum with one average for each law, where that is shorter: what cancels is gone.

        Examples
        --------
        >>> from sympy import symbols, tanh
        >>> import derive as dv
        >>> z, V = symbols("z V", real=True)
        >>> first, second = (dv.GaussianAverage(f, z) for f in (tanh(z)**2 + z**4, tanh(z)**2))
        >>> dv.GaussianAverage.joined(V*first - V*second)
        V*GaussianAverage(z**4, z)
        """
        return joined(expr, cls) if expr.has(cls) else expr

    def standardised(self) -> Expr:
        """The same average over independent standard normals.

        The variables become m + L z with the Cholesky factor L of the covariance.

        Examples
        --------
        >>> from sympy import symbols, tanh
        >>> import derive as dv
        >>> x, y, r = symbols("x y r", real=True)
        >>> dv.GaussianAverage(tanh(x)*tanh(y), (x, y), covariance=[[1, r], [r, 1]]).standardised()
        GaussianAverage(tanh(x)*tanh(r*x + y*sqrt(1 - r**2)), (x, y))
        """
        return standardised(self)

    def change_variables(self, rules: Mapping[Any, Any], variables: Any) -> Expr:
        """The same average over other variables.

        Parameters
        ----------
        rules : mapping
            Variables of the average as linear forms, x = a + B y, in the new variables and in
            those that stay.
        variables : Symbol or sequence of Symbol
            The new variables, as many as there are rules.

        Raises
        ------
        MoveError
            If a form is not linear, or the new variables are not determined by the old ones.

        Examples
        --------
        >>> from sympy import symbols, tanh
        >>> import derive as dv
        >>> x, u, h = symbols("x u h", real=True)
        >>> dv.GaussianAverage(tanh(x), x, mean=h, covariance=4).change_variables({x: h + 2*u}, u)
        GaussianAverage(tanh(h + 2*u), u)
        """
        return change_variables(self, rules, variables)

    def conditioned(self, on: Any) -> Expr:
        """An average over some variables of the average over the others given them.

        Parameters
        ----------
        on : Symbol or sequence of Symbol
            The variables of the outer average.

        Examples
        --------
        >>> from sympy import exp, symbols
        >>> import derive as dv
        >>> x, y, r = symbols("x y r", real=True)
        >>> dv.GaussianAverage(exp(-x**2*y**2), (x, y), covariance=[[1, r], [r, 1]]).conditioned(x)
        GaussianAverage(GaussianAverage(exp(-x**2*y**2), y, mean=r*x, covariance=1 - r**2), x)
        """
        return conditioned(self, on)

    def factorised(self) -> Expr:
        """Products of functions of independent variables as products of averages."""
        return factorised(self)

    def without_deltas(self) -> Expr:
        """Delta functions of linear forms integrated out, by conditioning on their roots."""
        return without_deltas(self)

    # -- parity and kinks ------------------------------------------------------------------------

    def is_even_in(self, *variables: Any) -> bool:
        """Whether the integrand is even under a joint change of sign of variables, of all if none.

        False also where this is not seen from the form of the integrand.
        """
        return is_symmetric(self.integrand, self._chosen(variables), +1)

    def is_odd_in(self, *variables: Any) -> bool:
        """Whether the integrand is odd under a joint change of sign of variables, of all if none.

        False also where this is not seen from the form of the integrand.
        """
        return is_symmetric(self.integrand, self._chosen(variables), -1)

    def _chosen(self, variables: tuple[Any, ...]) -> list[Symbol]:
        return [self.variables[k] for k in places(self, variables or self.variables)]

    def kinks(self, variable: Any) -> tuple[Expr, ...]:
        """The real points where the integrand is not analytic in a variable."""
        return kinks(self.integrand, *self._chosen((variable,)))

    def split(self) -> Expr:
        """The sum of averages over the sides of kinks.

        Under each, steps say where the side is, and multiply an analytic function.

        Examples
        --------
        >>> from sympy import Abs, exp, symbols
        >>> import derive as dv
        >>> z = symbols("z", real=True)
        >>> dv.GaussianAverage(exp(-Abs(z)), z).split()
        GaussianAverage(exp(-z)*Heaviside(z), z) + GaussianAverage(exp(z)*Heaviside(-z), z)
        """
        return split(self)

    # -- typesetting -----------------------------------------------------------------------------

    def _sympystr(self, printer: Any) -> str:
        from derive.typesetting.averages import average_text

        return average_text(self, printer)

    def _latex(self, printer: Any) -> str:
        from derive.typesetting.averages import average_latex, is_standard

        text = average_latex(self, printer)
        return rf"\left({text}\right)" if is_standard(self) else text
