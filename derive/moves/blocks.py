"""Take an index range apart into parts, and put ranges together: both exact.

`split` writes what stands over a union in terms of what stands over its parts; `join` is its
inverse, the variables of several ranges as one, coupled by block arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Add, Expr, S, sympify

from derive.blocks import Blocks, is_symmetric, table
from derive.ensemble import Ensemble
from derive.errors import DeclarationError, MoveError
from derive.indices import Element, Index, IndexRange, Label
from derive.measures import Continuous, Finite
from derive.moves.lifting import lifted
from derive.step import Moved
from derive.variables import Variable

__all__ = ["join", "split"]


def split(ensemble: Ensemble, over: Any, parts: Sequence[Any], pieces: Mapping[Any, Any]) -> Moved:
    """Take an index range apart.

    Parameters
    ----------
    ensemble : Ensemble
        The ensemble.
    over : Index or IndexRange
        The range, of size n1 + n2 + ...
    parts : sequence of Index, IndexRange or size
        Its parts in order; a part of size one is a single unit, without index.
    pieces : mapping
        For each variable and each given array over the range, by name or itself, what it is on the
        parts, in nested lists, one level for each of its slots over the range.  Entries for a
        variable: the name of the new variable, or the value at which a single unit is held.
        Entries for an array: an array over the parts, the transpose ``w.T`` of one, a function of
        the indices, or a number or symbol.

    Returns
    -------
    Moved
        The ensemble over the parts.  Kind: exact; where a unit is held, of the sum restricted to
        its value, which is recorded.

    Raises
    ------
    MoveError
        If the parts do not add up, or something over the range is not mentioned.
    DeclarationError
        If a name is taken, or the lists do not match the parts.
    """
    blocks = Blocks(_as_range(over), tuple(map(_as_range, _listed(parts, "the parts"))), {})
    _check_sizes(blocks)
    wanted = _over_range(ensemble, blocks.over)
    listed = {getattr(key, "name", key): e for key, e in _by_name(pieces, "the pieces").items()}
    _check_listed(wanted, listed, blocks.over)
    tables: dict[Label, Any] = {}
    new: dict[Variable, list[Variable]] = {}
    held: list[str] = []
    factor = S.Zero
    for label in wanted:
        if label.given:
            tables[label] = table(blocks, label, listed[label.name])
            continue
        variable = ensemble[label.name]
        _check_separable(variable, blocks.over)
        new[variable] = []
        named = _named(blocks, variable, listed[label.name], new[variable])
        tables[label] = table(blocks, label, named)
        for place, body in tables[label].items():
            if not body.has(Element):
                factor += _log_weight(variable, body)
                held.append(f"{variable.name}{list(_numbers(blocks, place))} = {body}")
    _check_fresh(ensemble, new)
    blocks = Blocks(blocks.over, blocks.parts, tables)
    opened = {name: blocks.opened(getattr(ensemble, name)) for name in ("exponent", "weight")}
    return Moved(
        ensemble.replaced(
            variables=[v for old in ensemble.variables for v in new.get(old, [old])],
            log_prefactor=blocks.opened(ensemble.log_prefactor) + factor,
            **opened,
        ),
        assumptions=tuple(f"{unit} is held, not summed over" for unit in held),
        details=(blocks,),
    )


def join(
    ensemble: Ensemble,
    name: str,
    variables: Sequence[Any],
    arrays: Mapping[str, Any] | None = None,
    over: str | None = None,
) -> Moved:
    """Put variables over several ranges together as one over their union.

    Parameters
    ----------
    ensemble : Ensemble
        The ensemble.
    name : str
        The new variable's name.
    variables : sequence of Variable or str
        What becomes its parts, in order: one index each, all with the same measure.
    arrays : mapping, optional
        The block arrays in which the exponent is to be written: for each new name nested lists,
        with entries as for `split`: ``{"W": [[0, w], [w.T, 0]]}``.  One that is symmetric is
        declared so.
    over : str, optional
        The name of the union; its size if not given.

    Returns
    -------
    Moved
        The ensemble over the union.  Kind: exact.

    Raises
    ------
    MoveError
        If the measures differ, or the blocks do not make up a term of the exponent.
    DeclarationError
        If a name is taken, or the lists do not match the parts.
    """
    old = tuple(ensemble[v] for v in _listed(variables, "the variables"))
    _check_joinable(ensemble, old)
    ranges = tuple(v.label.ranges[0] for v in old)
    union = IndexRange(Add(*(part.size for part in ranges)), over)
    if union in ranges:
        raise DeclarationError(f"the name {union.name} of the union is that of a part: over='all'")
    bare = Blocks(union, ranges, {})
    whole = Label(_named_variable(name), (union,))
    tables = {whole: table(bare, whole, [v.label for v in old])}
    for array, entries in _by_name(arrays or {}, "the arrays").items():
        tables.update(_declared(bare, str(array), entries))
    _check_new(ensemble, [label.name for label in tables])
    blocks = Blocks(union, ranges, tables)
    first = ensemble.variables.index(old[0])
    kept = [v for v in ensemble.variables if v not in old]
    kept.insert(first, Variable(whole, old[0].measure))
    return Moved(
        ensemble.replaced(variables=kept, exponent=lifted(ensemble.exponent, blocks, whole)),
        details=(blocks,),
    )


def _listed(items: Any, what: str) -> tuple[Any, ...]:
    if not isinstance(items, list | tuple):
        raise MoveError(f"{what} are {items!r}: list them, as in [1, i] or ['a', 'b']")
    return tuple(items)


def _by_name(items: Any, what: str) -> Mapping[Any, Any]:
    if not isinstance(items, Mapping):
        raise MoveError(
            f"{what} are {items!r}: give them by name, as in {{'W': [[0, w], [w.T, 0]]}}"
        )
    return items


def _named_variable(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise DeclarationError(f"{name!r} is no name for a variable")
    return name


# --- what split needs -------------------------------------------------------------------------


def _as_range(over: Any) -> IndexRange:
    if isinstance(over, Index):
        return over.range
    return over if isinstance(over, IndexRange) else IndexRange(over)


def _check_sizes(blocks: Blocks) -> None:
    total = Add(*(part.size for part in blocks.parts))
    if (total - blocks.over.size).expand() != 0:
        raise MoveError(
            f"the parts have {total} members together, but {blocks.over.name} has "
            f"{blocks.over.size}: give parts whose sizes add up"
        )


def _over_range(ensemble: Ensemble, over: IndexRange) -> list[Label]:
    """The variables and given arrays with a slot over the range."""
    if any(over in v.label.ranges for v in ensemble.disorder):
        raise MoveError(f"disorder runs over {over.name}: average over it first")
    found = [v.label for v in ensemble.variables if over in v.label.ranges]
    pieces = (ensemble.exponent, ensemble.weight, ensemble.log_prefactor)
    arrays = {e.label for p in pieces for e in p.atoms(Element) if e.label.given}
    found += sorted((a for a in arrays if over in a.ranges), key=str)
    if not found:
        raise MoveError(f"nothing runs over {over.name} in this ensemble")
    return found


def _check_listed(wanted: list[Label], listed: Mapping[str, Any], over: IndexRange) -> None:
    names = [label.name for label in wanted]
    if missing := [n for n in names if n not in listed]:
        raise MoveError(
            f"{', '.join(missing)} also runs over {over.name}: say what it is on each part"
        )
    if unknown := [n for n in listed if n not in names]:
        raise MoveError(
            f"{unknown[0]} does not run over {over.name} here; what does: {', '.join(names)}"
        )


def _check_separable(variable: Variable, over: IndexRange) -> None:
    sites = variable.site_ranges
    separate = isinstance(variable.measure, Finite | Continuous) and not variable.label.symmetric
    if not separate and (over in sites or variable.measure.has(over)):
        raise MoveError(
            f"the components of {variable.name} have a joint measure or symmetry over "
            f"{over.name}: it cannot be taken apart; open a sphere with constrain first"
        )


def _named(blocks: Blocks, variable: Variable, entries: Any, new: list[Variable]) -> Any:
    """Entries with names made labels over the parts; each new variable is noted."""

    def walk(entry: Any, place: tuple[int, ...]) -> Any:
        if isinstance(entry, list | tuple):
            return [walk(e, (*place, k)) for k, e in enumerate(entry)]
        if not isinstance(entry, str):
            return _held(blocks, variable, entry, place)
        label = Label(_named_variable(entry), _ranges(blocks, variable.label, place))
        new.append(Variable(label, variable.measure))
        return label if label.ranges else Element(label)

    return walk(entries, ())


def _ranges(blocks: Blocks, label: Label, place: tuple[int, ...]) -> tuple[IndexRange, ...]:
    parts = iter(place)
    chosen = [
        blocks.parts[next(parts, 0)] if over == blocks.over else over for over in label.ranges
    ]
    return tuple(
        part
        for part, over in zip(chosen, label.ranges, strict=True)
        if over != blocks.over or part.size != 1
    )


def _held(blocks: Blocks, variable: Variable, value: Any, place: tuple[int, ...]) -> Expr:
    value = sympify(value)
    if _ranges(blocks, variable.label, place):
        raise MoveError(
            f"{variable.name} = {value} on a part with several members: only a single unit can be "
            f"held at a value; give the name of the new variable, as in '{variable.name}1'"
        )
    if isinstance(variable.measure, Finite) and value not in variable.measure.values:
        raise MoveError(
            f"{variable.name} = {value} is none of its values {variable.measure.values}"
        )
    return value


def _log_weight(variable: Variable, value: Expr) -> Expr:
    measure = variable.measure
    if isinstance(measure, Finite):
        return measure.log_weights[measure.values.index(value)]
    return measure.log_weight(value)


def _numbers(blocks: Blocks, place: tuple[int, ...]) -> list[Expr]:
    """The members, counted from one, that single units are in the union."""
    return [Add(*(part.size for part in blocks.parts[:number])) + 1 for number in place]


def _check_fresh(ensemble: Ensemble, new: Mapping[Variable, list[Variable]]) -> None:
    names = [v.name for group in new.values() for v in group]
    taken = ensemble.names - {v.name for v in new}
    if twice := [n for n in names if n in taken or names.count(n) > 1]:
        raise DeclarationError(f"the name {twice[0]} is used twice: choose another for the part")


# --- what join needs --------------------------------------------------------------------------


def _check_joinable(ensemble: Ensemble, old: tuple[Variable, ...]) -> None:
    if len(set(old)) < len(old) or len(old) < 2:
        raise MoveError("join needs two or more different variables")
    for variable in old:
        if variable in ensemble.disorder or len(variable.label.ranges) != 1:
            raise MoveError(f"{variable.name} is no traced variable with one index")
        if variable.measure != old[0].measure or not isinstance(
            variable.measure, Finite | Continuous
        ):
            raise MoveError(
                f"{old[0].name} and {variable.name} have different or joint measures: apply "
                "change_variable first, as {0, 1} units become Ising spins by a = (1 + s)/2"
            )
    labels = {v.label for v in old}
    if any(e.label in labels for e in ensemble.weight.atoms(Element)):
        raise MoveError(f"the weight {ensemble.weight} is not part of the exponent: constrain it")


def _declared(blocks: Blocks, name: str, entries: Any) -> dict[Label, Any]:
    depth, inner = 0, entries
    while isinstance(inner, list | tuple) and inner:
        depth, inner = depth + 1, inner[0]
    if depth == 0:
        raise DeclarationError(
            f"{name} = {entries!r} says nothing of the parts: give a list with one entry for each, "
            "lists of lists for couplings"
        )
    label = Label(name, (blocks.over,) * depth, given=True)
    rows = table(blocks, label, entries)
    if is_symmetric(blocks, label, rows):
        label = Label(name, label.ranges, symmetric=True, given=True)
    return {label: rows}


def _check_new(ensemble: Ensemble, names: list[str]) -> None:
    if twice := [n for n in names if n in ensemble.names or names.count(n) > 1]:
        raise DeclarationError(f"the name {twice[0]} is used twice: choose another for the union")
