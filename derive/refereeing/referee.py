"""A published equation against a derived one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.errors import ParameterError
from derive.refereeing.comparison import ExpressionValue
from derive.refereeing.domain import Domain
from derive.refereeing.equations import judge_equations
from derive.refereeing.expressions import Effort, judge_expressions, with_explanation
from derive.refereeing.statement import statements
from derive.refereeing.verdict import Verdict

__all__ = ["referee"]

LEAST_DIGITS, LEAST_POINTS = 30, 5


def referee(
    published: Any,
    derived: Any,
    *,
    for_: Any = None,
    domain: Mapping[Any, Any] | None = None,
    rename: Mapping[Any, Any] | None = None,
    digits: int = LEAST_DIGITS,
    points: int = 6,
) -> Verdict:
    """Decide whether a published equation says the same as a derived one.

    Both are brought to canonical forms (averages standardised and evaluated, integrals over a
    Gaussian weight as averages).  What does not cancel there is evaluated at random points, in all
    parts of the domain and on all sides of steps.  If the values differ, a constant or parameters'
    powers as a factor, and a visible list of substitutions, are tried and named.

    Parameters
    ----------
    published, derived : Expr or Eq
        Two expressions, or two equations; `Integral` stands for itself, and may diverge.  Symbols
        of one name are one symbol.
    for_ : Symbol, optional
        What equations are solved for; by default a symbol in which both are linear, or one that
        stands alone on the left.
    domain : dict, optional
        Open intervals of symbols, ``{q: (0, 1), kappa: (-2, 2)}``; for others what they declare.
    rename : dict, optional
        Published symbols in terms of derived ones.
    digits : int
        How many digits an agreement by numbers takes, 30 at least.
    points : int
        The number of random points, 5 at least.

    Returns
    -------
    Verdict
        With the factor, the substitution or the counterexample.

    Raises
    ------
    DeclarationError
        If a side is neither an expression nor an equation, one is and the other is not, or the
        published side has symbols that the derived one lacks.
    ParameterError
        If a domain is empty, or fewer digits or points are asked for than make a verdict.

    Examples
    --------
    The logistic function against tanh, with the sign of a talk and with the right one:

    >>> from sympy import exp, symbols, tanh
    >>> import derive as dv
    >>> beta, x = symbols("beta x", positive=True)
    >>> sigma = 1/(1 + exp(-beta*x))
    >>> dv.referee(2*sigma - 1, tanh(beta*x/2))
    equal, as canonical forms
    >>> dv.referee(1 - 2*sigma, tanh(beta*x/2)).factor
    -1
    """
    for value, least, what in (
        (digits, LEAST_DIGITS, "digits"),
        (points, LEAST_POINTS, "points"),
    ):
        if not isinstance(value, int) or value < least:
            raise ParameterError(f"{what}={value}: a verdict takes {least} {what} at least")
    one, two = statements(published, derived, rename)
    where = Domain.of(one.symbols | two.symbols, domain)
    effort = Effort(digits, points)
    if one.is_equation:
        return judge_equations(one, two, where, effort, for_)
    verdict = judge_expressions(one.right, two.right, where, effort)
    sides = ExpressionValue(one.right), ExpressionValue(two.right)
    used = where.of_symbols(one.symbols | two.symbols)
    return with_explanation(verdict, *sides, used, effort)
