"""A capacity: where the largest term of the free entropy vanishes as an overlap goes to its end.

As q -> 1 the volume of solutions shrinks to a point.  phi = B eps**p + ... with eps = 1 - q and
p < 0 (or log(eps)), and its stationarity in eps itself asks for B = 0, together with stationarity
of B in all other unknowns.
"""

from __future__ import annotations

from typing import Any

from sympy import Basic, Eq, Expr, Symbol, Tuple, factor_terms, log, sympify
from sympy.core.symbol import Str

from derive.equations import Equations
from derive.errors import DeriveError, ParameterError
from derive.limits.errors import LimitError
from derive.limits.scalings import Scaled
from derive.saddle.free_entropy import FreeEntropy
from derive.saddle.inversion import NotInvertible, solve_for
from derive.saddle.linear import sample_point
from derive.saddle.lookup import named
from derive.saddle.with_condition import interval
from derive.typesetting.typeset import Typeset

__all__ = ["Capacity"]

SAMPLES = 12  # points at which a critical value must be negative to be refused


class Capacity(Typeset, Basic):
    """The condition that an overlap reaches its end, such as q = 1.

    Parameters
    ----------
    balance : Expr
        The coefficient of the largest term of phi; it vanishes at capacity.
    unknowns : Tuple of Symbol
        The other unknowns, scaled so that they stay finite; balance is stationary in them.
    signs : Tuple of int
        +1 or -1 for each, as for a `FreeEntropy`.
    overlap : Symbol
        What reaches its end.
    term : Expr
        What balance is the coefficient of, such as 1/(1 - q).
    size : Expr
        N.
    notes : Tuple of Str
        What is known of the validity of the result, such as the stability of the ansatz.

    Examples
    --------
    >>> from sympy import erfc, log, oo, pi, sqrt, symbols
    >>> import derive as dv
    >>> alpha, q = symbols("alpha q", positive=True)
    >>> x = symbols("x", real=True)
    >>> inner = dv.GaussianAverage(log(erfc(-x/sqrt(2*(1 - q)))/2), x, covariance=q)
    >>> phi = alpha*inner + log(2*pi*(1 - q))/2 + 1/(2*(1 - q))
    >>> dv.FreeEntropy(phi, q, -1).limit(q, 1).solve_for(alpha)
    2
    """

    def __new__(
        cls,
        balance: Any,
        unknowns: Any,
        signs: Any,
        overlap: Any,
        term: Any,
        size: Any,
        notes: Any = (),
    ) -> Capacity:
        texts = Tuple(*(note if isinstance(note, Str) else Str(str(note)) for note in notes))
        return Basic.__new__(
            cls, sympify(balance), Tuple(*unknowns), Tuple(*signs), overlap, term, size, texts
        )

    balance = property(lambda self: self.args[0])
    overlap = property(lambda self: self.args[3])
    term = property(lambda self: self.args[4])

    @classmethod
    def of(cls, scaled: Scaled, signs: Any, overlap: Symbol, small: Expr, size: Expr) -> Capacity:
        """From an expansion; unknowns that the largest term does not hold have no say in it."""
        key = scaled.keys[0]
        balance = scaled.terms[key]
        kept = [k for k, u in enumerate(scaled.unknowns) if balance.has(u)]
        unknowns, chosen = [scaled.unknowns[k] for k in kept], [signs[k] for k in kept]
        term = small ** key[0] * log(small) ** key[1]
        return cls(balance, unknowns, chosen, overlap, term, size)

    @property
    def unknowns(self) -> tuple[Symbol, ...]:
        """The other unknowns."""
        return tuple(self.args[1])

    @property
    def notes(self) -> tuple[str, ...]:
        """What is known of the validity of the result."""
        return tuple(str(note) for note in self.args[6])

    def noted(self, *notes: str) -> Capacity:
        """The same with further notes."""
        same: tuple[Any, ...] = self.args[:6]
        return self.func(*same, (*self.notes, *notes))

    @property
    def parameters(self) -> tuple[Symbol, ...]:
        """The free symbols other than the unknowns, by name."""
        return tuple(sorted(self.balance.free_symbols - set(self.unknowns), key=str))

    @property
    def equation(self) -> Eq:
        """``balance = 0``."""
        return Eq(self.balance, 0, evaluate=False)

    @property
    def conditions(self) -> list[Eq]:
        """Stationarity in the other unknowns."""
        return [Eq(row, 0, evaluate=False) for row in self._free_entropy.gradient]

    @property
    def _free_entropy(self) -> FreeEntropy:
        return FreeEntropy(self.balance.doit(), self.unknowns, self.args[2], self.args[5])

    def eliminate(self, *names: Any) -> Capacity:
        """Substitute other unknowns by their stationary values.

        Raises
        ------
        DeriveError
            If a condition has no unique closed-form solution.
        """
        if not names:
            return self
        left = self._free_entropy.eliminate(*names)
        return Capacity(left.density, left.unknowns, left.signs, *self.args[3:])

    def solve_for(self, parameter: Any) -> Expr:
        """The critical value of a parameter in closed form.

        Parameters
        ----------
        parameter : Symbol or str
            Such as the load alpha.

        Raises
        ------
        LimitError
            If there is no capacity: the balance has one sign whatever the parameter.
        DeriveError
            If there is no closed form: solve ``equations(parameter)`` numerically.
        """
        wanted = self._parameter(parameter)
        try:
            reduced = self.eliminate(*self.unknowns).balance.doit()
        except DeriveError:
            raise DeriveError(
                f"{', '.join(map(str, self.unknowns))} cannot be eliminated in closed form: solve "
                f"equations('{wanted}') numerically"
            ) from None
        if not reduced.has(wanted):
            raise LimitError(f"{reduced} = 0 does not depend on {wanted}: it has no critical value")
        roots = _roots(reduced, wanted)
        if not roots:
            raise LimitError(
                f"there is no capacity: {reduced}, the coefficient of {self.term} in the free "
                f"entropy, has the same sign for every admissible {wanted}"
            )
        if len(roots) > 1:
            raise DeriveError(f"{wanted} has {len(roots)} critical values {list(roots)}")
        return roots[0]

    def equations(self, parameter: Any = None) -> Equations:
        """The conditions for the other unknowns and one parameter, for a numerical solver.

        Parameters
        ----------
        parameter : Symbol or str, optional
            What becomes an unknown; needed where there is more than one parameter.
        """
        if parameter is None and len(self.parameters) != 1:
            raise ParameterError(
                f"say which of {', '.join(map(str, self.parameters))} is to be solved for: "
                f"equations('{self.parameters[0]}')"
            )
        wanted = self.parameters[0] if parameter is None else self._parameter(parameter)
        rows = (*self._free_entropy.gradient, self.balance.doit())
        unknowns = (*self.unknowns, wanted)
        names = (*(f"gradient_{u}" for u in self.unknowns), "balance")
        return Equations(
            unknowns=unknowns,
            parameters=tuple(p for p in self.parameters if p != wanted),
            expressions=tuple(zip(names, rows, strict=True)),
            residuals=rows,
            bounds=tuple(interval(u) for u in unknowns),
        )

    def _parameter(self, name: Any) -> Symbol:
        return named(name, self.parameters, "parameter", "")


def _roots(balance: Expr, parameter: Symbol) -> tuple[Expr, ...]:
    """Where it vanishes: as a ratio of what multiplies the parameter and the rest, or inverted."""
    slope = balance.diff(parameter)
    if slope.has(parameter):
        try:
            return solve_for(balance, parameter)
        except NotInvertible as reason:
            raise DeriveError(
                f"{reason}; solve equations('{parameter}') numerically, or solve for a parameter "
                "in which the balance is linear"
            ) from None
    root = balance.subs(parameter, 0) / factor_terms(-slope)
    return () if parameter.is_positive and _is_negative(root) else (root,)


def _is_negative(expr: Expr) -> bool:
    """As its form says, or at every sample point of its symbols."""
    if expr.is_negative or expr.is_positive:
        return bool(expr.is_negative)
    symbols = sorted(expr.free_symbols, key=str)
    values = [expr.xreplace(sample_point(symbols, k)).evalf(15) for k in range(SAMPLES)]
    return all(value.is_negative for value in values)
