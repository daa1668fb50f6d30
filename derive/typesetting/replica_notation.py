r"""How replicas are written: above the sites that they copy, and under a bar once averaged.

``s_{i}^{a}``, but ``q_{a b}``; ``\overline{Z^{n}}`` before the continuation, ``\overline{\ln Z}``
after it.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr

from derive.ensemble import Ensemble
from derive.indices import Element, IndexRange
from derive.measures import Collective

__all__ = ["counts_replicas", "number_of_replicas", "replicas_apart"]


def counts_replicas(over: IndexRange) -> bool:
    """Whether the size of a range is continued in: a symbol that is not declared an integer."""
    symbols = over.size.free_symbols
    return bool(symbols) and not any(s.is_integer for s in symbols)


def replicas_apart(element: Element) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """(replica indices that stand above, the other slots).

    Above stand those of what also has a site; a prime takes their place.

    Examples
    --------
    >>> import derive as dv
    >>> n = dv.replicas("n"); a, b = dv.indices("a b", n); i = dv.Index("i", dv.size("N"))
    >>> replicas_apart(dv.Ising("s", a, i)[a, i])
    ((a,), (i,))
    >>> replicas_apart(dv.Real("q", a, b)[a, b])
    ((), (a, b))
    """
    pairs = list(zip(element.slots, element.label.ranges, strict=True))
    above = tuple(slot for slot, over in pairs if counts_replicas(over))
    if len(above) == len(pairs) or element.name.endswith("'"):
        return (), tuple(element.slots)
    return above, tuple(slot for slot, over in pairs if not counts_replicas(over))


def number_of_replicas(ensemble: Ensemble) -> Expr | None:
    """n, as long as the ensemble is one of Z**n; None before replicas and after the continuation.

    n numbers the copies of a variable; or, once these are traced, multiplies what one order
    parameter stands for.
    """
    for variable in ensemble.variables:
        over = [r for r in variable.label.ranges if counts_replicas(r)]
        if over:
            return _number(over[0].size)
        measure = variable.measure
        if isinstance(measure, Collective) and measure.multiplicity.free_symbols:
            return _number(measure.multiplicity)
    return None


def _number(size: Expr) -> Expr | None:
    """The number of replicas in n, n/m, n (n - m)/2: what it vanishes with."""
    found = [s for s in sorted(size.free_symbols, key=str) if size.subs(s, 0) == 0]
    return found[0] if found else None
