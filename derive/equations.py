"""The hand-over from derivation to numerics: plain data, and the node types that occur in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sympy import Expr, S, Symbol

from derive.errors import DeclarationError
from derive.gaussian.average import GaussianAverage
from derive.gaussian.bivariate import BivariateNormal
from derive.gaussian.kinks import kinks
from derive.gaussian.special import OrthantProbability, OwenT
from derive.indices import Element, Index, IndexRange, Label, free_indices
from derive.nested import Expect, LogZ
from derive.saddle.log_det import LogDet
from derive.total import Binder, IndexedProduct, Total

__all__ = [
    "Binder",
    "BivariateNormal",
    "Coupling",
    "DiscreteDisorder",
    "Element",
    "Enumeration",
    "Equations",
    "Expect",
    "FiniteSum",
    "GaussianAverage",
    "GaussianDisorder",
    "Index",
    "IndexRange",
    "IndexedProduct",
    "Label",
    "LogDet",
    "LogZ",
    "OrthantProbability",
    "OwenT",
    "Pairwise",
    "Quenched",
    "Spins",
    "Total",
    "free_indices",
    "kinks",
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
        imaginary axis (minimal in it along the real direction); 0 for all if they linearise a form
        in an array, whose eigenvalues decide which of their directions are real.
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
    sites : tuple of Element
        The traced variables with their site indices, ``s[i]``.
    values : tuple of tuple of Expr
        The values of one site of each variable.
    exponent : Expr
        In totals over elements of the variables and of the arrays given.
    parameters : tuple of Expr
        Symbols and array elements.
    weights : tuple of tuple of Expr
        The logarithm of the weight of each value, for each variable; zero if not given.
    beta : Expr or None
        The inverse temperature, if there is one.
    """

    sites: tuple[Element, ...]
    values: tuple[tuple[Expr, ...], ...]
    exponent: Expr
    parameters: tuple[Expr, ...] = ()
    weights: tuple[tuple[Expr, ...], ...] = field(default=())
    beta: Expr | None = None


@dataclass(frozen=True)
class Spins:
    """One variable of a pairwise model.

    Attributes
    ----------
    site : Element
        The variable with its site indices, ``s[i]``.
    values : tuple of Expr
        The values of one site.
    weights : tuple of Expr
        The logarithm of the weight of each value.
    fields : tuple of Expr
        The coefficients of ``s[i]``, ``s[i]**2``, ... in the exponent, one fewer than values.
    """

    site: Element
    values: tuple[Expr, ...]
    weights: tuple[Expr, ...]
    fields: tuple[Expr, ...]


@dataclass(frozen=True)
class Coupling:
    """What multiplies the product of two spins in the exponent, in the indices of both.

    Attributes
    ----------
    row, column : Element
        The spins, ``s[i]`` and ``s[j]``, or ``a[k]`` and ``b[l]``.
    value : Expr
        K[i, j], for i != j where both are one variable: it then counts each pair twice.
    """

    row: Element
    column: Element
    value: Expr


@dataclass(frozen=True)
class Pairwise:
    """An exponent of spins that meet in pairs: constant + sum g_i(s_i) + 1/2 sum K_ij s_i s_j.

    The double sum is over ordered pairs of different spins, whatever variables they belong to.

    Attributes
    ----------
    spins : tuple of Spins
        The variables.
    couplings : tuple of Coupling
        One for each two variables that interact, in the order of `spins`.
    constant : Expr
        What does not depend on the spins.
    parameters : tuple of Expr
        Symbols and array elements; sizes of the variables' ranges are left out.
    beta : Expr or None
        The inverse temperature, if there is one.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import symbols
    >>> beta, h = symbols("beta h", positive=True)
    >>> N = dv.size("N"); i, j = dv.indices("i j", N)
    >>> s, w = dv.Ising("s", i), dv.Given("w", i, j, symmetric=True)
    >>> energy = -dv.total(w[i, j]*s[i]*s[j], i, j)/(2*N) - h*dv.total(s[i], i)
    >>> net = dv.Ensemble(trace=s, beta=beta, hamiltonian=energy).pairwise()
    >>> net.coupling("s"), net.field("s"), net.constant
    (beta*w[i, j]/N, beta*h, beta*Total(w[i, i], i)/(2*N))
    """

    spins: tuple[Spins, ...]
    couplings: tuple[Coupling, ...]
    constant: Expr
    parameters: tuple[Expr, ...]
    beta: Expr | None = None

    def coupling(self, row: str, column: str | None = None) -> Expr:
        """K between two variables, or within one; zero if they do not interact."""
        self._spins(row), self._spins(column or row)
        for found in self.couplings:
            if (found.row.name, found.column.name) == (row, column or row):
                return found.value
            if (found.column.name, found.row.name) == (row, column or row):
                return found.value
        return S.Zero

    def field(self, name: str, power: int = 1) -> Expr:
        """The coefficient of a power of a spin; zero where the power is reduced to lower ones."""
        fields = self._spins(name).fields
        return fields[power - 1] if 0 < power <= len(fields) else S.Zero

    def _spins(self, name: str) -> Spins:
        for spins in self.spins:
            if spins.site.name == name:
                return spins
        names = ", ".join(spins.site.name for spins in self.spins)
        raise DeclarationError(f"no variable {name} in this model; there are: {names}")


@dataclass(frozen=True)
class DiscreteDisorder:
    """An array of independent quenched variables on finitely many values.

    Attributes
    ----------
    element : Element
        The array with its indices, ``xi[i, mu]``.
    values : tuple of Expr
        What each entry can be.
    weights : tuple of Expr
        The logarithm of the weight of each value, up to a common constant.
    """

    element: Element
    values: tuple[Expr, ...]
    weights: tuple[Expr, ...]


@dataclass(frozen=True)
class GaussianDisorder:
    """An array of independent normal variables, those of a symmetric array for i <= j.

    Attributes
    ----------
    element : Element
        The array with its indices, ``J[i, j]``.
    mean, variance : Expr
        In the sizes and parameters.
    """

    element: Element
    mean: Expr
    variance: Expr


@dataclass(frozen=True)
class Quenched:
    """A pairwise model at a sample of its disorder, and the law of the disorder.

    Attributes
    ----------
    pairwise : Pairwise
        The disorder stands among its parameters, as arrays that are given.
    disorder : tuple of DiscreteDisorder or GaussianDisorder
        One for each array.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import symbols
    >>> beta, h, J0 = symbols("beta h J0", positive=True)
    >>> N = dv.size("N"); i, j = dv.indices("i j", N)
    >>> s, J = dv.Ising("s", i), dv.Gaussian("J", i, j, variance=J0**2/N, symmetric=True)
    >>> energy = -dv.total(J[i, j]*s[i]*s[j], i < j) - h*dv.total(s[i], i)
    >>> sk = dv.Ensemble(trace=s, disorder=J, beta=beta, hamiltonian=energy).quenched()
    >>> sk.pairwise.coupling("s"), sk.disorder[0].variance
    (beta*J[i, j], J0**2/N)
    """

    pairwise: Pairwise
    disorder: tuple[DiscreteDisorder | GaussianDisorder, ...]
