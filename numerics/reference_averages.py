"""Gaussian averages in mpmath: standardised by a Cholesky factor, then one variable at a time.

This path shares nothing with closed forms, plans or lowering: the integrand is the expression as
the user wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sympy import Dummy, Expr

from derive.equations import GaussianAverage
from numerics.reference_code import CONTEXT, Sizes, Source
from numerics.reference_features import Probe, features, probes
from numerics.reference_line import Imprecise, Unresolved, line_average

__all__ = ["Compiled", "compiled"]

GUARD = 12  # digits by which the working precision exceeds those asked for
INNER = 9  # the same for averages inside
LARGEST_PRECISION = 40_000
Real = Any


class Compiled:
    """An average as a function of what it depends on.

    Attributes
    ----------
    constants : tuple of Expr
        What the integrand, the means and the covariance are made of, free of bound variables.
    """

    def __init__(self, node: GaussianAverage, sizes: Sizes) -> None:
        own = [Dummy() for _ in node.variables]
        self.size = len(own)
        integrand = node.integrand.xreplace(dict(zip(node.variables, own, strict=True)))
        found: dict[Expr, str] = {}

        self.nested = integrand.has(GaussianAverage)

        def inner(average: GaussianAverage) -> tuple[Callable[..., Real], Sequence[Expr]]:
            code = compiled(average, sizes)
            return code, code.constants

        self.law = [_constant(entry, found) for entry in (*node.mean, *node.covariance)]
        self.whole, self.own, self.inner, self.sizes = integrand, own, inner, sizes
        self.integrand = Source(own, found, inner, sizes).function([integrand])
        listed = [p for p in dict.fromkeys(probes(integrand, sizes)) if _depends(p, own)]
        self.kinds = [probe.kind for probe in listed]
        self.moved = [len(probe.moved) for probe in listed]
        arguments = [a for probe in listed for a in (probe.argument, *probe.moved)]
        self.probes = Source(own, found, inner, sizes).function(arguments)
        self.constants = tuple(found)
        self._lasts: dict[frozenset[int], tuple[Callable[..., Any], Callable[..., Any]]] = {}

    def last(self, varying: frozenset[int]) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """What does not change with some of the variables, and the integrand from that and them."""
        if varying not in self._lasts:
            held: dict[Expr, str] = {}
            moved = [self.own[k] for k in sorted(varying)]
            function = Source(moved, held, self.inner, self.sizes).function([self.whole])
            known = {expr: f"c[{k}]" for k, expr in enumerate(self.constants)}
            before = Source(self.own, known, self.inner, self.sizes).function(list(held))
            self._lasts[varying] = before, function
        return self._lasts[varying]

    def __call__(self, *given: Real) -> Real:
        """The value as an inner average, to the working precision less a few digits."""
        return self.value(given, CONTEXT.dps - INNER)[0]

    def value(self, given: Sequence[Real], digits: int) -> tuple[Real, Real]:
        """The average and that of the absolute value, from values of the constants."""
        return self._levels(given).average((), digits)

    def checked(self, given: Sequence[Real], digits: int) -> Real:
        """The average, at a working precision that is raised until the integrand is known."""
        before = CONTEXT.dps
        CONTEXT.dps = digits + GUARD
        try:
            while True:
                try:
                    return self._levels(given).average((), digits, checks=True)[0]
                except Imprecise as error:
                    CONTEXT.dps += error.missing
                    if CONTEXT.dps > LARGEST_PRECISION:
                        raise Unresolved("the integrand needs too many digits") from None
        finally:
            CONTEXT.dps = before

    def _levels(self, given: Sequence[Real]) -> _Levels:
        numbers = [given[k] if k is not None else fixed for k, fixed in self.law]
        size = self.size
        mean, entries = numbers[:size], numbers[size:]
        rows = [entries[k * size : (k + 1) * size] for k in range(size)]
        return _Levels(self, list(given), mean, cholesky(rows))


class _Levels:
    """Nested averages over independent standard normals."""

    def __init__(
        self, code: Compiled, given: list[Real], mean: Sequence[Real], factor: list[list[Real]]
    ) -> None:
        self.code, self.given, self.mean, self.factor = code, given, mean, factor
        self.depth = len(factor[0]) if factor else 0

    def average(
        self, outer: tuple[Real, ...], digits: int, checks: bool = False
    ) -> tuple[Real, Real]:
        """The average over what is left after the outer variables."""
        if len(outer) == self.depth:
            value = self._at(outer)
            return value, abs(value)
        simple = len(outer) + 1 == self.depth
        if simple:
            function = self._last(outer)
        else:

            def function(x: Real) -> Real:
                return self.average((*outer, x), digits + 2)[0]

        found = features(CONTEXT, self.code.kinds, lambda x: self._probed((*outer, x)))
        probed = (20 if simple and not self.code.nested else 4) if checks else 0
        return line_average(CONTEXT, function, digits, found, probed)

    def _last(self, outer: Sequence[Real]) -> Callable[[Real], Real]:
        """The integrand along the last normal; what does not change there is computed once."""
        varying = [k for k, row in enumerate(self.factor) if row[-1] != 0]
        before, integrand = self.code.last(frozenset(varying))
        start = self._variables(outer)
        held = before(start, self.given)
        moves = [(start[k], self.factor[k][-1]) for k in varying]
        return lambda x: integrand([b + step * x for b, step in moves], held)[0]

    def _at(self, normals: Sequence[Real]) -> Real:
        return self.code.integrand(self._variables(normals), self.given)[0]

    def _variables(self, normals: Sequence[Real]) -> list[Real]:
        return [
            m + CONTEXT.fdot(zip(row, normals, strict=False))
            for m, row in zip(self.mean, self.factor, strict=True)
        ]

    def _probed(self, normals: tuple[Real, ...]) -> list[tuple[Real, Real]]:
        """Each probe where further variables are zero, and by how much these move it."""
        here = self.code.probes(self._variables(normals), self.given)
        left = self.depth - len(normals)
        shifts = [
            self.code.probes(
                self._variables((*normals, *(int(k == own) for k in range(left)))), self.given
            )
            for own in range(left)
        ]
        found, start = [], 0
        for count in self.code.moved:
            base = here[start]
            moves = [here[start + k] - base for k in range(1, count + 1)]
            moves += [shift[start] - base for shift in shifts]
            found.append((base, CONTEXT.sqrt(CONTEXT.fsum(m * m for m in moves))))
            start += count + 1
        return found


def cholesky(rows: Sequence[Sequence[Real]]) -> list[list[Real]]:
    """The factor L of a covariance L L^T, with as many columns as its rank.

    Raises
    ------
    ValueError
        If the matrix is not positive semidefinite.
    """
    left = [list(row) for row in rows]
    size = len(left)
    largest = [abs(left[k][k]) for k in range(size)]
    columns: list[list[Real]] = []
    remaining = list(range(size))
    while remaining:
        pivot = max(remaining, key=lambda k: left[k][k])
        little = [largest[k] * CONTEXT.mpf(10) ** (GUARD + 4 - CONTEXT.dps) for k in range(size)]
        if left[pivot][pivot] <= little[pivot]:
            break
        root = CONTEXT.sqrt(left[pivot][pivot])
        column = [left[k][pivot] / root if k in remaining else CONTEXT.mpf(0) for k in range(size)]
        columns.append(column)
        for a in range(size):
            for b in range(size):
                left[a][b] -= column[a] * column[b]
        remaining.remove(pivot)
    if any(left[k][k] < -abs(little[k]) for k in remaining):
        raise ValueError("the covariance is not positive semidefinite")
    return [[column[k] for column in columns] for k in range(size)]


@lru_cache(maxsize=1024)
def compiled(node: GaussianAverage, sizes: Sizes = frozenset()) -> Compiled:
    """The function of an average, in which index ranges have known sizes."""
    return Compiled(node, sizes)


def _constant(entry: Expr, found: dict[Expr, str]) -> tuple[int | None, Any]:
    """The place of an entry among the constants, or the integer that it is."""
    if entry.is_Integer:
        return None, CONTEXT.mpf(int(entry))
    found.setdefault(entry, f"c[{len(found)}]")
    return list(found).index(entry), None


def _depends(probe: Probe, own: Sequence[Dummy]) -> bool:
    return not probe.argument.free_symbols.isdisjoint(own)
