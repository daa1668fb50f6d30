"""What `critical` returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from numerics.problem.errors import ProblemError

__all__ = ["Bifurcation", "CriticalStatus", "Criticality", "Landau"]


class CriticalStatus(IntEnum):
    """How the lowest eigenvalue of the inverse response meets zero.

    `CROSSES` and `TOUCHES` are critical points.  `UNRESOLVED`: it seems to cross, but its mode did
    not converge, as where very many modes are nearly critical together; the value is the best met.
    """

    CROSSES = 0
    TOUCHES = 1
    NONE = 2
    UNSTABLE = 3
    UNRESOLVED = 4

    @property
    def found(self) -> bool:
        """Whether there is a critical value."""
        return self in (CriticalStatus.CROSSES, CriticalStatus.TOUCHES)


class Bifurcation(IntEnum):
    """What branches off at the critical point.

    `SUPERCRITICAL`: ordered states grow from zero on the unstable side, a continuous transition.
    `SUBCRITICAL`: unstable states on the stable side, so that the transition is discontinuous and
    happens before.  `TRANSCRITICAL`: a cubic term of the potential, one branch on each side.
    `DEGENERATE`: several modes become critical together, or no term up to fourth order decides.
    """

    SUPERCRITICAL = 0
    SUBCRITICAL = 1
    TRANSCRITICAL = 2
    DEGENERATE = 3


@dataclass(frozen=True)
class Landau:
    """The potential along the critical mode, with the other modes eliminated.

    With the state at ``x0 + eps * mode``, the inverse response r along the mode and
    t = (parameter - value) / value, the stationary states obey
    ``r eps + cubic eps^2 / 2 + quartic eps^3 / 6 = 0`` to this order.

    Attributes
    ----------
    bifurcation : Bifurcation
        Supercritical, subcritical, transcritical or degenerate.
    cubic, quartic : float
        Third and fourth derivatives of minus the potential along the mode; the quartic contains
        what the cubic coupling to the other modes adds, unless several are critical together.
    amplitude : float or None
        ``eps^2 = amplitude * abs(t)`` on the side where the ordered state exists; of a
        transcritical one, ``abs(eps) = amplitude * abs(t)``.  None if degenerate, or if the
        critical value is zero, to which nothing is relative.
    """

    bifurcation: Bifurcation
    cubic: float
    quartic: float
    amplitude: float | None


@dataclass(frozen=True, eq=False)
class Criticality:
    """The critical point of a state: where its inverse response becomes singular.

    Attributes
    ----------
    status : CriticalStatus
        Whether the lowest eigenvalue crosses zero, touches it, or neither; `sentence` in words.
    parameter : str
        What was varied.
    value : float or None
        Its critical value; None if there is none.
    error : float or None
        An estimate of the error of the value from the rounding of the inverse response and the
        residual of the mode.
    mode : dict or None
        Name of each unknown to its part of the critical mode, of norm 1 over all unknowns and of
        positive sum.
    mode_error : float or None
        Residual of the mode over the gap: its angle to the exact mode.
    eigenvalue : float or None
        The lowest eigenvalue of the inverse response at the value; of rounding size if it crosses.
    slope : float or None
        Its derivative by the parameter.
    gap : float or None
        The distance to the next eigenvalue; infinite for one unknown.
    nearest : (float, float) or None
        Where the lowest eigenvalue has its local minimum, and the minimum, if it does not cross.
    landau : Landau or None
        What branches off, if it crosses.
    searched : (float, float)
        The range, from the stable end.
    """

    status: CriticalStatus
    parameter: str
    searched: tuple[float, float]
    value: float | None = None
    error: float | None = None
    mode: dict[str, Any] | None = None
    mode_error: float | None = None
    eigenvalue: float | None = None
    slope: float | None = None
    gap: float | None = None
    nearest: tuple[float, float] | None = None
    landau: Landau | None = None

    @property
    def temperature(self) -> float:
        """The critical temperature, if the parameter is T or beta = 1/T.

        Raises
        ------
        ProblemError
            If it is neither, or there is no critical value.
        """
        if self.value is None:
            raise ProblemError(f"there is no critical temperature: {self.sentence}")
        if self.parameter not in ("T", "beta"):
            raise ProblemError(
                f"{self.parameter} is neither T nor beta: its critical value is .value"
            )
        return self.value if self.parameter == "T" else 1 / self.value

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        name, (begin, end) = self.parameter, self.searched
        if self.status == CriticalStatus.UNSTABLE:
            return (
                f"the inverse response is not positive at either end, {name} = {begin:g} and "
                f"{end:g}: the state is unstable there; give between=(...) with a stable end"
            )
        if self.status == CriticalStatus.NONE:
            near = ""
            if self.nearest is not None:
                near = f"; it is least, {self.nearest[1]:.3g}, at {name} = {self.nearest[0]:.6g}"
            return (
                f"no transition: the lowest eigenvalue of the inverse response is positive from "
                f"{name} = {begin:g} to {end:g}{near}"
            )
        what = {
            CriticalStatus.CROSSES: "crosses zero",
            CriticalStatus.TOUCHES: "touches zero within the resolution and turns back",
            CriticalStatus.UNRESOLVED: "nears zero, but its mode did not converge,",
        }[self.status]
        return (
            f"the lowest eigenvalue of the inverse response {what} at "
            f"{name} = {self.value:.10g} +- {self.error:.1e}"
        )

    def __repr__(self) -> str:
        return f"<Criticality: {self.sentence}>"
