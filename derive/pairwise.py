"""Reading an ensemble of spins in pairs: constant + sum_i g_i(s_i) + 1/2 sum_{i != j} K_ij s_i s_j.

Sums are opened, and every site that a term names is tied to the index of its slot by a Kronecker
delta, which `Total` contracts: ``c sum_xy w[x, y] s[x] s[y]`` has C[i, j] = c w[i, j].  What a full
sum says at i = j is a power of one spin, and goes to g_i.  Powers are reduced by the values of the
spin, so that K and g are unique.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations_with_replacement, count

from sympy import Dummy, Expr, Integer, KroneckerDelta, Mul, S, interpolate

from derive.ensemble import Ensemble, elements_of, refuse_weight, terms
from derive.equations import Coupling, Pairwise, Spins
from derive.errors import CouplingError, MoveError
from derive.indices import Element, Index, IndexRange, Label
from derive.measures import Finite
from derive.total import IndexedProduct, Total, fresh
from derive.variables import Variable

__all__ = ["pairwise"]

Slots = tuple[Index, ...]


def pairwise(ensemble: Ensemble) -> Pairwise:
    """The exponent as a constant, functions of single spins, and couplings of pairs.

    Raises
    ------
    CouplingError
        If a term couples more than two spins, or two of them otherwise than by their product.
    MoveError
        If a variable does not take finitely many numbers, or there is disorder or a weight left.
    """
    _check(ensemble)
    reader = _Reader(ensemble)
    for term in terms(ensemble.exponent):
        reader.read(term)
    return reader.result()


def _check(ensemble: Ensemble) -> None:
    for variable in ensemble.variables:
        if not isinstance(variable.measure, Finite):
            raise MoveError(
                f"{variable.name} does not take finitely many numbers as values: a pairwise model "
                "has Ising, Binary, Spin or Discrete variables; trace the others first"
            )
    if not ensemble.variables:
        raise MoveError("there is no variable left to simulate: take the ensemble before its trace")
    if ensemble.disorder:
        names = ", ".join(v.name for v in ensemble.disorder)
        raise MoveError(
            f"{names} is disorder: take quenched() for the model of a sample, hand in an array, "
            f"dv.Given('{names}', ...), or average over it first"
        )
    refuse_weight(ensemble)


class _Reader:
    """What the terms read so far amount to."""

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble
        self.labels = [v.label for v in ensemble.variables]
        self.names = _IndexNames(ensemble)
        self.constant = ensemble.log_prefactor
        self.fields: dict[tuple[Label, int], Expr] = defaultdict(lambda: S.Zero)
        self.pairs: dict[tuple[Label, Label], Expr] = defaultdict(lambda: S.Zero)

    def read(self, term: Expr) -> None:
        if not elements_of(term, self.labels):
            self.constant += term
            return
        factors, bound = self._opened(term)
        spins: dict[Element, Expr] = defaultdict(lambda: S.One)
        coefficient = S.One
        for factor in factors:
            own = elements_of(factor, self.labels)
            if len(own) > 1 or _hides_a_sum(factor, own):
                raise CouplingError(
                    f"the factor {factor} of {term} is no polynomial in the spins: only products "
                    "of two spins are pairwise; name the sum with constrain, or linearise it"
                )
            if own:
                spins[own.pop()] *= factor
            else:
                coefficient *= factor
        for spin in spins:
            self._check_slots(spin)
        if len(spins) == 1:
            ((spin, function),) = spins.items()
            self._one(spin, function, coefficient, bound)
        elif len(spins) == 2 and all(spin == function for spin, function in spins.items()):
            first, second = sorted(spins, key=lambda spin: self.labels.index(spin.label))
            self._two(first, second, coefficient, bound)
        else:
            raise CouplingError(
                f"the term {term} is of higher order: it couples "
                f"{' '.join(map(str, spins.values()))}, and a pairwise model has products of two "
                "spins only"
            )

    def _check_slots(self, spin: Element) -> None:
        if shifted := [slot for slot in spin.slots if not isinstance(slot, Index | Integer)]:
            raise CouplingError(
                f"{spin} is no spin where {shifted[0]} leaves the range: tie two indices by "
                "KroneckerDelta(j, i + 1) under a double sum instead, which ends at the boundary"
            )

    def _opened(self, term: Expr) -> tuple[list[Expr], Slots]:
        """The factors under one sum whose indices are named apart from all others."""
        factors: list[Expr] = []
        bound: list[Index] = []
        for factor in Mul.make_args(term):
            base, power = factor.as_base_exp()
            if not (isinstance(base, Total) and power.is_Integer and power > 0) or not elements_of(
                base, self.labels
            ):
                factors.append(factor)
                continue
            for _ in range(int(power)):
                apart = self.names.apart(base.indices, bound)
                bound.extend(apart.values())
                factors.extend(Mul.make_args(base.body.xreplace(apart)))
        return factors, tuple(bound)

    def _one(self, spin: Element, function: Expr, coefficient: Expr, bound: Slots) -> None:
        measure = self._measure(spin.label)
        own = self.names.slots(spin.label)
        for power, number in _powers(function, spin, measure.values).items():
            found = _at_slots(coefficient * number, bound, (spin, own))
            if power:
                self.fields[spin.label, power] += found
            else:
                self.constant += Total(found, *own)

    def _two(self, first: Element, second: Element, coefficient: Expr, bound: Slots) -> None:
        row, column = self.names.pair(first.label, second.label)
        found = _at_slots(coefficient, bound, (first, row), (second, column))
        if first.label != second.label:
            self.pairs[first.label, second.label] += found
            return
        # sum_ij C_ij s_i s_j = 1/2 sum_{i != j} (C_ij + C_ji) s_i s_j + sum_i C_ii s_i^2
        swapped = _at_slots(coefficient, bound, (first, column), (second, row))
        self.pairs[first.label, first.label] += found + swapped
        same = _tied(first.slots, second.slots)
        self._one(first, first**2, coefficient * same, bound)

    def _measure(self, label: Label) -> Finite:
        return self.ensemble.variables[self.labels.index(label)].measure

    def result(self) -> Pairwise:
        """The hand-over; pairs that do not interact are left out."""
        return Pairwise(
            spins=tuple(self._spins(v) for v in self.ensemble.variables),
            couplings=tuple(
                Coupling(a[row], b[column], value)
                for (a, b), value in self.pairs.items()
                if value != 0
                for row, column in [self.names.pair(a, b)]
            ),
            constant=self.constant,
            parameters=_parameters(self.ensemble),
            beta=self.ensemble.beta,
        )

    def _spins(self, variable: Variable) -> Spins:
        measure: Finite = variable.measure
        return Spins(
            site=variable.label[self.names.slots(variable.label)],
            values=measure.values,
            weights=measure.log_weights,
            fields=tuple(self.fields[variable.label, p] for p in range(1, len(measure.values))),
        )


class _IndexNames:
    """Indices for rows and columns, under the names that the exponent uses for their ranges."""

    def __init__(self, ensemble: Ensemble) -> None:
        used: dict[IndexRange, set[str]] = defaultdict(set)
        for total in ensemble.exponent.atoms(Total):
            for index in total.indices:
                used[index.range].add(index.name)
        self.taken = {name for names in used.values() for name in names}
        self.used = used
        labels = [v.label for v in ensemble.variables]
        pairs = combinations_with_replacement(labels, 2)
        self.reserved = {i for pair in pairs for slots in self.pair(*pair) for i in slots}

    def _of(self, over: IndexRange) -> Iterator[Index]:
        own = sorted(name for name in self.used[over] if "'" not in name)
        yield from (Index(name, over) for name in own)
        yield from (Index(c, over) for c in "ijklmnpqr" if c not in self.taken)
        yield from (Index(f"i{k}", over) for k in count(1))

    def slots(self, label: Label) -> Slots:
        """One index for each slot."""
        return self._drawn(label.ranges)

    def pair(self, first: Label, second: Label) -> tuple[Slots, Slots]:
        """Indices of the rows and of the columns, all different."""
        both = self._drawn((*first.ranges, *second.ranges))
        return both[: len(first.ranges)], both[len(first.ranges) :]

    def _drawn(self, ranges: tuple[IndexRange, ...]) -> Slots:
        chosen: list[Index] = []
        for over in ranges:
            names = {i.name for i in chosen}
            chosen.append(next(i for i in self._of(over) if i.name not in names))
        return tuple(chosen)

    def apart(self, indices: Slots, bound: list[Index]) -> dict[Index, Index]:
        """Names for the indices that no row, column or other bound index has."""
        names: dict[Index, Index] = {}
        for index in indices:
            names[index] = fresh(index, [*self.reserved, *bound, *names.values()])
        return names


def _hides_a_sum(factor: Expr, own: set[Element]) -> bool:
    binders = factor.atoms(Total) | factor.atoms(IndexedProduct)
    return any(elements_of(b, [e.label for e in own]) for b in binders)


def _powers(function: Expr, spin: Element, values: tuple[Expr, ...]) -> dict[int, Expr]:
    """A function of a spin as a polynomial of degree below the number of its values."""
    x = Dummy("x")
    points = [(v, function.xreplace({spin: v})) for v in values]
    if len(points) == 1:
        return {0: points[0][1]}
    polynomial = interpolate(points, x).as_poly(x)
    return {p: c for (p,), c in polynomial.terms() if c != 0}


def _tied(left: tuple[Expr, ...], right: tuple[Expr, ...]) -> Expr:
    return Mul(*(KroneckerDelta(a, b) for a, b in zip(left, right, strict=True)))


def _at_slots(coefficient: Expr, bound: Slots, *places: tuple[Element, Slots]) -> Expr:
    """The coefficient of spins at given slots: the sum over all else."""
    ties = Mul(*(_tied(spin.slots, slots) for spin, slots in places))
    return Total(coefficient * ties, *bound)


def _parameters(ensemble: Ensemble) -> tuple[Expr, ...]:
    """Symbols, and one plain element of each array; sizes of ranges are known from the arrays."""
    sizes = {over.size for v in ensemble.variables for over in v.site_ranges}
    symbols = {p for p in ensemble.parameters if p not in sizes}
    arrays = {e.label for e in ensemble.exponent.atoms(Element) if e.label.given}
    plain = {
        label[tuple(Index("ijklmn"[k], over) for k, over in enumerate(label.ranges))]
        for label in arrays
    }
    return tuple(sorted(symbols | plain, key=str))
