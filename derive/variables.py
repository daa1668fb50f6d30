"""The vocabulary of declarations: what is traced, averaged over, or given as an array."""

from __future__ import annotations

from typing import Any

from sympy import Basic, Dummy, Expr, Lambda, Rational, Symbol, expand_log, log, oo, sympify

from derive.errors import DeclarationError
from derive.indices import Element, Index, IndexRange, Label
from derive.measures import Continuous, Finite, Measure, OneHot, SphereSurface
from derive.typesetting.typeset import Typeset

__all__ = [
    "Binary",
    "Discrete",
    "Gaussian",
    "Given",
    "Interval",
    "Ising",
    "Potts",
    "Real",
    "Sphere",
    "Spin",
    "Variable",
]


class Variable(Typeset, Basic):
    """A variable with its indices and its measure; ``s[i]`` is one component of it."""

    def __new__(cls, label: Label, measure: Measure) -> Variable:
        return Basic.__new__(cls, label, measure)

    label = property(lambda self: self.args[0])
    measure = property(lambda self: self.args[1])

    @property
    def name(self) -> str:
        """How the variable is written."""
        return self.label.name

    @property
    def site_ranges(self) -> tuple[IndexRange, ...]:
        """The ranges that number independent copies (Potts colours are not among them)."""
        ranges = self.label.ranges
        return ranges[: len(ranges) - self.measure.components]

    @property
    def element(self) -> Element:
        """The variable itself, when it has no index."""
        return Element(self.label)

    __iter__ = None  # subscripts name components; a variable is no sequence

    def __getitem__(self, slots: Any) -> Element:
        return self.label[slots]

    def _sympystr(self, printer: Any) -> str:
        return self.name


def _label(name: str, indices: tuple[Any, ...], **flags: Any) -> Label:
    for index in indices:
        if not isinstance(index, Index):
            raise DeclarationError(f"{name}: {index} is no index; declare it with dv.Index('i', N)")
    return Label(name, tuple(index.range for index in indices), **flags)


def Ising(name: str, *indices: Index) -> Variable:
    """An Ising spin, summed over -1 and +1 (counting measure).

    Examples
    --------
    >>> import derive as dv
    >>> i = dv.Index("i", dv.size("N"))
    >>> dv.Ising("s", i)[i]
    s[i]
    """
    return Variable(_label(name, indices), Finite((-1, 1)))


def Binary(name: str, *indices: Index) -> Variable:
    """A binary unit, summed over 0 and 1.

    Examples
    --------
    >>> import derive as dv
    >>> dv.Binary("a", dv.Index("i", 3)).measure.values
    (0, 1)
    """
    return Variable(_label(name, indices), Finite((0, 1)))


def Spin(name: str, *indices: Index, spin: Any = 1) -> Variable:
    """A spin-S variable, summed over -S, -S + 1, ..., S.

    Raises
    ------
    DeclarationError
        If 2 S is not a positive integer.

    Examples
    --------
    >>> import derive as dv
    >>> dv.Spin("S", dv.Index("i", 3), spin=1).measure.values
    (-1, 0, 1)
    """
    twice = sympify(2 * Rational(spin))
    if not (twice.is_Integer and twice > 0):
        raise DeclarationError(f"{name}: spin {spin} is not a positive multiple of one half")
    values = [Rational(k, 2) for k in range(-int(twice), int(twice) + 1, 2)]
    return Variable(_label(name, indices), Finite(values))


def Discrete(name: str, *indices: Index, values: Any, weights: Any = None) -> Variable:
    """A variable that takes the given values, with positive weights (one each by default).

    Examples
    --------
    >>> import derive as dv
    >>> dv.Discrete("S", dv.Index("i", 3), values=(0, 1, 3)).measure.values
    (0, 1, 3)
    """
    weights = None if weights is None else [sympify(w) for w in weights]
    if weights and any(w.is_positive is False for w in weights):
        raise DeclarationError(f"{name}: the weights {weights} are not all positive")
    log_weights = None if weights is None else [log(w) for w in weights]
    return Variable(_label(name, indices), Finite([sympify(v) for v in values], log_weights))


def Potts(name: str, *indices: Index, q: Any = None) -> Variable:
    """A Potts variable as indicator vector: ``c[i, a]`` is 1 if site i has colour a, else 0.

    Parameters
    ----------
    name : str
        How it is written.
    *indices : Index
        Site indices; with `q` omitted, the last one is the colour.
    q : int or Symbol, optional
        Number of colours, 1 to q; the colour index is then ``IndexRange(q)``.

    Examples
    --------
    >>> import derive as dv
    >>> i, a = dv.Index("i", dv.size("N")), dv.Index("a", 3)
    >>> c = dv.Potts("c", i, a)
    >>> dv.total(dv.total(c[i, a], i)**2, a).is_number is False
    True
    """
    if q is not None:
        indices = (*indices, Index("a", q))
    if not indices:
        raise DeclarationError(f"{name}: a Potts variable needs a colour index, or q=3")
    label = _label(name, indices)
    return Variable(label, OneHot(label.ranges[-1]))


def Real(
    name: str, *indices: Index, weight: Any = 1, lower: Any = -oo, upper: Any = oo
) -> Variable:
    """A real variable with a weight that is a function of it.

    Parameters
    ----------
    name : str
        How it is written.
    *indices : Index
        Its indices.
    weight : callable, Lambda or Expr
        The positive density: a function of one argument, or an expression in a symbol that has
        the variable's name.
    lower, upper : Expr
        The interval; the whole line by default.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import exp
    >>> x = dv.Real("x", dv.Index("i", 3), weight=lambda x: exp(-x**4))
    >>> x.measure.log_weight(2)
    -16
    """
    x = Dummy("x", real=True)
    if isinstance(weight, Lambda) or (callable(weight) and not isinstance(weight, Expr)):
        density = sympify(weight(x))
    else:
        density = sympify(weight).subs(dict.fromkeys(_symbols_named(name, weight), x))
    log_weight = Lambda(x, expand_log(log(density), force=True))
    return Variable(_label(name, indices), Continuous(lower, upper, log_weight))


def _symbols_named(name: str, expr: Any) -> list[Symbol]:
    return [s for s in sympify(expr).free_symbols if s.name == name]


def Interval(name: str, *indices: Index, lower: Any = -1, upper: Any = 1) -> Variable:
    """A real variable with Lebesgue measure on an interval.

    Examples
    --------
    >>> import derive as dv
    >>> dv.Interval("x", dv.Index("i", 3)).measure.lower
    -1
    """
    return Variable(_label(name, indices), Continuous(lower, upper))


def Gaussian(
    name: str, *indices: Index, mean: Any = 0, variance: Any = 1, symmetric: bool = False
) -> Variable:
    """A Gaussian variable (probability measure), traced, or quenched when named as disorder.

    Examples
    --------
    >>> import derive as dv
    >>> N = dv.size("N")
    >>> i, j = dv.indices("i j", N)
    >>> J = dv.Gaussian("J", i, j, variance=1/N, symmetric=True)
    >>> J[i, j] == J[j, i]
    True
    """
    return Variable(_label(name, indices, symmetric=symmetric), Continuous.gaussian(mean, variance))


def Sphere(name: str, *indices: Index, norm2: Any = None) -> Variable:
    """A vector on a sphere: the joint measure delta(sum_i w_i^2 - norm2) prod_i dw_i.

    Parameters
    ----------
    name : str
        How it is written.
    *indices : Index
        The last index numbers the components.
    norm2 : Expr, optional
        Squared norm; the number of components by default.

    Examples
    --------
    >>> import derive as dv
    >>> N = dv.size("N")
    >>> dv.Sphere("w", dv.Index("i", N)).measure.norm2
    N
    """
    label = _label(name, indices)
    if not label.ranges:
        raise DeclarationError(f"{name}: a sphere needs an index for its components")
    return Variable(label, SphereSurface(label.ranges[-1].size if norm2 is None else norm2))


def Given(
    name: str, *indices: Index, symmetric: bool = False, zero_diagonal: bool = False
) -> Label:
    """An array that is handed in, such as the couplings of a network.

    Parameters
    ----------
    name : str
        How it is written.
    *indices : Index
        One for each slot.
    symmetric : bool
        Whether ``A[i, j] = A[j, i]``.
    zero_diagonal : bool
        Whether ``A[i, i] = 0``: no unit is coupled to itself.

    Raises
    ------
    DeclarationError
        If an index is none, or the slots have different ranges where they must not.

    Examples
    --------
    >>> import derive as dv
    >>> i, j = dv.indices("i j", dv.size("N"))
    >>> A = dv.Given("A", i, j, symmetric=True)
    >>> A[i, j] == A[j, i]
    True
    >>> dv.Given("J", i, j, zero_diagonal=True)[i, i]
    0
    """
    diagonal = 0 if zero_diagonal else None
    return _label(name, indices, symmetric=symmetric, given=True, diagonal=diagonal)
