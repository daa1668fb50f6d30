"""The asymptotic behaviour of an expression as a parameter goes to a point."""

from __future__ import annotations

from functools import partial
from typing import Any

from sympy import Add, Basic, Dummy, Expr, Integer, S, Symbol, Tuple, log, oo, sympify
from sympy.core.symbol import Str

from derive.errors import DeclarationError
from derive.limits.averages import joined
from derive.limits.errors import LimitError
from derive.limits.expand import Expansion
from derive.limits.series import Series, constant
from derive.limits.signs import Region, sides
from derive.typesetting.typeset import Typeset

__all__ = ["Asymptotics", "asymptotics", "expanded", "small_parameter"]


class Asymptotics(Typeset, Basic):
    """``sum_k c_k eps**p_k log(eps)**l_k`` with a remainder of known order.

    Parameters
    ----------
    parameter : Symbol
        What goes to the point.
    point : Expr
        Where to.
    side : str
        "-" from below, "+" from above.
    small : Expr
        eps in the parameter: 1/beta, or 1 - q.
    terms : Tuple of (power, logs, coefficient)
        The largest first.
    order : Expr
        The remainder is of this power of eps, up to logarithms.

    Examples
    --------
    >>> from sympy import cosh, log, oo, symbols
    >>> import derive as dv
    >>> x = symbols("x", real=True)
    >>> beta = symbols("beta", positive=True)
    >>> found = dv.asymptotics(log(2*cosh(beta*x)), beta, oo)
    >>> found.leading
    beta*Abs(x)
    """

    parameter = property(lambda self: self.args[0])
    point = property(lambda self: self.args[1])
    small = property(lambda self: self.args[3])
    order = property(lambda self: self.args[5])

    @property
    def side(self) -> str:
        """From where the point is reached: "-" from below, "+" from above."""
        return str(self.args[2])

    @property
    def terms(self) -> tuple[tuple[Expr, int, Expr], ...]:
        """(power of eps, power of log(eps), coefficient), the largest first."""
        return tuple((p, int(k), c) for p, k, c in self.args[4])

    def coefficient(self, power: Any, logs: int = 0) -> Expr:
        """Of eps**power log(eps)**logs.

        Raises
        ------
        LimitError
            If that is beyond what is known.
        """
        if sympify(power) >= self.order:
            raise LimitError(f"terms are known below the power {self.order} of {self.small} only")
        found = {(p, k): c for p, k, c in self.terms}
        return found.get((sympify(power), logs), S.Zero)

    @property
    def leading(self) -> Expr:
        """The largest term, in the parameter."""
        if not self.terms:
            raise LimitError(f"nothing is known but that it is below ({self.small})**{self.order}")
        return _shown(self.terms[0], self.small)

    @property
    def expr(self) -> Expr:
        """The sum of the terms, in the parameter."""
        return Add(*(_shown(term, self.small) for term in self.terms))

    @property
    def limit(self) -> Expr:
        """The limit.

        Raises
        ------
        LimitError
            If the expression diverges; it says how, and from which side.
        """
        large = [t for t in self.terms if t[0] < 0 or (t[0] == 0 and t[1] > 0)]
        if large:
            way = "below" if self.side == "-" else "above"
            raise LimitError(
                f"there is no limit as {self.parameter} -> {self.point} from {way}: it behaves as "
                f"{_shown(large[0], self.small)}"
            )
        return self.coefficient(0)


def asymptotics(
    expr: Any, parameter: Any, point: Any, side: str = "-", relative: Any = 2
) -> Asymptotics:
    """The asymptotic expansion of an expression with Gaussian averages.

    Inside an average the sign of each large argument decides how a function behaves there; the
    coefficients are averages of piecewise functions, in closed form where they have one.  Terms to
    which the layer around a change of sign contributes are left to the remainder.

    Parameters
    ----------
    expr : Expr
        What to expand.
    parameter : Symbol
        What goes to the point.
    point : Expr
        A finite point, oo or -oo.
    side : str
        "-" from below or "+" from above, for a finite point.
    relative : Expr
        How many powers beyond the leading one are kept where series are infinite.

    Raises
    ------
    LimitError
        If an exponential grows, or the table does not know how a function behaves.

    Examples
    --------
    >>> from sympy import erfc, log, oo, sqrt, symbols
    >>> import derive as dv
    >>> kappa, x = symbols("kappa x", real=True)
    >>> q = symbols("q", positive=True)
    >>> f = log(erfc((kappa - x)/sqrt(2*(1 - q)))/2)
    >>> dv.asymptotics(dv.GaussianAverage(f, x, covariance=q).subs(kappa, 0), q, 1).leading
    -1/(4*(1 - q))
    """
    expr, parameter, point = sympify(expr), sympify(parameter), sympify(point)
    if not isinstance(parameter, Symbol) or side not in ("+", "-"):
        raise DeclarationError(f"{parameter} is no symbol, or {side!r} neither '+' nor '-'")
    eps = Dummy("eps", positive=True)
    value, small, side = small_parameter(parameter, point, side, eps)
    series = expanded(expr.subs(parameter, value), eps, relative)
    terms = [Tuple(p, Integer(k), series.terms[p, k].doit()) for p, k in series.keys]
    kept = [term for term in terms if term[2] != 0]
    return Asymptotics(parameter, point, Str(side), small, Tuple(*kept), sympify(series.order))


def small_parameter(
    parameter: Symbol, point: Expr, side: str, eps: Symbol
) -> tuple[Expr, Expr, str]:
    """The parameter in eps > 0, eps in the parameter, and the side from which the point is reached.

    Infinity is reached from below, minus infinity from above.
    """
    if point in (oo, -oo):
        sign = 1 if point == oo else -1
        return sign / eps, sign / parameter, "-" if sign > 0 else "+"
    sign = -1 if side == "-" else 1
    return point + sign * eps, sign * (parameter - point), side


def expanded(expr: Expr, eps: Symbol, relative: Any = 2) -> Series:
    """The expansion as eps goes to zero, with steps in parameters whose sign it depends on."""
    expansion = Expansion(eps, relative)
    total = constant(S.Zero)
    for term in Add.make_args(expr):
        total = total + joined(sides(partial(expansion.series, term), Region(), None))
    return total.in_layers({})


def _shown(term: tuple[Any, int, Expr], small: Expr) -> Expr:
    power, logs, coefficient = term
    return coefficient * small**power * log(small) ** logs
