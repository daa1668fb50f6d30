"""What a solution says of itself, as text and as a table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from numerics.problem.status import Stability, Status
from numerics.problem.system import LARGE

if TYPE_CHECKING:
    from numerics.solution import Solution

__all__ = ["as_html", "as_text"]


def as_text(solution: Solution) -> str:
    """A heading and one line for each fact."""
    rows = [f"  {name:<11} {text}" for name, text in _facts(solution)]
    return "\n".join([_heading(solution), *rows])


def as_html(solution: Solution) -> str:
    """The same as a table."""
    left = "style='text-align:left'"
    rows = "".join(
        f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(text)}</td></tr>"
        for name, text in _facts(solution)
    )
    return f"<table><caption>{escape(_heading(solution))}</caption>{rows}</table>"


def _heading(solution: Solution) -> str:
    points, slots = solution.present.shape
    plural = "" if points == 1 else "s", "" if slots == 1 else "es"
    return f"Solution of {points} point{plural[0]}, {slots} branch{plural[1]} at most"


def _facts(solution: Solution) -> list[tuple[str, str]]:
    given = [_described(name, value) for name, value in solution.parameters.items()]
    tally = [
        f"{n} {status.name.lower()}"
        for status in Status
        if (n := int((solution.point_status == status).sum()))
    ]
    facts = [
        ("unknowns", ", ".join(solution.unknowns)),
        ("parameters", ", ".join(given) or "none"),
        ("status", ", ".join(tally)),
    ]
    cheap = solution.system.n <= LARGE or solution.places_known
    if cheap and (solution.places != Stability.UNKNOWN).any():
        stable = int((solution.places == Stability.STABLE).sum())
        facts.append(("stable", f"{stable} of {int(solution.present.sum())} branches"))
    return facts


def _described(name: str, value: np.ndarray) -> str:
    if value.ndim == 0:
        return f"{name} = {float(value):.6g}"
    return f"{name} ({' x '.join(map(str, value.shape))})"
