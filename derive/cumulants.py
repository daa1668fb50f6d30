r"""Averages over independent sites: moments of products as sums over set partitions.

Sites are independent, so that joint cumulants of different sites vanish, and an average of
fluctuations ``d_a = x_a - <x_a>`` is, with a block for each cumulant,

    <d_1 ... d_n> = sum over partitions into blocks of two or more of
                    prod_blocks delta(all sites of the block equal) kappa_{|block|}(site).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import combinations

from sympy import Add, Expr, Mul, S

from derive.canonical import canonical_body
from derive.indices import Element, Index, Label, free_indices
from derive.monomials import Monomial, different, identified
from derive.total import Total

__all__ = ["average", "central_moment", "cumulant", "partitions", "placeholder_order"]

_KAPPA = "\0kappa"


def partitions(
    count: int, together_allowed: Callable[[int, int], bool]
) -> Iterator[list[list[int]]]:
    """Set partitions of range(count) into blocks of two or more, of members that may share one.

    Examples
    --------
    >>> list(partitions(3, lambda a, b: True))
    [[[0, 1, 2]]]
    """
    yield from _partitioned(list(range(count)), together_allowed)


def _partitioned(
    items: list[int], allowed: Callable[[int, int], bool]
) -> Iterator[list[list[int]]]:
    if not items:
        yield []
        return
    first, *others = items
    for size in range(1, len(others) + 1):
        for chosen in combinations(others, size):
            block = [first, *chosen]
            if all(allowed(a, b) for a, b in combinations(block, 2)):
                for rest in _partitioned([k for k in others if k not in chosen], allowed):
                    yield [block, *rest]


def cumulant(label: Label, order: int, slots: Sequence[Expr]) -> Element:
    """The placeholder of kappa_order at a site of a variable."""
    return Element(Label(f"{_KAPPA}{order} {label.name}", label.ranges), *slots)


def placeholder_order(expr: Expr) -> tuple[str, int] | None:
    """(name of the variable, order) of a placeholder; None for anything else."""
    if not (isinstance(expr, Element) and expr.name.startswith(_KAPPA)):
        return None
    order, name = expr.name[len(_KAPPA) :].split(" ", 1)
    return name, int(order)


def average(factors: Sequence[Monomial], connected: bool = False) -> Expr:
    """The average of a product of sums of products of fluctuations, in placeholders of cumulants.

    Parameters
    ----------
    factors : sequence of Monomial
        Whose sites stand for the fluctuations ``x_a - <x_a>`` there; a power may be zero.
    connected : bool
        Only partitions that connect all factors: the joint cumulant, if each average vanishes.

    Returns
    -------
    Expr
        A polynomial in totals.
    """
    apart: list[Monomial] = []
    taken = {i for f in factors for i in _free(f)}
    for factor in factors:
        apart.append(factor.renamed_apart(taken))
        taken.update(apart[-1].indices)
    items = [(k, s) for k, f in enumerate(apart) for s, power in f.sites for _ in range(power)]

    def may_share(a: int, b: int) -> bool:
        (k, x), (l, y) = items[a], items[b]
        return x.label == y.label and (k != l or x == y)

    bound = tuple(i for f in apart for i in f.indices)
    found = Counter(
        _contracted(apart, [[items[a] for a in block] for block in blocks], bound)
        for blocks in partitions(len(items), may_share)
        if not connected or _connects([{items[a][0] for a in block} for block in blocks], apart)
    )
    return Add(*(ways * Total(body, *indices) for (body, indices), ways in found.items()))


def _free(factor: Monomial) -> frozenset[Index]:
    own = free_indices(factor.coupling).union(*(free_indices(s) for s, _ in factor.sites))
    return own.difference(factor.indices)


def _connects(blocks: list[set[int]], factors: Sequence[Monomial]) -> bool:
    reached, waiting = {0}, blocks
    while touching := [b for b in waiting if b & reached]:
        waiting = [b for b in waiting if b not in touching]
        reached = reached.union(*touching)
    return len(reached) == len(factors)


def _contracted(
    factors: Sequence[Monomial], blocks: list[list[tuple[int, Element]]], bound: tuple[Index, ...]
) -> tuple[Expr, tuple[Index, ...]]:
    """One partition: the sites of each block made one, a cumulant for each; canonically named."""
    names = identified([[site for _, site in block] for block in blocks], bound)
    pairs = {
        frozenset((a.xreplace(names), b.xreplace(names)))
        for factor in factors
        for a, b in factor.constraints()
    }
    if any(len(pair) == 1 for pair in pairs):
        return S.Zero, ()
    body = Mul(
        *(factor.coupling.xreplace(names) for factor in factors),
        *(
            cumulant(block[0][1].label, len(block), block[0][1].xreplace(names).slots)
            for block in blocks
        ),
        *(different(*pair) for pair in pairs),
    )
    return canonical_body(body, tuple(i for i in bound if names.get(i, i) == i))


@cache
def central_moment(label: Label, power: int, slots: tuple[Expr, ...]) -> Expr:
    """<(x - <x>)**power> at one site: 1, 0, kappa_2, kappa_3, kappa_4 + 3 kappa_2**2, ..."""
    terms = [
        Mul(*(cumulant(label, len(block), slots) for block in blocks))
        for blocks in partitions(power, lambda a, b: True)
    ]
    return Add(*terms)
