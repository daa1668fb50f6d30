"""An exponent as a polynomial in single-site variables, sorted by how many sites a term couples.

A sum over all sites is split by which of them coincide, ``sum_ij w_ij s_i s_j`` into i != j and
``sum_i w_ii s_i**2``, so that what touches one site only is known exactly; the relations of the
measures (s**2 = 1) then lower the powers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from itertools import product as cartesian

from sympy import Add, Expr, KroneckerDelta, Mul, S

from derive.ensemble import elements_of, terms
from derive.errors import MoveError
from derive.indices import Element, Index, Label
from derive.measures import Finite, Measure
from derive.total import Total, fresh

__all__ = [
    "Monomial",
    "Polynomial",
    "different",
    "flattened",
    "identified",
    "polynomial_of",
    "site_indices",
]

Sites = tuple[tuple[Element, int], ...]


@dataclass(frozen=True)
class Monomial:
    """``coupling * prod_a x_a**p_a``, summed over `indices`, all sites of one variable different.

    Attributes
    ----------
    coupling : Expr
        Free of the variables.
    indices : tuple of Index
        Summed over.
    sites : tuple of (Element, int)
        The variables at their sites, with their powers.
    """

    coupling: Expr
    indices: tuple[Index, ...]
    sites: Sites

    @property
    def expression(self) -> Expr:
        """The sum itself."""
        pairs = (different(a, b) for a, b in self.constraints())
        powers = (site**power for site, power in self.sites)
        return Total(Mul(self.coupling, *pairs, *powers), *self.indices)

    def renamed_apart(self, taken: Iterable[Index]) -> Monomial:
        """The same sum with no index among those taken."""
        avoid = set(taken)
        names: dict[Index, Index] = {}
        for index in self.indices:
            names[index] = fresh(index, avoid)
            avoid.add(names[index])
        return Monomial(
            self.coupling.xreplace(names),
            tuple(names.values()),
            tuple((site.xreplace(names), power) for site, power in self.sites),
        )

    def constraints(self) -> Iterator[tuple[Element, Element]]:
        """Pairs of sites of one variable, which are different."""
        for (a, _), (b, _) in combinations(self.sites, 2):
            if a.label == b.label:
                yield a, b


@dataclass
class Polynomial:
    """An exponent split into what touches no site, one site, and several.

    Attributes
    ----------
    constant : Expr
        Free of the variables.
    local : dict from Label to Expr
        For each variable, the function of it at one site, with `site_indices` in its slots.
    coupled : list of Monomial
        The interaction.
    """

    constant: Expr = S.Zero
    local: dict[Label, Expr] = field(default_factory=dict)
    coupled: list[Monomial] = field(default_factory=list)

    @property
    def interaction(self) -> Expr:
        """What couples sites, as an expression."""
        return Add(*(part.expression for part in self.coupled))


def site_indices(label: Label) -> tuple[Index, ...]:
    """Indices that stand for one site of a variable, named as nothing else is."""
    return tuple(Index(f"\0site{k}", over) for k, over in enumerate(label.ranges))


def polynomial_of(exponent: Expr, measures: Mapping[Label, Measure]) -> Polynomial:
    """Split an exponent by the number of sites that its terms couple.

    Parameters
    ----------
    exponent : Expr
        A sum of products of totals.
    measures : mapping from Label to Measure
        The measure of every variable.

    Raises
    ------
    MoveError
        If a term that couples sites is no polynomial in the variables, or singles out a site.
    """
    found = Polynomial()
    for term in terms(exponent):
        body, indices = flattened(term)
        _refuse_numbered_sites(term, body, measures)
        touched = sorted(elements_of(body, measures), key=str)
        if len(touched) == 1 and set(touched[0].slots) <= set(indices):
            (site,) = touched
            _add_local(found, site, body, indices)
            continue
        whole = _monomial(term, body, indices, measures)
        for separated in _by_coincidence(whole):
            for reduced in _reduced(separated, measures):
                _sort_in(found, reduced)
    return found


def flattened(term: Expr) -> tuple[Expr, tuple[Index, ...]]:
    """The summand and the indices of a term: a product of sums as one sum."""
    factors: list[Expr] = []
    bound: list[Index] = []
    for factor in Mul.make_args(term):
        base, power = factor.as_base_exp()
        if not (isinstance(base, Total) and power.is_Integer and power > 0):
            factors.append(factor)
            continue
        for _ in range(int(power)):
            one = Monomial(base.body, base.indices, ()).renamed_apart(bound)
            factors.append(one.coupling)
            bound.extend(one.indices)
    return Mul(*factors), tuple(bound)


def _refuse_numbered_sites(term: Expr, body: Expr, measures: Mapping[Label, Measure]) -> None:
    for site in elements_of(body, measures):
        if not all(isinstance(slot, Index) for slot in site.slots):
            raise MoveError(
                f"the term {term} singles out the site {site}: write it as a sum over all sites, "
                f"with a field or coupling declared by dv.Given"
            )


def _monomial(
    term: Expr, body: Expr, indices: tuple[Index, ...], measures: Mapping[Label, Measure]
) -> Monomial:
    coupling, sites = [], []
    for factor in Mul.make_args(body):
        base, power = factor.as_base_exp()
        if not elements_of(factor, measures):
            coupling.append(factor)
        elif isinstance(base, Element) and power.is_Integer and power > 0:
            sites.append((base, int(power)))
        else:
            names = ", ".join(sorted({e.name for e in elements_of(factor, measures)}))
            raise MoveError(
                f"the interaction {term} is no polynomial in {names}: name the sum inside {factor} "
                "with constrain first"
            )
    return Monomial(Mul(*coupling), indices, tuple(sites))


def _by_coincidence(whole: Monomial) -> Iterator[Monomial]:
    """The sum over all sites, for each way in which sites of one variable can coincide."""
    for classes in _groupings(whole.sites):
        same = [[site for site, _ in members] for members in classes]
        names = identified(same, whole.indices)
        sites = tuple(
            (members[0][0].xreplace(names), sum(power for _, power in members))
            for members in classes
        )
        left = tuple(i for i in whole.indices if names.get(i, i) == i)
        separated = Monomial(whole.coupling.xreplace(names), left, sites)
        if all(a != b for a, b in separated.constraints()):
            yield separated


def _groupings(sites: Sequence[tuple[Element, int]]) -> Iterator[list[list[tuple[Element, int]]]]:
    """Set partitions whose blocks hold one variable each."""
    if not sites:
        yield []
        return
    first, *rest = sites
    for grouping in _groupings(rest):
        yield [[first], *grouping]
        for k, members in enumerate(grouping):
            if members[0][0].label == first[0].label:
                yield [*grouping[:k], [first, *members], *grouping[k + 1 :]]


def identified(blocks: Iterable[Sequence[Element]], bound: Iterable[Index]) -> dict[Index, Index]:
    """Names under which the elements of each block are at one site; free indices keep theirs."""
    bound = set(bound)
    parent: dict[Index, Index] = {}

    def root(index: Index) -> Index:
        while index in parent:
            index = parent[index]
        return index

    for block in blocks:
        for other in block[1:]:
            for a, b in zip(block[0].slots, other.slots, strict=True):
                kept, dropped = root(a), root(b)
                if kept == dropped:
                    continue
                if dropped not in bound:
                    kept, dropped = dropped, kept
                parent[dropped] = kept
    return {index: root(index) for index in parent}


def different(a: Element, b: Element) -> Expr:
    """1 where two elements are at different sites, else 0."""
    return 1 - Mul(*(KroneckerDelta(x, y) for x, y in zip(a.slots, b.slots, strict=True)))


def _reduced(whole: Monomial, measures: Mapping[Label, Measure]) -> Iterator[Monomial]:
    """Powers lowered by the relations of the measures; a site that drops out stays different."""
    options = [_lowered(power, measures[site.label]).items() for site, power in whole.sites]
    for chosen in cartesian(*options):
        powers = [power for power, _ in chosen]
        factors = [coefficient for _, coefficient in chosen]
        gone = {site for (site, _), power in zip(whole.sites, powers, strict=True) if power == 0}
        factors += [different(a, b) for a, b in whole.constraints() if a in gone or b in gone]
        left = tuple((s, p) for (s, _), p in zip(whole.sites, powers, strict=True) if p)
        yield Monomial(Mul(whole.coupling, *factors), whole.indices, left)


def _lowered(power: int, measure: Measure) -> dict[int, Expr]:
    return measure.reduce_power(power) if isinstance(measure, Finite) else {power: S.One}


def _sort_in(found: Polynomial, part: Monomial) -> None:
    if not part.sites:
        found.constant += Total(part.coupling, *part.indices)
    elif len(part.sites) == 1:
        ((site, power),) = part.sites
        _add_local(found, site, part.coupling * site**power, part.indices)
    elif part.coupling != 0:
        found.coupled.append(part)


def _add_local(found: Polynomial, site: Element, body: Expr, indices: tuple[Index, ...]) -> None:
    if len(set(site.slots)) < len(site.slots):
        raise MoveError(f"{site} stands on the diagonal only: declare it as a variable of its own")
    others = tuple(i for i in indices if i not in site.slots)
    value = Total(body, *others) if others else body
    at = dict(zip(site.slots, site_indices(site.label), strict=True))
    known = found.local.get(site.label, S.Zero)
    found.local[site.label] = known + value.xreplace(at)
