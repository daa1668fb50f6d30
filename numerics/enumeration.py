"""Exact sums over every state of up to about twenty sites with arbitrary couplings.

States are numbered and taken a block at a time.  A term of the exponent is a factor that may vary
over the batch times a function of the state, which is evaluated once for the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Add, Expr, Mul, S, expand, sympify

from derive.equations import Element, Enumeration, Equations
from numerics.energies import energy_of
from numerics.errors import MissingParameterError
from numerics.exact import TooManyStatesError
from numerics.kernel import Kernel
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given, bind

__all__ = ["EnumeratedSum", "enumerate_states"]

BLOCK = 2**18  # states times points at a time
LEAST = 2**8


@dataclass(frozen=True, repr=False)
class EnumeratedSum:
    """The partition function over every state, and averages in it.

    Attributes
    ----------
    log_z : ndarray (batch)
        The logarithm of the partition function.
    mean : ndarray (batch, sites)
        ``<s_i>``, the variables one after the other.
    correlation : ndarray (batch, sites, sites)
        ``<s_i s_j>``, not connected.
    abs_m, m4 : ndarray (batch)
        ``<|m|>`` and ``<m**4>`` of the mean spin m.
    moments : tuple of ndarray (batch) or None
        Mean and variance of the energy of all sites, where there is an inverse temperature.
    beta : ndarray (batch)
        The inverse temperature; 1 where there is none.
    place : slice
        The sites that `m` is the mean of.
    """

    log_z: np.ndarray
    mean: np.ndarray
    correlation: np.ndarray
    abs_m: np.ndarray
    m4: np.ndarray
    moments: tuple[np.ndarray, np.ndarray] | None
    beta: np.ndarray
    place: slice

    def __repr__(self) -> str:
        points = int(np.prod(self.log_z.shape, dtype=int))
        names = ["log_z", "m", "abs_m", "chi", "binder"]
        names += [] if self.moments is None else ["energy", "specific_heat"]
        heading = (
            f"EnumeratedSum over all states of {self.mean.shape[-1]} sites, "
            f"{points} point{'' if points == 1 else 's'}"
        )
        rows = (f"  {name:<14}{_shown(getattr(self, name))}" for name in names)
        return "\n".join([heading, *rows, "  arrays        mean, correlation, covariance"])

    @property
    def m(self) -> np.ndarray:
        """The mean spin ``<m>``."""
        return self.mean[..., self.place].mean(axis=-1)

    @property
    def m2(self) -> np.ndarray:
        """``<m**2>``."""
        return self.correlation[..., self.place, self.place].mean(axis=(-2, -1))

    @property
    def covariance(self) -> np.ndarray:
        """``<s_i s_j> - <s_i><s_j>``."""
        return self.correlation - self.mean[..., :, None] * self.mean[..., None, :]

    @property
    def chi(self) -> np.ndarray:
        """``beta n (<m**2> - <m>**2)`` for n spins."""
        return self._response(self.m)

    @property
    def chi_abs(self) -> np.ndarray:
        """``beta n (<m**2> - <|m|>**2)``."""
        return self._response(self.abs_m)

    @property
    def binder(self) -> np.ndarray:
        """Binder's cumulant ``1 - <m**4> / (3 <m**2>**2)``."""
        return 1 - self.m4 / (3 * self.m2**2)

    @property
    def energy(self) -> np.ndarray:
        """The mean energy per site, ``-d log Z/d beta / N``."""
        return self._thermal[0] / self.mean.shape[-1]

    @property
    def specific_heat(self) -> np.ndarray:
        """``beta**2 (<E**2> - <E>**2) / N``, the specific heat of an exponent -beta H."""
        return self.beta**2 * self._thermal[1] / self.mean.shape[-1]

    @property
    def _thermal(self) -> tuple[np.ndarray, np.ndarray]:
        if self.moments is None:
            raise ProblemError("there is no energy: the exponent has no inverse temperature beta")
        return self.moments

    def _response(self, m: np.ndarray) -> np.ndarray:
        count = self.place.stop - self.place.start
        return self.beta * count * (self.m2 - m**2)


def _shown(values: np.ndarray) -> str:
    """A few of the numbers, in order."""
    flat = np.ravel(values)
    kept = flat if flat.size <= 6 else flat[[0, 1, 2, -2, -1]]
    texts = [f"{value:.8g}" for value in kept]
    return ", ".join(texts if flat.size <= 6 else [*texts[:3], "...", *texts[3:]])


def enumerate_states(
    problem: Any, *, of: str | None = None, largest: int = 2**21, **parameters: Any
) -> EnumeratedSum:
    """Sum over every state of every site, over a batch of parameters.

    Parameters
    ----------
    problem : Enumeration, or anything with ``.enumeration()``
        The variables with their values and weights, and the exponent.
    of : str, optional
        The variable whose mean is `m`; that of all sites by default.
    largest : int
        The largest number of states.
    **parameters
        A number or array for each parameter, arrays of elements with their own axes last. The
        number of sites follows from them, or is given under the name of its symbol.

    Returns
    -------
    EnumeratedSum

    Raises
    ------
    TooManyStatesError
        If there are more states than `largest`.
    NumericsError
        For parameters that are missing, unknown, not finite, out of their domain or misshapen.

    Examples
    --------
    >>> import numpy as np
    >>> from derive.equations import Element, Enumeration, Index, Label, Total
    >>> from sympy import symbols
    >>> i = Index("i", symbols("N", integer=True, positive=True))
    >>> h, s = (Element(Label(name, (i.range,)), i) for name in "hs")
    >>> free = Enumeration((s,), ((-1, 1),), Total(h * s, i), (h,))
    >>> enumerate_states(free, h=[0.0, 0.5]).mean.round(6).tolist() == [0, np.tanh(0.5).round(6)]
    True
    """
    model = problem.enumeration() if hasattr(problem, "enumeration") else problem
    if not isinstance(model, Enumeration):
        raise ProblemError(
            f"{type(problem).__name__} offers no enumeration(): pass the ensemble; that of a "
            "derivation is its .start"
        )
    sum_over = _Sum(model, bind(Equations(model.sites, model.parameters, ()), parameters), of)
    if sum_over.states > largest:
        raise TooManyStatesError(
            f"{len(sum_over.radices)} sites have {sum_over.states} states, more than "
            f"largest={largest}: fewer sites, or allow more"
        )
    return sum_over.result()


class _Sum:
    """A running sum over states, in units of the largest term so far."""

    def __init__(self, model: Enumeration, given: Given, of: str | None) -> None:
        self.model, self.given = model, given
        counts = [_count(site, given) for site in model.sites]
        ends = np.cumsum([0, *counts])
        names = [site.name for site in model.sites]
        if of is not None and of not in names:
            raise ProblemError(f"there is no variable {of}: there are {', '.join(names)}")
        self.places = [slice(int(a), int(a) + n) for a, n in zip(ends, counts, strict=False)]
        self.place = slice(0, int(ends[-1])) if of is None else self.places[names.index(of)]
        self.radices = np.repeat([len(values) for values in model.values], counts)
        self.states = int(np.prod(self.radices, dtype=object))
        self.upper = np.triu_indices(len(self.radices))
        self.top = np.full(given.points, -np.inf)
        self.norm = np.zeros(given.points)
        self.sums = np.zeros((given.points, len(self.radices) + len(self.upper[0]) + 2))
        self.origin = np.zeros(given.points)
        self.energies = np.zeros((2, given.points))

    def result(self) -> EnumeratedSum:
        exponent, exponent_weights = self._functions(lambda expr: sympify(expr))
        energy, energy_weights = self._functions(energy_of(self.model.beta))
        for levels in self._levels():
            values = self._values(levels)
            terms = self._evaluated(exponent, values) + self._weighed(levels, exponent_weights)
            height = np.maximum(self.top, terms.max(axis=0))
            share, keep = np.exp(terms - height), np.exp(self.top - height)
            self.norm = self.norm * keep + share.sum(axis=0)
            self.sums = self.sums * keep[:, None] + share.T @ self._features(values)
            if self.model.beta is not None:
                level = self._evaluated(energy, values) + self._weighed(levels, energy_weights)
                self._add_energies(share, keep, level)
            self.top = height
        return self._finished()

    def _levels(self) -> Iterator[np.ndarray]:
        """Which value each site has, for all states, a block of states at a time."""
        powers = np.concatenate([[1], np.cumprod(self.radices[:-1], dtype=np.int64)])
        length = max(BLOCK // max(self.given.points, len(self.upper[0])), LEAST)
        for low in range(0, self.states, length):
            number = np.arange(low, min(low + length, self.states))
            yield number[:, None] // powers % self.radices

    def _values(self, levels: np.ndarray) -> np.ndarray:
        parts = [
            np.array([float(v) for v in row])[levels[:, place]]
            for row, place in zip(self.model.values, self.places, strict=True)
        ]
        return np.concatenate(parts, axis=1)

    def _weighed(self, levels: np.ndarray, weights: list[list[Expr]]) -> np.ndarray:
        """What the weights of the sites' values add (states, points or 1)."""
        total = np.zeros((len(levels), 1))
        for row, place in zip(weights, self.places, strict=True):
            for level, weight in enumerate(row):
                if weight != 0:
                    count = (levels[:, place] == level).sum(axis=1)
                    total = total + count[:, None] * self._value(weight, {})
        return total

    def _features(self, s: np.ndarray) -> np.ndarray:
        m = s[:, self.place].mean(axis=1)
        pairs = s[:, self.upper[0]] * s[:, self.upper[1]]
        return np.concatenate([s, pairs, np.abs(m)[:, None], m[:, None] ** 4], axis=1)

    def _add_energies(self, share: np.ndarray, keep: np.ndarray, level: np.ndarray) -> None:
        """Around the energy of the likeliest state of the first block, for few lost digits."""
        level = np.broadcast_to(level, share.shape)
        if not np.isfinite(self.top).any():
            self.origin = level[share.argmax(axis=0), np.arange(level.shape[1])]
        above = level - self.origin
        moments = np.array([(share * above).sum(axis=0), (share * above**2).sum(axis=0)])
        self.energies = self.energies * keep + moments

    def _functions(
        self, function: Callable[[Any], Expr]
    ) -> tuple[dict[Expr, Expr], list[list[Expr]]]:
        """Terms as {function of the state: factor}, and what each value of a site adds."""
        found: dict[Expr, Expr] = {}
        labels = {site.label for site in self.model.sites}
        for term in Add.make_args(expand(function(self.model.exponent))):
            factors = Mul.make_args(term)
            state = Mul(*(f for f in factors if labels & {e.label for e in f.atoms(Element)}))
            scale = Mul(*(f for f in factors if not labels & {e.label for e in f.atoms(Element)}))
            found[state] = found.get(state, S.Zero) + scale
        weights = self.model.weights or [[S.Zero] * len(v) for v in self.model.values]
        return found, [[function(w) for w in row] for row in weights]

    def _evaluated(self, terms: dict[Expr, Expr], values: np.ndarray) -> np.ndarray:
        """A sum of terms (states, points)."""
        spins = {
            site.name: np.ascontiguousarray(values[:, None, place])
            for site, place in zip(self.model.sites, self.places, strict=True)
        }
        total = np.zeros((len(values), self.given.points))
        for state, scale in terms.items():
            total += self._value(state, spins) * self._value(scale, spins)
        return total

    def _value(self, expr: Expr, spins: dict[str, np.ndarray]) -> np.ndarray:
        if expr.is_Number:
            return np.array(float(expr))
        inside = {e.name for e in expr.atoms(Element)} | {x.name for x in expr.free_symbols}
        sizes = {str(size): float(n) for size, n in self.given.sizes.items()}
        known = {**sizes, **self.given.flat, **spins}
        symbols = (*self.model.sites, *self.model.parameters, *self.given.sizes)
        kernel = _kernel(expr, tuple(p for p in symbols if str(getattr(p, "name", p)) in inside))
        return np.asarray(kernel({symbol: known[symbol.name] for symbol in kernel.inputs}))

    def _finished(self) -> EnumeratedSum:
        sites, shape = len(self.radices), self.given.shape
        averages = self.sums / self.norm[:, None]
        mean, pairs, rest = np.split(averages, [sites, averages.shape[1] - 2], axis=1)
        correlation = np.zeros((len(mean), sites, sites))
        correlation[:, self.upper[0], self.upper[1]] = pairs
        correlation[:, self.upper[1], self.upper[0]] = pairs
        first, second = self.energies / self.norm
        moments = (first + self.origin).reshape(shape), (second - first**2).reshape(shape)
        thermal = self.model.beta is not None
        beta = self._value(self.model.beta, {}) if thermal else np.ones(())
        return EnumeratedSum(
            log_z=(self.top + np.log(self.norm)).reshape(shape),
            mean=mean.reshape((*shape, sites)),
            correlation=correlation.reshape((*shape, sites, sites)),
            abs_m=rest[:, 0].reshape(shape),
            m4=rest[:, 1].reshape(shape),
            moments=moments if thermal else None,
            beta=np.broadcast_to(beta, (self.given.points,)).reshape(shape),
            place=self.place,
        )


def _count(site: Element, given: Given) -> int:
    size = site.label.ranges[0].size.subs(given.sizes)
    if not size.is_Integer:
        raise MissingParameterError(f"{size} has no value: pass {size}=... or an array over it")
    return int(size)


@lru_cache(maxsize=256)
def _kernel(expr: Expr, parameters: tuple[Expr, ...]) -> Kernel:
    return Kernel(Equations((), parameters, (("value", expr),)))
