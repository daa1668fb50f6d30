"""The public call: Ising spins at given samples of their couplings, at several temperatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.equations import Equations, Pairwise
from numerics.errors import DomainError, NotANumberError, ShapeError
from numerics.problem.errors import ProblemError
from numerics.problem.given import bind
from numerics.simulation.disorder import number
from numerics.simulation.door import generator, whole
from numerics.simulation.sample_energies import SampleEnergies, sample_energies
from numerics.simulation.tempering import REPLICAS, Tempering, ladder

__all__ = ["Tempered", "inverse_temperatures", "parallel_tempering"]


@dataclass(frozen=True, repr=False)
class Tempered:
    """Thermal averages at each sample of the disorder.

    Attributes
    ----------
    means : dict of str to ndarray (samples, *batch)
        ``m``, the mean spin; ``energy`` per site; ``q``, ``q2``, ``q4``, moments of the overlap of
        two real replicas; the overlap with each pattern, by its name, and its square.
    halves : dict of str to ndarray (2, samples, *batch)
        Those of the first and of the second half of the measurements.
    betas : ndarray (*batch)
        The inverse temperatures asked for.
    ladder : ndarray
        All inverse temperatures that were simulated.
    rates : ndarray
        The fraction of exchanges accepted between neighbours on the ladder.
    sites, sweeps, burn_in : int
    """

    means: dict[str, np.ndarray]
    halves: dict[str, np.ndarray]
    betas: np.ndarray
    ladder: np.ndarray
    rates: np.ndarray
    sites: int
    sweeps: int
    burn_in: int

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.means:
            raise ProblemError(f"{name} was not measured: there are {', '.join(self.means)}")
        return self.means[name]

    def __repr__(self) -> str:
        samples = len(self.means["m"])
        return (
            f"Tempered({samples} samples of {self.sites} spins at {len(self.ladder)} temperatures, "
            f"{self.sweeps} sweeps after {self.burn_in})"
        )


def parallel_tempering(
    problem: Any,
    *,
    sweeps: int,
    burn_in: int | None = None,
    rng: Any = None,
    start: str = "random",
    patterns: Mapping[str, Any] | None = None,
    exchange: bool = True,
    **parameters: Any,
) -> Tempered:
    """Fully connected Ising spins at given samples of their couplings, by parallel tempering.

    Parameters
    ----------
    problem : Pairwise, Quenched, or an ensemble that offers either
        Ising spins with the exponent -beta H, whose terms are fields and couplings of pairs.
        Disorder is handed in as arrays, as `draw_disorder` gives them.
    sweeps : int
        Updates of every spin after the burn-in, each followed by attempts to exchange neighbouring
        temperatures and by a measurement.
    burn_in : int, optional
        Sweeps before; half of `sweeps` by default.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        The seed.
    start : str
        ``"random"``, or the name of a pattern to start from.
    patterns : mapping of str to array (samples, sites) or (sites), optional
        Configurations whose overlap with the state is measured.
    exchange : bool
        Whether states are exchanged, also with further temperatures between those asked for and
        down to half of the smallest.  Without, this is a heat bath at each of them.
    **parameters
        The inverse temperature, a number or a one-dimensional array, by the name of its symbol;
        numbers for the other parameters; arrays of couplings with an axis of samples in front.

    Returns
    -------
    Tempered

    Raises
    ------
    NumericsError
        For parameters that are missing, unknown, not finite or misshapen; for spins that are not
        Ising; for an exponent that is not -beta H.
    CouplingError, MoveError
        If the ensemble is not pairwise (from `derive`).

    Notes
    -----
    Source: Hukushima and Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996).

    Examples
    --------
    >>> import numpy as np
    >>> from sympy import symbols
    >>> from derive.equations import Coupling, Element, Index, Label, Pairwise, Spins
    >>> N, beta = symbols("N", integer=True, positive=True), symbols("beta", positive=True)
    >>> i, j = Index("i", N), Index("j", N)
    >>> s = Label("s", (i.range,))
    >>> J = Label("J", (i.range, i.range), symmetric=True, given=True)
    >>> spins, pair = Spins(s[i], (-1, 1), (0, 0), (0 * N,)), Coupling(s[i], s[j], beta * J[i, j])
    >>> dimer = Pairwise((spins,), (pair,), 0 * N, (beta, J[i, j]), beta)
    >>> J = np.array([[[0, 1], [1, 0]], [[0, -2], [-2, 0]]])
    >>> run = parallel_tempering(dimer, sweeps=4000, rng=1, beta=[0.5, 1], J=J)
    >>> run["energy"].round(1).tolist()  # -J tanh(beta J)/2
    [[-0.2, -0.4], [-0.8, -1.0]]
    """
    model = _pairwise(problem)
    betas, parameters = inverse_temperatures(model, parameters)
    given = bind(Equations(tuple(s.site for s in model.spins), model.parameters, ()), parameters)
    if len(given.shape) > 1:
        raise ShapeError(
            f"the parameters have the batch shape {given.shape}: give couplings with one axis of "
            "samples in front, and numbers"
        )
    energies = sample_energies(model, given)
    length = whole("sweeps", sweeps, 2)
    before = length // 2 if burn_in is None else whole("burn_in", burn_in, 0)
    source = generator(rng)
    known = _patterns(patterns or {}, energies.fields.shape)
    grid = np.unique(betas)[::-1]
    steps = ladder(grid, grid[:1], np.array([energies.spread])) if exchange else grid
    state = Tempering(energies, steps, _start(start, known, len(steps), energies, source), source)
    state = _settled(state, energies, grid, before, exchange)
    columns = np.searchsorted(-state.betas, -np.ravel(betas))
    halves = _measured(state, length, known, columns, exchange)
    shaped = {k: v.reshape(*v.shape[:2], *betas.shape) for k, v in halves.items()}
    counts = np.array([length // 2, length - length // 2]) / length
    return Tempered(
        means={k: np.tensordot(counts, v, axes=1) for k, v in shaped.items()},
        halves=shaped,
        betas=betas,
        ladder=state.betas,
        rates=state.exchanged / np.maximum(state.attempted, 1),
        sites=energies.fields.shape[1],
        sweeps=length,
        burn_in=before,
    )


def inverse_temperatures(
    model: Pairwise, parameters: Mapping[str, Any]
) -> tuple[np.ndarray, dict[str, Any]]:
    """The inverse temperatures asked for, and the parameters with one of them."""
    if model.beta is None or not model.beta.free_symbols:
        return np.asarray(float(model.beta or 1)), dict(parameters)
    if len(model.beta.free_symbols) > 1:
        raise ProblemError(
            f"the inverse temperature {model.beta} has several symbols: name it beta"
        )
    (symbol,) = model.beta.free_symbols
    if symbol.name not in parameters:
        return np.ones(()), dict(parameters)  # bind says that it is missing
    given = np.asarray(parameters[symbol.name], dtype=float)
    if given.ndim > 1 or not given.size:
        raise ShapeError(f"{symbol} has shape {given.shape}: give a number, or one axis of them")
    if not np.isfinite(given).all():
        raise NotANumberError(f"{symbol} has values that are nan or infinite")
    if (given <= 0).any():
        raise DomainError(f"{symbol} must be positive: there is {given.min():g}")
    betas = [number(model.beta, {symbol.name: value}) for value in given.reshape(-1)]
    single = {**parameters, symbol.name: float(given.reshape(-1)[0])}
    return np.reshape(betas, given.shape), single


def _pairwise(problem: Any) -> Pairwise:
    disordered = hasattr(problem, "quenched") and len(problem.disorder) > 0
    model = getattr(problem.quenched() if disordered else problem, "pairwise", problem)
    model = model() if callable(model) else model
    if not isinstance(model, Pairwise):
        raise ProblemError(
            f"{type(problem).__name__} offers no pairwise(): pass the ensemble; that of a "
            "derivation is its .start"
        )
    return model


def _patterns(patterns: Mapping[str, Any], shape: tuple[int, int]) -> dict[str, np.ndarray]:
    known = {}
    for name, value in patterns.items():
        array = np.asarray(value, dtype=float)
        if array.shape not in (shape, shape[1:]):
            raise ShapeError(
                f"the pattern {name} has shape {array.shape}: give (samples, sites) = {shape}"
            )
        if name in _MEASURED:
            raise ProblemError(f"{name} is measured already: choose another name for the pattern")
        known[name] = np.broadcast_to(array, shape)
    return known


_MEASURED = ("m", "energy", "q", "q2", "q4")


def _start(
    start: str,
    patterns: Mapping[str, np.ndarray],
    temperatures: int,
    energies: SampleEnergies,
    rng: np.random.Generator,
) -> np.ndarray:
    samples, sites = energies.fields.shape
    shape = (sites, samples, REPLICAS, temperatures)
    if start == "random":
        return rng.choice([-1.0, 1.0], shape)
    if start not in patterns:
        names = ", ".join(("random", *patterns))
        raise ProblemError(f"start={start!r} is no pattern: there are {names}")
    if (np.abs(patterns[start]) != 1).any():
        raise DomainError(f"the pattern {start} has values other than -1 and 1: start elsewhere")
    return np.broadcast_to(patterns[start].T[:, :, None, None], shape).copy()


def _settled(
    state: Tempering, energies: SampleEnergies, grid: np.ndarray, burn_in: int, exchange: bool
) -> Tempering:
    """After the burn-in, of which each of the first quarters tells the temperatures to exchange."""
    quarter = burn_in // 4 if exchange else 0
    for _ in range(2 if quarter else 0):
        variances = np.mean([_moved(state, time).variances for time in range(quarter)], axis=0)
        steps = ladder(grid, state.betas, np.sqrt(variances))
        nearest = np.abs(state.betas - steps[:, None]).argmin(axis=1)
        state = Tempering(energies, steps, state.spins[..., nearest], state.rng)
    for time in range(burn_in - 2 * quarter):
        _moved(state, time, exchange)
    return state


def _moved(state: Tempering, time: int, exchange: bool = True) -> Tempering:
    """The state after a sweep, and exchanges of every other pair of neighbours."""
    state.sweep()
    if exchange:
        state.exchange(time % 2)
    return state


def _measured(
    state: Tempering,
    sweeps: int,
    patterns: Mapping[str, np.ndarray],
    columns: np.ndarray,
    exchange: bool,
) -> dict[str, np.ndarray]:
    """Means over both halves of the measurements: (2, samples, temperatures asked for)."""
    sums: dict[str, list[Any]] = {}
    for time in range(sweeps):
        _moved(state, time, exchange)
        half = int(time >= sweeps // 2)
        for name, value in _observed(state, patterns, columns).items():
            parts = sums.setdefault(name, [0.0, 0.0])
            parts[half] = parts[half] + value
    counts = sweeps // 2, sweeps - sweeps // 2
    return {
        name: np.stack([part / n for part, n in zip(parts, counts, strict=True)])
        for name, parts in sums.items()
    }


def _observed(
    state: Tempering, patterns: Mapping[str, np.ndarray], columns: np.ndarray
) -> dict[str, np.ndarray]:
    spins = state.spins[..., columns]
    sites = len(spins)
    q = np.einsum("nst,nst->st", spins[:, :, 0], spins[:, :, 1]) / sites
    found = {
        "m": spins.mean(axis=(0, 2)),
        "energy": state.energies[..., columns].mean(axis=1) / sites,
        "q": q,
        "q2": q**2,
        "q4": q**4,
    }
    for name, pattern in patterns.items():
        overlap = np.einsum("nsat,sn->sat", spins, pattern) / sites
        found[name] = overlap.mean(axis=1)
        found[f"{name}2"] = (overlap**2).mean(axis=1)
    return found
