"""The ensemble: variables with their measures, one exponent, weights, and an exact prefactor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sympy import (
    Add,
    Basic,
    Expr,
    Float,
    I,
    Mul,
    Rational,
    S,
    Symbol,
    Tuple,
    nan,
    oo,
    sympify,
    zoo,
)

from derive.errors import DeclarationError, MoveError, ParameterError
from derive.indices import Element, Index, IndexRange, Label, free_indices
from derive.measures import SteepestContour
from derive.relations import normal_form
from derive.total import fresh
from derive.typesetting.typeset import Typeset
from derive.variables import Variable

__all__ = [
    "Ensemble",
    "check_new_names",
    "elements_of",
    "joint_groups",
    "named_slots",
    "refuse_weight",
    "split_coefficient",
    "terms",
]


def terms(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum."""
    return Add.make_args(expr)


def elements_of(expr: Any, labels: Iterable[Label]) -> set[Element]:
    """The elements in an expression that belong to one of the labels."""
    wanted = set(labels)
    return {e for e in expr.atoms(Element) if e.label in wanted}


class Ensemble(Typeset, Basic):
    r"""The partition function :math:`Z = e^{c}\int d\mu\; W\, e^{E}` as an object.

    Parameters
    ----------
    trace : Variable or list of Variable
        What is summed or integrated over; each carries its measure.
    exponent : Expr
        The exponent E, for instance ``beta*J/(2*N)*total(s[i], i)**2 + beta*h*total(s[i], i)``.
    hamiltonian : Expr
        Alternatively the Hamiltonian H, with `beta`: the exponent is then -beta H.
    beta : Expr, optional
        Inverse temperature, ``beta`` or ``1/T``; by default a symbol named beta, if there is one.
    weight : Expr
        The multiplicative weight W, a product over indices of functions of named linear forms.
    disorder : Variable or list of Variable
        What is quenched: averaged over after the logarithm.
    log_prefactor : Expr
        The exact constant c.

    Raises
    ------
    DeclarationError
        If a name is used twice, an index is left free, or an element belongs to no declared
        variable.
    ParameterError
        If the exponent contains nan or infinity, or the temperature is not positive.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import symbols
    >>> N = dv.size("N"); i = dv.Index("i", N); s = dv.Ising("s", i)
    >>> beta, J, h = symbols("beta J h", positive=True)
    >>> cw = dv.Ensemble(trace=s, beta=beta, hamiltonian=-J/(2*N)*dv.total(s[i], i)**2)
    >>> cw.exponent == beta*J/(2*N)*dv.total(s[i], i)**2
    True
    """

    def __new__(cls, *args: Any, **declaration: Any) -> Ensemble:
        if declaration:
            args = _declared(*args, **declaration)
        variables, exponent, weight, log_prefactor, disorder, beta = args
        table = {v.label: v.measure for v in (*variables, *disorder)}
        exponent = normal_form(exponent, table)
        return Basic.__new__(cls, variables, exponent, weight, log_prefactor, disorder, beta)

    variables = property(lambda self: tuple(self.args[0]))
    exponent = property(lambda self: self.args[1])
    weight = property(lambda self: self.args[2])
    log_prefactor = property(lambda self: self.args[3])
    disorder = property(lambda self: tuple(self.args[4]))

    @property
    def beta(self) -> Expr | None:
        """The inverse temperature, if one was declared."""
        return None if self.args[5] == Tuple() else self.args[5]

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels of all variables."""
        return tuple(v.label for v in self.variables)

    @property
    def parameters(self) -> tuple[Symbol, ...]:
        """The free symbols, sorted by name."""
        pieces = (
            self.exponent,
            self.weight,
            self.log_prefactor,
            *(v.measure for v in self.variables),
        )
        return tuple(sorted(set().union(*(p.free_symbols for p in pieces)), key=str))

    @property
    def names(self) -> set[str]:
        """The names in use: of variables, parameters and given arrays."""
        arrays = {e.name for expr in (self.exponent, self.weight) for e in expr.atoms(Element)}
        own = {v.name for v in (*self.variables, *self.disorder)}
        return own | arrays | {s.name for s in self.parameters}

    def __getitem__(self, name: Any) -> Variable:
        """The variable of that name."""
        wanted = getattr(name, "name", None) or str(name)
        for variable in (*self.variables, *self.disorder):
            if variable.name == wanted:
                return variable
        known = ", ".join(v.name for v in (*self.variables, *self.disorder)) or "none"
        raise DeclarationError(f"no variable {wanted} in this ensemble; there are: {known}")

    def replaced(self, **changes: Any) -> Ensemble:
        """The same ensemble with some of its pieces exchanged."""
        names = ("variables", "exponent", "weight", "log_prefactor", "disorder", "beta")
        pieces = dict(zip(names, self.args, strict=True)) | changes
        for name in ("variables", "disorder"):
            pieces[name] = Tuple(*pieces[name])
        return Ensemble(*(pieces[name] for name in names))

    def derive(self) -> Any:
        """Start a derivation from this ensemble."""
        from derive.derivation import Derivation

        return Derivation(self)

    def expand(self, **sizes: int) -> Expr:
        """The exponent with all sums written out at integer sizes.

        Parameters
        ----------
        **sizes : int
            The value of each size, by name.

        Raises
        ------
        ParameterError
            If a range has no positive integer size.

        Examples
        --------
        >>> from derive.models import curie_weiss
        >>> curie_weiss.ensemble().expand(N=2).coeff(Symbol("h", real=True))
        beta*(s[1] + s[2])
        """
        from derive.checks.finite_size import expanded

        return expanded(self, sizes)

    def log_partition(self, digits: int = 25, **values: Any) -> Any:
        """The exact log Z at integer sizes, by explicit sums and quadrature.

        Parameters
        ----------
        digits : int
            Digits of the result; at most 12 where an integral is two-dimensional.
        **values
            Sizes, parameters and arrays, by name; none may be missing.

        Raises
        ------
        ParameterError
            If a value is missing or inadmissible.
        OutOfReach
            If there are too many states, or too many coupled coordinates.

        Examples
        --------
        >>> from derive.models import curie_weiss
        >>> curie_weiss.ensemble().log_partition(N=10, beta="1.25", J=1, h="0.1")
        8.746851223157721782211790
        """
        from derive.checks.finite_size import log_partition

        return log_partition(self, digits, values)

    def finite_sum(self) -> Any:
        """The exact sum over occupation numbers, for numerics; see `derive.finite`."""
        from derive.finite import finite_sum

        return finite_sum(self)

    def enumeration(self) -> Any:
        """The exact sum over all states, for numerics; see `derive.finite`."""
        from derive.finite import enumeration

        return enumeration(self)

    def pairwise(self) -> Any:
        """Fields, couplings of pairs and constant of the exponent; see `derive.pairwise`."""
        from derive.pairwise import pairwise

        return pairwise(self)

    def quenched(self) -> Any:
        """The pairwise model of a sample, and the law of the disorder; see `derive.quenched`."""
        from derive.quenched import quenched

        return quenched(self)

    def _sympystr(self, printer: Any) -> str:
        names = ", ".join(v.name for v in self.variables)
        parts = [f"trace={names or 'nothing'}", f"exponent={printer._print(self.exponent)}"]
        if self.weight != 1:
            parts.append(f"weight={printer._print(self.weight)}")
        if self.disorder:
            parts.append(f"disorder={', '.join(v.name for v in self.disorder)}")
        return f"Ensemble({', '.join(parts)})"

    _sympyrepr = _sympystr


def _declared(
    trace: Any = (),
    exponent: Any = None,
    *,
    hamiltonian: Any = None,
    beta: Any = None,
    weight: Any = 1,
    disorder: Any = (),
    log_prefactor: Any = 0,
) -> tuple[Any, ...]:
    variables, disorder = _as_variables(trace, "trace"), _as_variables(disorder, "disorder")
    if (exponent is None) == (hamiltonian is None):
        raise DeclarationError("give either exponent= or hamiltonian= (with beta=)")
    if hamiltonian is not None:
        if beta is None:
            raise DeclarationError("hamiltonian= needs beta=, the inverse temperature")
        exponent = -sympify(beta) * sympify(hamiltonian)
    exponent, weight = _rational(sympify(exponent)), _rational(sympify(weight))
    beta = _inverse_temperature(exponent, beta)
    _check_finite(exponent, weight)
    _check_names(variables + disorder, exponent, weight)
    _check_closed(variables + disorder, exponent, weight)
    beta = Tuple() if beta is None else beta
    return Tuple(*variables), exponent, weight, sympify(log_prefactor), Tuple(*disorder), beta


def _rational(expr: Expr) -> Expr:
    """Decimals as the fractions that they were written for: 0.7 is 7/10, exactly."""
    return expr.xreplace({f: Rational(str(f)) for f in expr.atoms(Float)})


def _as_variables(declared: Any, where: str) -> tuple[Variable, ...]:
    variables = tuple(declared) if isinstance(declared, list | tuple | Tuple) else (declared,)
    for variable in variables:
        if not isinstance(variable, Variable):
            raise DeclarationError(
                f"{where}={variable!r} is no variable: declare it, e.g. with dv.Ising('s', i)"
            )
    return variables


def _inverse_temperature(exponent: Expr, beta: Any) -> Expr | None:
    if beta is None:
        beta = next((s for s in exponent.free_symbols if s.name == "beta"), None)
        if beta is None:
            return None
    beta = sympify(beta)
    if beta.is_positive is False or beta in (nan, zoo, oo):
        raise ParameterError(
            f"beta={beta}: the inverse temperature must be positive and finite; declare "
            "Symbol('beta', positive=True), and take zero temperature as a limit"
        )
    return beta


def _check_finite(*exprs: Expr) -> None:
    for expr in exprs:
        if expr.has(nan, zoo, oo, -oo):
            raise ParameterError(f"the exponent contains nan or infinity: {expr}")
        if expr.has(I):
            raise ParameterError(
                f"the exponent is complex: {expr}; couplings and fields are real, complex fields "
                "enter through hubbard_stratonovich or constrain"
            )
        if unreal := sorted((s for s in expr.free_symbols if s.is_extended_real is False), key=str):
            raise ParameterError(
                f"{unreal[0]} is declared complex: couplings and fields are real, declare "
                f"Symbol('{unreal[0]}', real=True)"
            )


def _check_names(variables: tuple[Variable, ...], *exprs: Expr) -> None:
    labels = [v.label for v in variables]
    others = set().union(*(e.atoms(Element) for e in exprs))
    labels += sorted({e.label for e in others} - set(labels), key=str)
    names = Counter(label.name for label in labels)
    names.update({s.name for e in exprs for s in e.free_symbols})
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise DeclarationError(
            f"the name {twice[0]} is used twice: rename one of the variables, arrays or symbols"
        )


def _check_closed(variables: tuple[Variable, ...], *exprs: Expr) -> None:
    declared = {v.label for v in variables}
    for expr in exprs:
        if free := free_indices(expr):
            index = min(free, key=str)
            raise DeclarationError(
                f"the index {index} is not summed over in the exponent or weight: use "
                f"dv.total(..., {index}) or dv.product(..., {index})"
            )
        for element in expr.atoms(Element):
            if element.label not in declared and not element.label.given:
                raise DeclarationError(
                    f"{element.name} occurs but is neither traced nor disorder: add it to trace= "
                    f"or disorder=, or declare it with dv.Given('{element.name}', ...)"
                )


def check_new_names(ensemble: Ensemble, *names: str) -> None:
    """Refuse names for new fields that are in use, or given twice."""
    taken = ensemble.names
    for name in names:
        if name in taken or names.count(name) > 1:
            raise DeclarationError(f"the name {name} is used twice: choose another for the field")


def refuse_weight(ensemble: Ensemble) -> None:
    """Refuse a weight where the exponent alone is looked at."""
    if ensemble.weight != 1:
        raise MoveError(f"the weight {ensemble.weight} is not part of the exponent: constrain it")


def named_slots(ensemble: Ensemble, label: Label) -> tuple[Index, ...]:
    """Indices for the slots of a label, under the names that the exponent uses for them."""
    found = elements_of(ensemble.exponent, [label])
    # sums that SymPy's cache handed back may have internal names, or primes
    used = sorted((e for e in found if all(str(s).isalnum() for s in e.slots)), key=str)
    slots = used[0].slots if used else [_index_over(ensemble, r) for r in label.ranges]
    chosen: list[Index] = []
    for slot, letter, over in zip(slots, "ijklmnpqr", label.ranges, strict=False):
        index = slot if isinstance(slot, Index) else Index(letter, over)
        chosen.append(fresh(index, chosen))
    return tuple(chosen)


def _index_over(ensemble: Ensemble, over: IndexRange) -> Index | None:
    """What runs over a range elsewhere in the ensemble, without primes."""
    found = ensemble.exponent.atoms(Index) | ensemble.weight.atoms(Index)
    names = (i.name.rstrip("'") for i in found if i.range == over)
    name = min((name for name in names if name.isalnum()), default=None)
    return None if name is None else Index(name, over)


def joint_groups(variables: Iterable[Variable]) -> list[tuple[Variable, ...]]:
    """Variables grouped by joint measure: fields of one steepest contour belong together."""
    groups: dict[Any, list[Variable]] = {}
    for variable in variables:
        joint = isinstance(variable.measure, SteepestContour)
        groups.setdefault(variable.measure.form if joint else variable, []).append(variable)
    return [tuple(group) for group in groups.values()]


def split_coefficient(term: Expr, labels: Iterable[Label]) -> tuple[Expr, Expr]:
    """A term as (factor free of the labels, factor that contains them)."""
    wanted = set(labels)
    outside: list[Expr] = []
    inside: list[Expr] = []
    for factor in Mul.make_args(term):
        (inside if elements_of(factor, wanted) else outside).append(factor)
    return Mul(*outside), Mul(*inside) if inside else S.One
