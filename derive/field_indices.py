"""The indices that fields are written with, once the sums over them are gone.

A field and its conjugate meet at the same site, as in ``sum_i U[i] V[i]``, and are written with the
same index, whatever letters SymPy's cache has put into the sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from derive.ensemble import Ensemble
from derive.indices import Element, Index, Label
from derive.total import Total

__all__ = ["slots_of_fields"]

Slots = tuple[Index, ...]


def slots_of_fields(ensemble: Ensemble) -> dict[Label, Slots]:
    """Indices for the slots of each variable.

    Examples
    --------
    >>> import derive as dv
    >>> i, j = dv.indices("i j", dv.size("N"))
    >>> x, y, z = dv.Real("x", i), dv.Real("y", i), dv.Real("z", i)
    >>> fields = dv.Ensemble(trace=[x, y, z], exponent=dv.total(x[i]*y[i] + z[j]**4, i, j))
    >>> slots_of_fields(fields)
    {x: (i,), y: (i,), z: (j,)}
    """
    found: dict[Label, Slots] = {}
    for group in _groups(ensemble):
        shown = _plain_slots(ensemble, group)
        found |= dict.fromkeys(group, shown[0] if shown else _default(group[0]))
    return found


def _groups(ensemble: Ensemble) -> Iterator[list[Label]]:
    """Labels that meet at the same site, in the order of declaration."""
    meeting: set[frozenset[Label]] = set()
    for node in ensemble.exponent.atoms(Total):
        own = [e for e in node.body.atoms(Element) if e.label in ensemble.labels and e.slots]
        meeting |= {frozenset((a.label, b.label)) for a, b in combinations(own, 2) if _meet(a, b)}
    waiting = list(ensemble.labels)
    while waiting:
        group, grown = [], [waiting[0]]
        while grown:
            group += grown
            waiting = [label for label in waiting if label not in grown]
            grown = [b for b in waiting if any(frozenset((a, b)) in meeting for a in group)]
        yield group


def _meet(a: Element, b: Element) -> bool:
    return a.slots == b.slots and a.label.ranges == b.label.ranges


def _plain_slots(ensemble: Ensemble, group: list[Label]) -> list[Slots]:
    """What members of a group are written with, without internal names and repetitions."""
    used = {e.slots for e in ensemble.exponent.atoms(Element) if e.label in group}
    plain = (s for s in used if len(set(s)) == len(s) and all(map(_is_plain, s)))
    return sorted(plain, key=str)


def _is_plain(slot: object) -> bool:
    return isinstance(slot, Index) and slot.name.isalnum()


def _default(label: Label) -> Slots:
    return tuple(Index(name, over) for name, over in zip("ijklmnpqr", label.ranges, strict=False))
