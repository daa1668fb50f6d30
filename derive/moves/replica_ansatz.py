r"""Replica symmetry, exact or broken once, as a form of every matrix over the replicas.

* replica symmetric: :math:`q_{ab} = q + (d - q)\,\delta_{ab}`;
* one step of replica-symmetry breaking: replicas in n/m blocks of m,
  :math:`q_{ab} = q_0 + (q_1 - q_0)\,\delta_{BB'} + (d - q_1)\,\delta_{BB'}\delta_{cc'}`;

with the diagonal d fixed by a norm where it is, else a further order parameter.  The forms are
substituted before anything is integrated, so that sums over replicas become squares of sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Expr, KroneckerDelta, S, Symbol

from derive.ensemble import Ensemble
from derive.errors import DeclarationError, MoveError
from derive.indices import Element, Index, IndexRange, Label
from derive.measures import Collective, Continuous
from derive.moves.replicate import counts_replicas, is_extensive
from derive.step import Kind, Moved
from derive.total import Binder
from derive.variables import Variable

__all__ = ["OneStepRSB", "ReplicaSymmetric", "replica_ansatz"]


@dataclass(frozen=True)
class ReplicaSymmetric:
    """The replica-symmetric ansatz: all replicas, and all pairs of different ones, are alike.

    Examples
    --------
    >>> import derive as dv
    >>> dv.ReplicaSymmetric()
    ReplicaSymmetric()
    """

    names = ("",)

    def split(self, over: IndexRange) -> tuple[IndexRange, ...]:
        """A replica keeps its one index."""
        return (over,)

    def counts(self, over: IndexRange) -> tuple[Expr, ...]:
        """How many pairs of different replicas each value stands for."""
        return (over.size * (over.size - 1) / 2,)


@dataclass(frozen=True)
class OneStepRSB:
    """One step of replica-symmetry breaking: replicas fall into blocks of m.

    Parameters
    ----------
    block_size : str, Symbol or number
        m, Parisi's parameter: a new unknown, by name or as a real symbol; or an integer held fixed.

    Raises
    ------
    DeclarationError
        If the block size is a number, and not a positive integer.

    Examples
    --------
    >>> import derive as dv
    >>> dv.OneStepRSB("m")
    OneStepRSB(block_size='m')
    """

    block_size: Any = "m"

    names = ("0", "1")

    @property
    def m(self) -> Expr:
        """The block size as a symbol, or number."""
        given = self.block_size
        size = Symbol(given, real=True) if isinstance(given, str) else S(given)
        if size.is_number and not (size.is_Integer and size.is_positive):
            raise DeclarationError(
                f"OneStepRSB({given}): blocks of {given} replicas cannot be numbered; name the "
                f"block size, OneStepRSB('m'), and put the number into the result, subs(m, {given})"
            )
        return size

    def split(self, over: IndexRange) -> tuple[IndexRange, ...]:
        """A replica is numbered by its block, and its place in the block."""
        return IndexRange(over.size / self.m), IndexRange(self.m)

    def counts(self, over: IndexRange) -> tuple[Expr, ...]:
        """Pairs in different blocks, pairs inside of a block."""
        n, m = over.size, self.m
        return n * (n - m) / 2, n * (m - 1) / 2


def replica_ansatz(ensemble: Ensemble, rule: Any) -> Moved:
    """Restrict all order parameters over replicas to a replica-symmetric form, or one broken once.

    Parameters
    ----------
    ensemble : Ensemble
        With order parameters over one range of replicas.
    rule : ReplicaSymmetric or OneStepRSB
        The form.

    Returns
    -------
    Moved
        With one number in place of each class of equal elements.  Kind: ansatz.

    Raises
    ------
    MoveError
        If no order parameter has replica indices, or a matrix is not over replicas alone.
    """
    over = _replicas(ensemble)
    fields = [v for v in ensemble.variables if over in v.label.ranges and _is_collective(v)]
    _check_shapes(fields, over)
    values = {v.label: _value(v, over, rule) for v in fields}
    others = {
        v.label: _relabelled(v.label, over, rule) for v in ensemble.variables if v not in fields
    }
    exponent = _substituted(ensemble.exponent, values, others, over, rule)
    weight = _substituted(ensemble.weight, values, others, over, rule)
    new = [scalar for v in fields for scalar in _scalars(v, over, rule)]
    if isinstance(rule, OneStepRSB) and isinstance(rule.m, Symbol):
        new.append(Variable(Label(rule.m.name), Collective(-1, level=-1)))
    _check_names(ensemble, fields, new)
    new.extend(
        Variable(v.label, Collective(1, v.measure.is_imaginary))
        for v in ensemble.variables
        if not v.label.ranges and _is_collective(v)
    )
    fields += [v for v in ensemble.variables if not v.label.ranges and _is_collective(v)]
    kept = [Variable(others[v.label], v.measure) for v in ensemble.variables if v not in fields]
    return Moved(
        ensemble.replaced(
            variables=(*kept, *new),
            exponent=exponent,
            weight=weight,
            log_prefactor=S.Zero,
        ),
        Kind.ANSATZ,
        (
            *(f"{v.name}: {rule}" for v in fields if not v.name.endswith("hat")),
            "constants and fluctuations of the order parameters, of order N**0 log N, are dropped",
        ),
        details=(rule, over),
    )


def _check_names(ensemble: Ensemble, fields: list[Variable], new: list[Variable]) -> None:
    kept = {v.name for v in (*ensemble.variables, *ensemble.disorder) if v not in fields}
    taken = kept | {s.name for s in ensemble.parameters}
    names = [v.name for v in new]
    for variable in new:
        if variable.name in taken or names.count(variable.name) > 1:
            raise DeclarationError(
                f"the name {variable.name} is used twice: rename the order parameter, or the block "
                "size, OneStepRSB('m1')"
            )


def _is_collective(variable: Variable) -> bool:
    """Order parameters and conjugates: continuous, and without an extensive index."""
    return isinstance(variable.measure, Continuous) and not any(
        map(is_extensive, variable.label.ranges)
    )


def _replicas(ensemble: Ensemble) -> IndexRange:
    found = {
        over
        for v in ensemble.variables
        for over in v.label.ranges
        if not is_extensive(over) and _is_collective(v)
    }
    found = {over for over in found if counts_replicas(over)} or found
    if len(found) != 1:
        listed = ", ".join(sorted(r.name for r in found)) or "none"
        raise MoveError(
            "a replica-symmetric ansatz needs order parameters over one range of replicas, and "
            f"there are {listed}: replicate, average and order_parameters come first"
        )
    return found.pop()


def _check_shapes(fields: list[Variable], over: IndexRange) -> None:
    for variable in fields:
        ranges = variable.label.ranges
        if set(ranges) != {over} or len(ranges) > 2:
            shape = " x ".join(r.name for r in ranges)
            raise MoveError(
                f"{variable.name} is {shape}: a replica-symmetric form is known for a vector or a "
                f"matrix over the replicas {over.name} alone; give every other component a name of "
                "its own, order_parameters(m1=..., m2=...)"
            )


def _names(label: Label, rule: Any) -> list[str]:
    """The names of the off-diagonal values, from the outermost overlap to the innermost."""
    return [f"{label.name}{suffix}" for suffix in rule.names]


def _scalars(variable: Variable, over: IndexRange, rule: Any) -> list[Variable]:
    label, imaginary = variable.label, variable.measure.is_imaginary
    if len(label.ranges) == 1:
        return [Variable(Label(label.name), Collective(over.size, imaginary))]
    named = [
        Variable(Label(name), Collective(count, imaginary, level))
        for level, (name, count) in enumerate(
            zip(_names(label, rule), rule.counts(over), strict=True)
        )
    ]
    if label.diagonal is None:
        top = Collective(over.size, imaginary, len(named))
        named.append(Variable(Label(f"{label.name}_d"), top))
    return named


def _value(variable: Variable, over: IndexRange, rule: Any) -> list[Expr]:
    """The values of an element, from those of all pairs to that of the diagonal."""
    scalars: list[Expr] = [v.element for v in _scalars(variable, over, rule)]
    if variable.label.diagonal is not None and len(variable.label.ranges) == 2:
        scalars.append(variable.label.diagonal)
    return scalars


def _relabelled(label: Label, over: IndexRange, rule: Any) -> Label:
    ranges = tuple(r for own in label.ranges for r in (rule.split(own) if own == over else (own,)))
    return Label(label.name, ranges, label.symmetric, label.given, label.diagonal)


def _substituted(
    expr: Any,
    values: dict[Label, list[Expr]],
    others: dict[Label, Label],
    over: IndexRange,
    rule: Any,
) -> Any:
    """Element by element inside the sums that bind its replicas, innermost sums first."""
    if isinstance(expr, Element):
        if expr.label in values:
            return expr
        slots = [s for slot in expr.slots for s in _parts(slot, over, rule)]
        return Element(others.get(expr.label, expr.label), *slots)
    if not getattr(expr, "args", ()):
        return expr
    if isinstance(expr, Binder):
        body = _substituted(expr.body, values, others, over, rule)
        indices = [p for i in expr.indices for p in _parts(i, over, rule)]
        return expr.func(_resolved(body, values, expr.indices, over, rule), *indices)
    return expr.func(*(_substituted(arg, values, others, over, rule) for arg in expr.args))


def _parts(slot: Any, over: IndexRange, rule: Any) -> tuple[Any, ...]:
    """The indices that number a replica: block and place in it, A and a for the index a."""
    if not isinstance(slot, Index) or slot.range != over:
        return (slot,)
    ranges = rule.split(over)
    if len(ranges) == 1:
        return (slot,)
    return Index(slot.name.upper(), ranges[0]), Index(slot.name, ranges[1])


def _resolved(
    body: Expr,
    values: dict[Label, list[Expr]],
    bound: tuple[Index, ...],
    over: IndexRange,
    rule: Any,
) -> Expr:
    """f(q_ab) as f(q0) + [f(q1) - f(q0)] delta_BB' + ... for each pair that this sum binds."""
    for element in sorted(body.atoms(Element), key=str):
        if element.label not in values or not set(element.slots) <= set(bound):
            continue
        own = values[element.label]
        if len(element.slots) == 1:
            body = body.xreplace({element: own[0]})
            continue
        pairs = list(zip(*(_parts(s, over, rule) for s in element.slots), strict=True))
        body = _nested_deltas(body, element, own, pairs)
    return body


def _nested_deltas(
    body: Expr, element: Element, values: list[Expr], pairs: list[tuple[Index, Index]]
) -> Expr:
    at = [body.xreplace({element: value}) for value in values]
    result, same = at[0], S.One
    for level, pair in enumerate(pairs, 1):
        same = same * KroneckerDelta(*pair)
        result = result + same * (at[level] - at[level - 1])
    return result
