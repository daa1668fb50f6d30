"""The hand-over from derivation to numerics: plain data, and the node types that occur in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sympy import Expr, Symbol

from derive.indices import Element, Index, IndexRange, Label, free_indices
from derive.nested import Expect, LogZ
from derive.total import IndexedProduct, Total

__all__ = [
    "Element",
    "Enumeration",
    "Equations",
    "Expect",
    "FiniteSum",
    "Index",
    "IndexRange",
    "IndexedProduct",
    "Label",
    "LogZ",
    "Total",
    "free_indices",
]

Named = tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class Equations:
    """Named expressions of unknowns and parameters, with what a solver needs to know of them.

    Attributes
    ----------
    unknowns : tuple of Expr
        What is solved for: symbols, or elements ``V[i]`` with a free index (a vector unknown).
    parameters : tuple of Expr
        What is given: symbols (scalars) and elements ``w[i, j]`` (arrays).
    expressions : tuple of (str, Expr)
        The outputs of a compiled kernel, in this order.
    update : tuple of Expr
        Fixed-point form, ``unknown = update``; empty where there is none.
    residuals : tuple of Expr
        Zero at a solution.
    potential : Expr or None
        The free-entropy density: the state is its dominant stationary point.
    signs : tuple of int
        Per unknown, +1 for a real field (the potential is maximal in it) and -1 for a field on the
        imaginary axis (minimal in it along the real direction).
    observables : tuple of (str, Expr)
        Quantities to evaluate on a solution.
    bounds : tuple of (Expr, Expr)
        Per unknown, an interval that contains all solutions.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> from derive import Equations
    >>> m, x = symbols("m x", real=True)
    >>> Equations((m,), (x,), (("m", tanh(x + m)),), update=(tanh(x + m),)).names
    ('m',)
    """

    unknowns: tuple[Expr, ...]
    parameters: tuple[Expr, ...]
    expressions: Named
    update: tuple[Expr, ...] = ()
    residuals: tuple[Expr, ...] = ()
    potential: Expr | None = None
    signs: tuple[int, ...] = ()
    observables: Named = ()
    bounds: tuple[tuple[Expr, Expr], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return tuple(name for name, _ in self.expressions)

    def equations(self) -> Equations:
        """Itself, so that whatever offers equations is handed over alike."""
        return self


@dataclass(frozen=True)
class FiniteSum:
    """A partition function whose exponent depends on the sites through sums over them only.

    Attributes
    ----------
    values : tuple of tuple of Expr
        For each single-site state, the value of each site statistic: spin-1 with statistics S and
        S**2 has ``((-1, 1), (0, 0), (1, 1))``.
    weights : tuple of Expr
        The logarithm of the weight of each single-site state.
    totals : tuple of Symbol
        What stands in the exponent for the sum over the N sites of each statistic.
    exponent : Expr
        In the totals, the size and the parameters.
    size : Symbol
        The number of sites N.
    parameters : tuple of Symbol
        What else the exponent and the weights depend on.
    """

    values: tuple[tuple[Expr, ...], ...]
    weights: tuple[Expr, ...]
    totals: tuple[Symbol, ...]
    exponent: Expr
    size: Symbol
    parameters: tuple[Symbol, ...] = ()


@dataclass(frozen=True)
class Enumeration:
    """A partition function over explicit sites with arbitrary couplings.

    Attributes
    ----------
    site : Element
        The traced variable with its site index, ``s[i]``.
    values : tuple of Expr
        The values of one site.
    exponent : Expr
        In totals over elements of the site variable and of the arrays given.
    parameters : tuple of Expr
        Symbols and array elements.
    weights : tuple of Expr
        The logarithm of the weight of each value; zero if not given.
    """

    site: Element
    values: tuple[Expr, ...]
    exponent: Expr
    parameters: tuple[Expr, ...] = ()
    weights: tuple[Expr, ...] = field(default=())
