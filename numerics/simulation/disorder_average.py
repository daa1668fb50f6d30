"""Averages over quenched disorder at several sizes, with errors from sample to sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.equations import Quenched
from numerics.errors import DomainError, ShapeError, UnknownParameterError
from numerics.problem.errors import ProblemError
from numerics.problem.given import sizes_of
from numerics.simulation.disorder import as_quenched, draw_disorder
from numerics.simulation.door import generator, whole
from numerics.simulation.estimate import written
from numerics.simulation.extrapolation import Extrapolation, extrapolate
from numerics.simulation.parallel_tempering import Tempered, parallel_tempering

__all__ = ["DisorderAverage", "SampleMean", "disorder_average"]

DRIFT = 4.5  # standard errors between the halves of a run
LEAST_RATE = 0.05  # of exchanges


@dataclass(frozen=True)
class SampleMean:
    """A quantity averaged over the disorder.

    Attributes
    ----------
    value, error : ndarray (sizes, *batch)
        The mean over samples of thermal averages, and its standard error, which contains the
        thermal noise: samples are independent.
    dof : ndarray of int (sizes)
        Samples less one: from how many degrees of freedom the error is known.
    drift : ndarray (sizes, *batch)
        The second half of the measurements less the first, in standard errors.
    """

    value: np.ndarray
    error: np.ndarray
    dof: np.ndarray
    drift: np.ndarray

    def __str__(self) -> str:
        pairs = zip(np.ravel(self.value), np.ravel(self.error), strict=True)
        return ", ".join(written(value, error) for value, error in pairs)


@dataclass(frozen=True, repr=False)
class DisorderAverage(Mapping[str, SampleMean]):
    """Averages over samples, by name, over sizes first and then inverse temperatures.

    Attributes
    ----------
    averages : dict of str to SampleMean
        ``m``, ``energy`` (per site), ``q``, ``q2``, ``q4``, and the overlaps with patterns.
    sizes : ndarray of int
    runs : list of Tempered
        What was found for each sample, one for each size.
    """

    averages: dict[str, SampleMean]
    sizes: np.ndarray
    runs: list[Tempered]

    def __getitem__(self, name: str) -> SampleMean:
        if name not in self.averages:
            raise ProblemError(f"{name} was not measured: there are {', '.join(self.averages)}")
        return self.averages[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.averages)

    def __len__(self) -> int:
        return len(self.averages)

    def extrapolate(self, name: str, powers: Sequence[float] = (1,)) -> Any:
        """The limit N -> oo of a quantity: see `numerics.extrapolate`.

        Returns
        -------
        Extrapolation, or a list of them over the inverse temperatures
        """
        found = self[name]
        columns = found.value.reshape(len(self.sizes), -1), found.error.reshape(len(self.sizes), -1)
        fits: list[Extrapolation] = [
            extrapolate(self.sizes, value, error, powers)
            for value, error in zip(*(c.T for c in columns), strict=True)
        ]
        return fits[0] if found.value.ndim == 1 else fits

    @property
    def warnings(self) -> list[str]:
        """A sentence for each reason not to trust an average, and where it holds."""
        listed = []
        drifting = [k for k, found in self.averages.items() if (abs(found.drift) > DRIFT).any()]
        if drifting:
            listed.append(
                f"{', '.join(drifting)} drifted by more than {DRIFT} errors between the halves of "
                "the measurements: not in equilibrium; raise burn_in and sweeps"
            )
        stuck = [run.sites for run in self.runs if run.rates.size and run.rates.min() < LEAST_RATE]
        if stuck:
            listed.append(
                f"fewer than {LEAST_RATE:.0%} of exchanges between some temperatures were accepted "
                f"for {', '.join(map(str, stuck))} spins: ask for temperatures in between"
            )
        return listed

    @property
    def reliable(self) -> bool:
        """Whether there is no warning."""
        return not self.warnings

    def __str__(self) -> str:
        heading = f"DisorderAverage over sizes {', '.join(map(str, self.sizes))}"
        width = max(len(name) for name in self.averages)
        rows = [f"  {name:<{width}}  {found}" for name, found in self.averages.items()]
        return "\n".join([heading, *rows, *(f"  ! {text}" for text in self.warnings)])

    __repr__ = __str__


def disorder_average(
    problem: Any,
    *,
    sizes: Sequence[int],
    samples: int | Sequence[int],
    sweeps: int = 200,
    burn_in: int | None = None,
    rng: Any = None,
    start: str = "random",
    patterns: Callable[..., Mapping[str, Any]] | None = None,
    exchange: bool = True,
    **parameters: Any,
) -> DisorderAverage:
    """Ising spins with quenched disorder at several sizes, averaged over samples of it.

    For each size, disorder is drawn from the law that the ensemble declares, and all samples are
    simulated at once by parallel tempering with two real replicas.

    Parameters
    ----------
    problem : Quenched, or anything with ``.quenched()``
        An ensemble of Ising spins with disorder=, and the exponent -beta H.
    sizes : sequence of int
        The number N of sites of the spins, by whatever name; ranges such as alpha*N follow.
    samples : int, or one for each size
        How many samples of the disorder, at least two.
    sweeps, burn_in : int
        As for `parallel_tempering`, for each sample.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        The seed; with the same one the run is repeated exactly.
    start, exchange
        As for `parallel_tempering`.
    patterns : callable, optional
        Of the arrays of disorder, by name, to a mapping of configurations (samples, sites), such as
        ``lambda xi: {"overlap": xi[:, :, 0]}``.
    **parameters
        The inverse temperature, a number or a one-dimensional array; numbers for the others.

    Returns
    -------
    DisorderAverage

    Raises
    ------
    NumericsError
        For parameters that are missing, unknown, not finite or out of their domain; for sizes at
        which a range is not whole; for fewer than two samples.
    CouplingError, MoveError
        If the ensemble is not pairwise at fixed disorder (from `derive`).

    Examples
    --------
    >>> from sympy import symbols
    >>> from derive.equations import (
    ...     Coupling, GaussianDisorder, Index, Label, Pairwise, Quenched, Spins)
    >>> N, beta = symbols("N", integer=True, positive=True), symbols("beta", positive=True)
    >>> i, j = Index("i", N), Index("j", N)
    >>> s = Label("s", (i.range,))
    >>> J = Label("J", (i.range, i.range), symmetric=True, given=True)
    >>> spins, pair = Spins(s[i], (-1, 1), (0, 0), (0 * N,)), Coupling(s[i], s[j], beta * J[i, j])
    >>> sk = Quenched(
    ...     Pairwise((spins,), (pair,), 0 * N, (beta, J[i, j]), beta),
    ...     (GaussianDisorder(J[i, j], 0 * N, 1 / N),))
    >>> run = disorder_average(sk, sizes=[16, 32, 64], samples=100, rng=1, beta=0.5)
    >>> round(run.extrapolate("energy").value, 2)  # -beta/2
    -0.25
    """
    model = as_quenched(problem)
    counts = _counts(sizes, samples)
    size = _size_name(model)
    _check_names(model, size, parameters)
    handed_over = {p.name for p in model.pairwise.parameters}
    source = generator(rng)
    runs = []
    for count, number in counts:
        known = {**parameters, size: count}
        arrays = draw_disorder(model, samples=number, rng=source, **known)
        chosen = patterns(**arrays) if patterns is not None else None
        runs.append(
            parallel_tempering(
                model.pairwise,
                sweeps=sweeps,
                burn_in=burn_in,
                rng=source,
                start=start,
                patterns=chosen,
                exchange=exchange,
                **{k: v for k, v in known.items() if k in handed_over or k == size},
                **{k: v for k, v in arrays.items() if k in handed_over},
            )
        )
    averages = {name: _mean(runs, name) for name in runs[0].means}
    return DisorderAverage(averages, np.array([count for count, _ in counts]), runs)


def _mean(runs: list[Tempered], name: str) -> SampleMean:
    values = [run.means[name] for run in runs]
    moved = [run.halves[name][1] - run.halves[name][0] for run in runs]
    return SampleMean(
        value=np.array([value.mean(axis=0) for value in values]),
        error=np.array([_error(value) for value in values]),
        dof=np.array([len(value) - 1 for value in values]),
        drift=np.array([_score(change) for change in moved]),
    )


def _error(values: np.ndarray) -> np.ndarray:
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))


def _score(change: np.ndarray) -> np.ndarray:
    error = _error(change)
    return change.mean(axis=0) / np.where(error > 0, error, np.inf)


def _counts(sizes: Any, samples: Any) -> list[tuple[int, int]]:
    listed = [whole("sizes", n, 1) for n in np.atleast_1d(np.asarray(sizes)).tolist()]
    numbers = [whole("samples", n, 2) for n in np.atleast_1d(np.asarray(samples)).tolist()]
    if len(numbers) == 1:
        numbers *= len(listed)
    if len(numbers) != len(listed) or not listed:
        raise ShapeError(f"{len(listed)} sizes and {len(numbers)} numbers of samples: give as many")
    if len(set(listed)) < len(listed):
        raise DomainError(f"sizes={sizes} repeat: give each once, with more samples")
    return list(zip(listed, numbers, strict=True))


def _size_name(model: Quenched) -> str:
    names = {str(s) for spins in model.pairwise.spins for s in sizes_of(spins.site) if s.is_integer}
    if len(names) != 1:
        found = ", ".join(sorted(names)) or "none"
        raise ProblemError(
            f"the number of spins depends on the sizes {found}: declare all ranges by one size N"
        )
    return names.pop()


def _check_names(model: Quenched, size: str, parameters: Mapping[str, Any]) -> None:
    disorder = {law.element.name for law in model.disorder}
    known = {p.name for p in model.pairwise.parameters}
    for law in model.disorder:
        known |= {str(s) for s in sizes_of(law.element)}
        exprs = [v for v in vars(law).values() if v is not law.element]
        for expr in exprs:
            parts = expr if isinstance(expr, tuple) else (expr,)
            known |= {s.name for part in parts for s in part.free_symbols}
    known -= disorder | {size}
    for name in parameters:
        if name in disorder:
            raise UnknownParameterError(f"{name} is drawn: parallel_tempering takes given arrays")
        if name not in known:
            have = ", ".join(sorted(known)) or "none"
            hint = ": it follows sizes=" if name == size else ""
            raise UnknownParameterError(f"there is no parameter {name}{hint}; there are: {have}")
