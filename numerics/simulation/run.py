"""What a simulation found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.labelled import MissingExtraError
from numerics.problem.errors import ProblemError
from numerics.simulation.estimate import Estimate
from numerics.simulation.sampling import Sampling
from numerics.simulation.sites import Binned

__all__ = ["Run"]


@dataclass(frozen=True, repr=False)
class Run(Mapping[str, Estimate]):
    """Estimates by name; all arrays have the shape of the batch first.

    Attributes
    ----------
    estimates : dict of str to Estimate
        ``m``, ``abs_m``, ``m2``, ``m4``, ``chi``, ``chi_abs``, ``binder``; with an inverse
        temperature also ``energy`` (per site) and ``specific_heat``; and the user's observables.
    means : Binned or None
        ``<s_i>`` (batch, sites), the variables one after the other.
    correlations : Binned or None
        ``<s_i s_j>`` (batch, sites, sites), not connected.
    series : dict of str to ndarray (time, chains, batch)
        What was measured.
    states : ndarray (chains, batch, sites)
        The last states: a ``start=`` from which to go on.
    parameters : dict of str to ndarray
        What was given; arrays of couplings left out.
    sweeps, burn_in, every : int
        How long it ran.
    """

    estimates: dict[str, Estimate]
    means: Binned | None
    correlations: Binned | None
    series: dict[str, np.ndarray]
    states: np.ndarray
    parameters: dict[str, np.ndarray]
    sweeps: int
    burn_in: int
    every: int

    def __getitem__(self, name: str) -> Estimate:
        if name not in self.estimates:
            hint = "; give the exponent an inverse temperature beta" if name in _THERMAL else ""
            raise ProblemError(
                f"{name} was not measured: there are {', '.join(self.estimates)}{hint}"
            )
        return self.estimates[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.estimates)

    def __len__(self) -> int:
        return len(self.estimates)

    def __contains__(self, name: object) -> bool:
        return name in self.estimates

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the batch."""
        return self.estimates["m"].value.shape

    @property
    def reliable(self) -> bool:
        """Whether the error bar of every estimate can be trusted."""
        return all(found.reliable for found in self.estimates.values())

    @property
    def warnings(self) -> list[str]:
        """A sentence for each reason not to trust an error bar, and where it holds."""
        listed = []
        for reason in Sampling:
            if reason == Sampling.RELIABLE:
                continue
            counts = {k: int((e.status == reason).sum()) for k, e in self.estimates.items()}
            where = [k if not self.shape else f"{k} ({n})" for k, n in counts.items() if n]
            if where:
                listed.append(f"{reason.name}: {', '.join(where)}: {reason.sentence}")
        return listed

    def __str__(self) -> str:
        chains = self.states.shape[0]
        points = int(np.prod(self.shape, dtype=int))
        heading = (
            f"Run of {chains} chains, {self.sweeps} sweeps after {self.burn_in}, "
            f"{self.states.shape[-1]} sites, {points} point{'' if points == 1 else 's'}"
        )
        width = max(len(name) for name in self.estimates)
        rows = [
            f"  {name:<{width}}  {found}  (tau {float(np.max(found.tau)):.3g} sweeps)"
            for name, found in self.estimates.items()
        ]
        return "\n".join([heading, *rows, *(f"  ! {text}" for text in self.warnings)])

    __repr__ = __str__

    def to_xarray(self) -> Any:
        """Values, errors, times and statuses over named axes.

        Raises
        ------
        MissingExtraError
            If xarray is not installed.
        """
        try:
            import xarray
        except ImportError:
            raise MissingExtraError(
                "xarray is not installed; it comes with the extra: pip install 'saddlepoint[sweep]'"
            ) from None
        axes, coordinates = self._axes()
        data: dict[str, Any] = {}
        for name, found in self.estimates.items():
            for part in ("error", "tau", "status"):
                data[f"{name}_{part}"] = (axes, getattr(found, part))
            data[name] = (axes, found.value)
        if self.means is not None:
            data["means"] = ([*axes, "site"], self.means.value)
            data["means_error"] = ([*axes, "site"], self.means.error)
        return xarray.Dataset(data, coords=coordinates)

    def _axes(self) -> tuple[list[str], dict[str, Any]]:
        """A name for each axis: the first parameter that varies along it alone."""
        rank = len(self.shape)
        axes = [f"axis_{k}" for k in range(rank)]
        coordinates: dict[str, Any] = {}
        for name, value in self.parameters.items():
            lengths = (1,) * (rank - value.ndim) + value.shape
            varying = [k for k, length in enumerate(lengths) if length > 1]
            if len(varying) == 1 and axes[varying[0]] == f"axis_{varying[0]}":
                axes[varying[0]] = name
                coordinates[name] = (name, value.reshape(-1))
        for name, value in self.parameters.items():
            if name not in coordinates:
                shown = float(value) if not value.ndim else np.broadcast_to(value, self.shape)
                coordinates[name] = shown if not value.ndim else (axes, shown)
        return axes, coordinates


_THERMAL = ("energy", "specific_heat")
