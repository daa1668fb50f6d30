"""When do two models of the same spins agree?  Coefficient by coefficient in the spins.

Functions of finitely many values have unique coefficients once powers are reduced and each pair of
sites is counted once.  So two exponents are equal, up to a constant, if and only if those of their
difference vanish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Add, Eq, Expr, Mul, S, factor_terms, fraction, together

from derive.ensemble import Ensemble
from derive.errors import MoveError
from derive.indices import Element
from derive.pairwise import pairwise

__all__ = ["Agreement", "agree"]


@dataclass(frozen=True)
class Agreement:
    """The conditions under which two models of the same spins agree.

    Attributes
    ----------
    equations : tuple of Eq
        One for each field and each coupling that is not equal as it stands, for every value of its
        free indices; with two indices of one variable, for every pair of different sites.
    constant : Expr
        By how much log Z of the first exceeds that of the second where the equations hold.
    """

    equations: tuple[Any, ...]
    constant: Expr


def agree(first: Any, second: Any) -> Agreement:
    """The conditions on parameters and arrays under which two exponents differ by a constant.

    Parameters
    ----------
    first, second : Ensemble or Derivation
        Over the same variables with the same measures, which meet in pairs at most.

    Returns
    -------
    Agreement
        The conditions, each solved for its arrays where it has some, and the constant.

    Raises
    ------
    MoveError
        If the variables differ.
    CouplingError
        If a term of the difference couples more than two spins.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import symbols
    >>> h, K = symbols("h K", real=True)
    >>> i = dv.Index("i", dv.size("N")); s = dv.Ising("s", i); g = dv.Given("g", i)
    >>> one = dv.Ensemble(trace=s, exponent=2*dv.total(g[i]*s[i], i) + K)
    >>> dv.agree(one, dv.Ensemble(trace=s, exponent=h*dv.total(s[i], i)))
    Agreement(equations=(Eq(2*g[i], h),), constant=K)
    """
    first, second = (getattr(model, "state", model) for model in (first, second))
    _check(first, second)
    difference = pairwise(
        first.replaced(
            exponent=first.exponent - second.exponent,
            log_prefactor=first.log_prefactor - second.log_prefactor,
        )
    )
    coefficients = [field for spins in difference.spins for field in spins.fields]
    coefficients += [coupling.value for coupling in difference.couplings]
    equations = [_vanishing(c) for c in coefficients if c.expand() != 0]
    return Agreement(tuple(dict.fromkeys(equations)), difference.constant)


def _check(first: Any, second: Any) -> None:
    for model in (first, second):
        if not isinstance(model, Ensemble):
            raise MoveError(f"{model} is no ensemble: compare models before their saddle point")
    if set(first.variables) != set(second.variables):
        names = [", ".join(map(str, e.variables)) for e in (first, second)]
        raise MoveError(
            f"the models are over different variables, {names[0]} and {names[1]}: they need the "
            "same names, ranges and measures; change_variable, split and join make them so"
        )


def _vanishing(coefficient: Expr) -> Any:
    """coefficient = 0 without factors that cannot vanish, what holds arrays on the left."""
    above, _ = fraction(together(coefficient.expand()))
    factors = Mul.make_args(factor_terms(above))
    rest = Mul(*(f for f in factors if not (f.is_nonzero and not f.has(Element)))).expand()
    left = Add(*(t for t in Add.make_args(rest) if t.has(Element)))
    if left == 0:
        return Eq(rest, S.Zero, evaluate=False)
    if left.could_extract_minus_sign():
        left, rest = -left, -rest
    return Eq(left, left - rest, evaluate=False)
