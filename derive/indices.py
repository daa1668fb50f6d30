"""Indices and what carries them: ranges, labels and elements.

All of them keep their data where SymPy compares, hashes and pickles it: in `args`, or, for atoms,
in `_hashable_content` together with `__getnewargs__`.  No subclass of `Symbol` carries data.
"""

from __future__ import annotations

from typing import Any

from sympy import Atom, Basic, Expr, Float, Integer, KroneckerDelta, S, Symbol, Tuple, sympify
from sympy.core.expr import AtomicExpr
from sympy.printing.precedence import PRECEDENCE

from derive.errors import DeclarationError, IndexRangeError
from derive.typesetting.typeset import Typeset

__all__ = ["Element", "Index", "IndexRange", "Label", "free_indices", "indices", "replicas", "size"]


def size(name: str) -> Symbol:
    """Declare the size of an index range, such as the number of sites.

    Parameters
    ----------
    name : str
        How the size is written, for instance ``"N"``.

    Returns
    -------
    Symbol
        A positive integer symbol.

    Examples
    --------
    >>> import derive as dv
    >>> N = dv.size("N")
    >>> N.is_positive, N.is_integer
    (True, True)
    """
    return Symbol(name, integer=True, positive=True)


def replicas(name: str) -> Symbol:
    """Declare a number of replicas: real, so that it can be continued to zero.

    Examples
    --------
    >>> import derive as dv
    >>> dv.replicas("n").is_integer is None
    True
    """
    return Symbol(name, real=True)


class IndexRange(Atom):
    """What an index runs over: 1, 2, ..., size.

    Parameters
    ----------
    size : Expr or int
        Number of values; symbolic (``N``, ``alpha*N``) or a positive integer.
    name : str, optional
        Distinguishes ranges of equal size, such as two populations; the size itself if not given.

    Raises
    ------
    DeclarationError
        If the size is a number that is not a positive integer (an empty range).

    Examples
    --------
    >>> import derive as dv
    >>> dv.IndexRange(3)
    IndexRange(3)
    """

    __slots__ = ("name", "size")
    name: str
    size: Expr

    def __new__(cls, size: Any, name: str | None = None) -> IndexRange:
        size = sympify(size)
        if not isinstance(size, Expr) or size.is_positive is False or not _counts(size):
            raise DeclarationError(
                f"the index range of size {size} is empty or no range at all: give a positive "
                "integer or a symbol declared with dv.size('N')"
            )
        obj = Atom.__new__(cls)
        obj.name, obj.size = name or str(size), size
        return obj

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name, self.size)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.size, self.name)

    def _sympystr(self, printer: Any) -> str:
        return f"IndexRange({self.name})"

    _sympyrepr = _sympystr


def _counts(size: Expr) -> bool:
    return size.is_integer is not False and not size.has(Float)


class Index(AtomicExpr):
    """An index with its range.

    Parameters
    ----------
    name : str
        How the index is written.
    over : IndexRange, Expr or int
        Its range, or the size of its range.

    Examples
    --------
    >>> import derive as dv
    >>> N = dv.size("N")
    >>> i = dv.Index("i", N)
    >>> i.range.size
    N
    """

    __slots__ = ("name", "range")
    name: str
    range: IndexRange
    is_integer = True
    is_commutative = True

    def __new__(cls, name: str, over: Any) -> Index:
        obj = AtomicExpr.__new__(cls)
        obj.name = str(name)
        obj.range = over if isinstance(over, IndexRange) else IndexRange(over)
        return obj

    @property
    def size(self) -> Expr:
        """The number of values of this index."""
        return self.range.size

    def renamed(self, name: str) -> Index:
        """The index of another name over the same range."""
        return Index(name, self.range)

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name, self.range)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.name, self.range)

    def sort_key(self, order: Any = None) -> Any:
        return self.class_key(), (2, (self.name, self.range.name)), S.One.sort_key(), S.One

    def _sympystr(self, printer: Any) -> str:
        return self.name

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        return str(printer._print(Symbol(self.name)))


def indices(names: str, over: Any) -> tuple[Index, ...]:
    """Declare several indices of one range.

    Examples
    --------
    >>> import derive as dv
    >>> i, j = dv.indices("i j", dv.size("N"))
    >>> i.range == j.range
    True
    """
    common = over if isinstance(over, IndexRange) else IndexRange(over)
    return tuple(Index(name, common) for name in names.replace(",", " ").split())


class Label(Atom):
    """The name of a variable or array with the ranges of its slots.

    Parameters
    ----------
    name : str
        How it is written.
    ranges : tuple of IndexRange
        The range of each slot; empty for a scalar.
    symmetric : bool
        Whether the slots may be permuted, as in ``J[i, j] = J[j, i]``.
    given : bool
        Whether its elements are handed in as an array, rather than traced or averaged over.
    diagonal : Expr, optional
        What ``J[i, i]`` is where it is known: 0 for couplings without self-coupling, 1 for the
        overlap of an Ising configuration with itself.
    """

    __slots__ = ("diagonal", "given", "name", "ranges", "symmetric")
    name: str
    ranges: tuple[IndexRange, ...]
    symmetric: bool
    given: bool
    diagonal: Expr | None

    def __new__(
        cls,
        name: str,
        ranges: tuple[IndexRange, ...] = (),
        symmetric: bool = False,
        given: bool = False,
        diagonal: Any = None,
    ) -> Label:
        obj = Atom.__new__(cls)
        obj.name, obj.ranges = str(name), tuple(ranges)
        obj.symmetric, obj.given = bool(symmetric), bool(given)
        obj.diagonal = None if diagonal is None else sympify(diagonal)
        if symmetric and len(set(ranges)) > 1:
            raise DeclarationError(f"{name} cannot be symmetric: its slots have different ranges")
        if diagonal is not None and not (len(ranges) == 2 and ranges[0] == ranges[1]):
            raise DeclarationError(f"{name} has no diagonal: it needs two slots over one range")
        return obj

    def _hashable_content(self) -> tuple[Any, ...]:
        known = Tuple() if self.diagonal is None else Tuple(self.diagonal)
        return (self.name, self.symmetric, self.given, known, *self.ranges)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.name, self.ranges, self.symmetric, self.given, self.diagonal)

    @property
    def zero_diagonal(self) -> bool:
        """Whether ``J[i, i]`` is zero."""
        return self.diagonal == 0

    __iter__ = None  # subscripts name components; a label is no sequence

    @property
    def T(self) -> Transposed:
        """The transposed array: ``w.T[j, i]`` is ``w[i, j]``."""
        return Transposed(self)

    def __getitem__(self, slots: Any) -> Element:
        return Element(self, *(slots if isinstance(slots, tuple) else (slots,)))

    def _sympystr(self, printer: Any) -> str:
        return self.name

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        return str(printer._print(Symbol(self.name)))


class Transposed(Basic):
    """An array with its two slots exchanged."""

    def __new__(cls, label: Label) -> Transposed:
        if len(label.ranges) != 2:
            raise IndexRangeError(
                f"{label.name} has {len(label.ranges)} slots, not 2: no transpose"
            )
        return Basic.__new__(cls, label)

    __iter__ = None

    def __getitem__(self, slots: tuple[Any, ...]) -> Element:
        return Element(self.args[0], *reversed(slots))

    def _sympystr(self, printer: Any) -> str:
        return f"{self.args[0].name}.T"

    _sympyrepr = _sympystr


class Element(Typeset, Expr):
    """One component of an indexed variable or array, or a scalar variable (no slots).

    The label is not a symbol, so that substituting a symbol of the same name leaves it alone.
    Differentiation gives Kronecker deltas: ``d s[i] / d s[j] = delta_ij``.

    Raises
    ------
    IndexRangeError
        If a slot is an index of another range, a number out of range, or missing.

    Examples
    --------
    >>> import derive as dv
    >>> N = dv.size("N")
    >>> i, j = dv.indices("i j", N)
    >>> s = dv.Ising("s", i)
    >>> s[i].diff(s[j])
    KroneckerDelta(i, j)
    """

    is_commutative = True
    is_finite = True
    is_symbol = True  # what Derivative asks of anything but a Symbol, as of Indexed
    _diff_wrt = True
    precedence = PRECEDENCE["Atom"]

    def __new__(cls, label: Label, *slots: Any) -> Any:
        slots = tuple(sympify(slot) for slot in slots)
        _check_slots(label, slots)
        if label.diagonal is not None and slots[0] == slots[1]:
            return label.diagonal
        if label.symmetric:
            slots = tuple(sorted(slots, key=lambda slot: slot.sort_key()))
        return Expr.__new__(cls, label, *slots)

    @property
    def label(self) -> Label:
        return self.args[0]

    @property
    def slots(self) -> tuple[Expr, ...]:
        return self.args[1:]

    @property
    def name(self) -> str:
        return self.label.name

    def _eval_derivative(self, other: Any) -> Expr:
        if not isinstance(other, Element) or other.label != self.label:
            return S.Zero
        result = _deltas(self.slots, other.slots)
        if self.label.symmetric and len(self.slots) == 2:
            # J_ij and J_ji are one variable: both assignments, the diagonal counted once.
            crossed = _deltas(self.slots, other.slots[::-1])
            result = result + crossed - result * _deltas(other.slots[:1], other.slots[1:])
        return result

    def _sympystr(self, printer: Any) -> str:
        slots = ", ".join(printer._print(slot) for slot in self.slots)
        return f"{self.name}[{slots}]" if slots else self.name

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        slots = " ".join(printer._print(slot) for slot in self.slots)
        name = printer._print(self.label)
        if not slots:
            return str(name)
        return f"{{{name}}}_{{{slots}}}" if "_" in name else f"{name}_{{{slots}}}"


def _deltas(left: tuple[Expr, ...], right: tuple[Expr, ...]) -> Expr:
    result = S.One
    for a, b in zip(left, right, strict=True):
        result *= KroneckerDelta(a, b)
    return result


def _check_slots(label: Label, slots: tuple[Expr, ...]) -> None:
    if len(slots) != len(label.ranges):
        raise IndexRangeError(
            f"{label.name} takes {len(label.ranges)} index(es), got {len(slots)}: {slots}"
        )
    for slot, over in zip(slots, label.ranges, strict=True):
        if isinstance(slot, Integer):
            if slot < 1 or (over.size.is_Integer and slot > over.size):
                raise IndexRangeError(f"{label.name}[{slot}]: the range {over.name} starts at 1")
            continue
        for index in slot.atoms(Index):
            if index.range != over:
                raise IndexRangeError(
                    f"{label.name}[{slot}]: the index {index.name} runs over {index.range.name}, "
                    f"but this slot of {label.name} runs over {over.name}; declare "
                    f"dv.Index('{index.name}', {over.name}) or another index for it"
                )


def free_indices(expr: Any) -> frozenset[Index]:
    """The indices that occur in an expression and are bound by no sum in it."""
    if isinstance(expr, Index):
        return frozenset((expr,))
    bound = getattr(expr, "bound_indices", ())
    inner = getattr(expr, "bound_body", expr.args)
    found = frozenset().union(*(free_indices(arg) for arg in inner))
    return found.difference(bound)
