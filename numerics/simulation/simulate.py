"""The public call: chains at every point of a batch, measured sweep by sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from numerics.problem.errors import ProblemError
from numerics.simulation.door import Opened, generator, opened, starting, whole
from numerics.simulation.estimate import Protocol, estimates
from numerics.simulation.measurement import Piece, Plan, measured
from numerics.simulation.network import network
from numerics.simulation.run import Run
from numerics.simulation.sites import Binned, site_status

__all__ = ["simulate"]


def simulate(
    problem: Any,
    *,
    sweeps: int,
    burn_in: int | None = None,
    chains: int = 4,
    every: int = 1,
    rng: Any = None,
    start: Any = "random",
    of: str | None = None,
    observables: Mapping[str, Callable[..., Any]] | None = None,
    sites: bool = True,
    correlations: bool = False,
    **parameters: Any,
) -> Run:
    r"""Heat-bath Monte Carlo of a pairwise model, over a batch of parameters.

    Each spin is drawn from its distribution given all others,
    :math:`p(s_i = v) \propto \exp(g_i(v) + v \sum_j K_{ij} s_j)`; for Ising spins in fields
    :math:`\beta h_i` that is the logistic function of :math:`2 (\sum_j K_{ij} s_j + \beta h_i)`.
    Sites are visited in a fixed order, those that no coupling joins at once.

    Parameters
    ----------
    problem : Pairwise, or anything with ``.pairwise()``
        An ensemble of Ising, {0, 1}, spin-S or other discrete spins that meet in pairs.
    sweeps : int
        Updates of every site after the burn-in.
    burn_in : int, optional
        Sweeps before the first measurement; a quarter of `sweeps` by default, and none from a
        given start.
    chains : int
        Independent chains at every point.
    every : int
        Sweeps from one measurement to the next.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        The seed; with the same one the run is repeated exactly.
    start : {"random", "ordered"} or array
        All spins at random, all at their largest value, or states (chains, batch, sites), as
        ``run.states`` of an earlier run, which are taken to be in equilibrium.
    of : str, optional
        The variable whose mean is ``m``; that of all sites by default.
    observables : mapping of str to callable, optional
        Functions of the spins of each variable, arrays (chains, points, sites) with the batch
        flattened to points, to (chains, points).
    sites, correlations : bool
        Whether ``<s_i>`` and ``<s_i s_j>`` are measured.
    **parameters
        A number or array for each parameter; arrays of elements have their own axes last.
        Couplings may be SciPy sparse arrays.

    Returns
    -------
    Run
        Estimates with errors, autocorrelation times, and warnings where errors are not to be
        trusted.

    Raises
    ------
    NumericsError
        For parameters that are missing, unknown, not finite, out of their domain or misshapen;
        for couplings declared symmetric that are not; for a run without sweeps or chains.
    CouplingError, MoveError
        If the ensemble is not pairwise (from `derive`).

    Notes
    -----
    ``chi`` is beta n (<m^2> - <m>^2) for the n spins of `m`, ``chi_abs`` the same with |m| in place
    of m, ``binder`` 1 - <m^4>/(3 <m^2>^2), ``specific_heat`` beta^2 N (<e^2> - <e>^2): that of an
    exponent -beta H; the energy is -d log Z/d beta / N of any exponent.

    Examples
    --------
    >>> from sympy import symbols
    >>> from derive.equations import Coupling, Element, Index, Label, Pairwise, Spins
    >>> N = symbols("N", integer=True, positive=True)
    >>> i, j = Index("i", N), Index("j", N)
    >>> s, K, h = Label("s", (i.range,)), symbols("K", real=True), symbols("h", real=True)
    >>> spins = Spins(s[i], (-1, 1), (0, 0), (h,))
    >>> magnet = Pairwise((spins,), (Coupling(s[i], s[j], K / N),), 0 * h, (K, h))
    >>> run = simulate(magnet, sweeps=2000, rng=1, N=50, K=0.5, h=[0.1, 0.3])
    >>> run["m"].value.round(1).tolist(), run.reliable  # m = tanh(K m + h) as N -> oo
    ([0.2, 0.5], True)
    """
    model = opened(problem, parameters)
    length = whole("sweeps", sweeps, 4)
    given_start = not isinstance(start, str)
    default = 0 if given_start else length // 4
    plan = Plan(
        sweeps=length,
        burn_in=default if burn_in is None else whole("burn_in", burn_in, 0),
        every=whole("every", every, 1),
        chains=whole("chains", chains, 1),
        of=of,
        observables=dict(observables or {}),
        sites=sites,
        correlations=correlations,
    )
    if plan.count < 4:
        raise ProblemError(f"{sweeps} sweeps, one in {every} measured, are fewer than four")
    source = generator(rng)
    states = starting(start, model, plan.chains, source)
    pieces = []
    for points in model.groups:
        numbers = network(model.pairwise, model.at(points))
        pieces.append(measured(numbers, plan, states[..., points], source))
    return _together(pieces, model, plan, given_start)


def _together(pieces: Sequence[Piece], model: Opened, plan: Plan, equilibrium: bool) -> Run:
    """One result for the whole batch."""
    first, shape = pieces[0].network, model.given.shape
    series = {
        name: np.concatenate([piece.series[name] for piece in pieces], axis=-1)
        for name in pieces[0].series
    }
    beta = model.pairwise.beta
    betas = None if beta is None else model.at(np.arange(model.given.points)).over(beta, ())
    place = first.place(plan.of)
    counts = place.stop - place.start, first.sites
    how = Protocol(-1 if equilibrium else plan.burn_in, plan.every)
    found = estimates(series, betas, counts, how)
    status = site_status(found.values(), plan.bin * plan.every)
    return Run(
        estimates={name: one.reshaped(shape) for name, one in found.items()},
        means=_joined([piece.means for piece in pieces], status, shape),
        correlations=_joined([piece.correlations for piece in pieces], status, shape),
        series={name: x.reshape(*x.shape[:2], *shape) for name, x in series.items()},
        states=_states(pieces, shape),
        parameters={k: v for k, v in model.given.values.items() if not model.given.core[k]},
        sweeps=plan.sweeps,
        burn_in=plan.burn_in,
        every=plan.every,
    )


def _states(pieces: Sequence[Piece], shape: tuple[int, ...]) -> np.ndarray:
    states = np.concatenate([piece.states for piece in pieces], axis=-1)
    return np.moveaxis(states, 0, -1).reshape(states.shape[1], *shape, -1)


def _joined(
    parts: Sequence[Binned | None], status: np.ndarray, shape: tuple[int, ...]
) -> Binned | None:
    """Means over sites of all points."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    value, error = (
        np.concatenate([getattr(part, name) for part in known]) for name in ("value", "error")
    )
    inner = value.shape[1:]
    return Binned(
        value.reshape(*shape, *inner), error.reshape(*shape, *inner), status.reshape(shape)
    )
