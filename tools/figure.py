"""The figure of ``make run``: branches of the magnet, exact finite sizes, and the orders in 1/N."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sympy import Symbol

import numerics as nm
from derive import FreeEntropy
from derive.models import curie_weiss

__all__ = ["figure_of"]

T = Symbol("T", positive=True)
BLUE, RED, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "0.35"  # told apart by the colour-blind
COLOURS = (BLUE, RED, GREEN)
SMALL = 1000  # the size of the exact points
COLD = 0.6  # the temperature of the hysteresis loop, in units of J
POINT: dict[str, Any] = {"T": 0.8, "J": 1.0, "h": 0.1}  # where the orders in 1/N are compared
SIZES = tuple(2**k for k in range(3, 15))


def figure_of(free_entropy: FreeEntropy, solutions: dict[float, nm.Solution]) -> Any:
    """Four panels: magnetisation and susceptibility by temperature, hysteresis, orders in 1/N.

    Parameters
    ----------
    free_entropy : FreeEntropy
        Of the magnet, with T as its temperature.
    solutions : dict of float to Solution
        By the field, over temperatures.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 7.2), layout="constrained")
    panels = figure.subplots(2, 2)
    magnetisation(panels[0, 0], solutions)
    susceptibility(panels[0, 1], solutions)
    hysteresis(panels[1, 0], free_entropy)
    orders(panels[1, 1], free_entropy)
    for letter, ax in zip("abcd", panels.flat, strict=True):
        ax.set_title(f"({letter})", loc="left", fontsize="medium")
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def exact(size: int, **point: Any) -> nm.ExactSum:
    """The finite system, its temperature T."""
    model = curie_weiss.ensemble()
    return nm.exact(model.subs(model.beta, 1 / T), N=size, **point)


def magnetisation(ax: Any, solutions: dict[float, nm.Solution]) -> None:
    """All branches against the temperature; the root mean square where <M> = 0 by symmetry."""
    for (h, solution), colour in zip(solutions.items(), COLOURS, strict=False):
        few = np.linspace(0.25, 1.75, 16)
        finite = exact(SMALL, T=few, J=1.0, h=h)
        mean = finite.moment(1) if h else np.sqrt(finite.moment(2))
        solution.plot("T", "m", ax=ax, color=colour)
        ax.plot(few, mean, "o", color=colour, markersize=4, markerfacecolor="white")
    finite_key = dots(";\nat $h = 0$ its r.m.s." if 0 in solutions else "")
    keys(ax, [*field_keys(solutions), line("-", "stable"), line("--", "unstable"), finite_key])
    ax.set(xlabel="temperature $T/J$", ylabel="magnetisation $m$", ylim=(-1.05, 1.05))


def susceptibility(ax: Any, solutions: dict[float, nm.Solution]) -> None:
    """The response of the dominant state, and the fluctuations N var(M/N)/T of the finite one."""
    for (h, solution), colour in zip(solutions.items(), COLOURS, strict=False):
        along = np.asarray(solution.parameters["T"])
        ax.plot(along, solution.dominant("susceptibility"), color=colour)
        if h:
            few = np.linspace(0.45, 1.75, 14)
            finite = exact(SMALL, T=few, J=1.0, h=h)
            variance = finite.moment(2) - finite.moment(1) ** 2
            ax.plot(few, SMALL * variance / few, "o", color=colour, ms=4, markerfacecolor="white")
    keys(ax, [*field_keys(solutions), dots()])
    ax.set(xlabel="temperature $T/J$", ylabel=r"susceptibility $J\chi$")
    ax.set(yscale="log", ylim=(2e-3, 300))


def hysteresis(ax: Any, free_entropy: FreeEntropy) -> None:
    """All branches against the field below T_c, with the ends of the metastable ones."""
    fields = np.linspace(-0.4, 0.4, 401)
    nm.solve(free_entropy, T=COLD, J=1.0, h=fields).plot("h", "m", ax=ax, color=BLUE)
    m, h = free_entropy.unknown("m"), free_entropy.parameter("h")
    for end in free_entropy.spinodal("h").solutions:
        at = nm.compile([end[h], end[m]])(T=COLD, J=1.0)
        ax.plot(*at, "s", color=RED, markersize=6)
    few = fields[::20]
    mean = exact(SMALL, T=COLD, J=1.0, h=few).moment(1)
    ax.plot(few, mean, "o", color=GREY, markersize=4, markerfacecolor="white")
    marks = [line("-", "stable", BLUE), line("--", "unstable", BLUE)]
    marks += [line("s", "spinodal", RED), dots()]
    keys(ax, marks)
    ax.set(xlabel=f"field $h/J$, at $T = {COLD:g}\\,J$", ylabel="magnetisation $m$")


def orders(ax: Any, free_entropy: FreeEntropy) -> None:
    """How far log Z / N at the saddle is from the exact sum, with more and more orders of 1/N."""
    m = nm.solve(free_entropy, **POINT).dominant("m")
    known = {
        "saddle point": free_entropy.size * free_entropy.density,
        "and fluctuations": free_entropy.log_partition(0),
        "and order $1/N$": free_entropy.log_partition(1),
    }
    log_z = np.array([exact(n, **POINT).log_z for n in SIZES])
    for (name, expr), colour in zip(known.items(), COLOURS, strict=True):
        value = nm.compile(expr)(m=m, N=np.array(SIZES), **POINT)
        deviation = np.abs(value - log_z) / SIZES
        ax.loglog(SIZES, deviation, "o-", color=colour, markersize=4, label=name)
    ax.set(xlabel="number of spins $N$", ylabel=r"error of $\ln Z / N$", ylim=(1e-14, 1))
    ax.legend(frameon=False, fontsize="small")
    ax.text(0.03, 0.03, f"$T = {POINT['T']}\\,J$, $h = {POINT['h']}\\,J$", transform=ax.transAxes)


def line(style: str, label: str, colour: str = GREY) -> Any:
    """An entry of a legend."""
    from matplotlib.lines import Line2D

    marker, dash = (style, "") if style in "so" else ("", style)
    drawn: dict[str, Any] = {"linestyle": dash, "marker": marker}
    return Line2D([], [], color=colour, label=label, **drawn)


def dots(note: str = "") -> Any:
    """The entry of the exact points."""
    entry = line("o", f"exact, $N = {SMALL}${note}")
    entry.set(markersize=4, markerfacecolor="white")
    return entry


def field_keys(solutions: dict[float, nm.Solution]) -> list[Any]:
    """An entry for each field."""
    pairs = zip(solutions, COLOURS, strict=False)
    return [line("-", f"$h = {h:g}\\,J$" if h else "$h = 0$", colour) for h, colour in pairs]


def keys(ax: Any, entries: Sequence[Any]) -> None:
    """Replace the legend."""
    ax.legend(handles=list(entries), frameon=False, fontsize="small")
