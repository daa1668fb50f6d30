"""The source of the compiled integrator: one unit for each method, whatever the equations.

It serves a batch of trajectories in lanes.  Every lane has a time and a step size of its own; all
lanes ask for their slopes together, by one call of the compiled right-hand side; a lane whose
trajectory has ended takes the next one.  Steps and their control are those of SciPy's `RK45` and
`DOP853`, so that trajectories agree up to rounding.

States, slopes and the like are arrays (lane, entry).  What depends on the method is printed here,
with its coefficients in place; what does not is the text in `numerics.flow.lanes_driver`.
"""

from __future__ import annotations

from collections.abc import Sequence

from numerics.flow.lanes_driver import DRIVER
from numerics.flow.tableaux import Tableau

__all__ = ["DATA", "MARKS", "print_integrator"]

# What stands where among the integers handed over: sizes and counts, then addresses.
DATA = (
    *("LANES", "COUNT", "LENGTH", "PARAMETERS", "POINTS", "TIMES_COUNT", "MAX_STEPS"),
    *("FULL", "OUTS", "LIMITS"),
    *("ENTRY", "CALL_DATA", "SETTINGS", "TIMES", "STARTS", "GIVEN", "SAVED", "LAST_TIMES"),
    *("LAST_STATES", "TALLY", "LANE_MARKS", "SPREAD_FROM", "GATHER_FROM", "LIMITED", "WEIGHTS"),
    *("Y", "NEW", "TRIAL", "H", "SQUARES", "MORE_SQUARES", "SLOPES", "SCRATCH", "OWN"),
    *("FULL_AT", "OUTS_AT", "T", "CLOCK", "STEP", "LATER", "AFTER", "OUTSIDE"),
)
# What is kept of each lane, as integers.
MARKS = ("STATE", "ROW", "NEXT", "STEPS", "ASKED", "REJECTED", "REFUSED")


def print_integrator(tableau: Tableau) -> str:
    """The source of a method; its entry is `flow`."""
    constants = [
        *(f"{name} = {k}" for k, name in enumerate(DATA)),
        *(f"{name} = {k}" for k, name in enumerate(MARKS)),
        f"STAGES = {len(tableau.stages) - tableau.extra}",
        f"EXTRA = {tableau.extra}",
        f"SLOPES_COUNT = {tableau.slopes}",
        f"TERMS = {len(tableau.interpolant)}",
        f"MIRRORED = {tableau.mirrored}",
        f"TWO_ERRORS = {len(tableau.errors) == 2}",
        f"EXPONENT = {-1 / (tableau.order + 1)!r}",
        f"FIRST_EXPONENT = {1 / (tableau.order + 1)!r}",
    ]
    regular = len(tableau.stages) - tableau.extra
    parts = [
        "\n".join(constants),
        *(_combination(k + 1, row) for k, (_, row) in enumerate(tableau.stages)),
        _errors(tableau.errors),
        _asked("stepped", tableau, range(regular)),
        _asked("extended", tableau, range(regular, len(tableau.stages))),
    ]
    return "\n\n\n".join([*parts, DRIVER.strip()]) + "\n"


def _combination(number: int, row: Sequence[float]) -> str:
    """The state at which a slope is asked for."""
    used = [k for k, a in enumerate(row) if a]
    slopes = ", ".join(f"k{k}" for k in used)
    return "\n".join(
        [
            "@device",
            f"def combined_{number}(length, y, h, {slopes}, out):",
            "    apart()",
            "    for e in range(length):",
            f"        out[e] = y[e] + h[e] * ({_sum(row)})",
        ]
    )


def _errors(rows: Sequence[Sequence[float]]) -> str:
    """Squares of the error estimates over the tolerated errors, entry by entry."""
    used = sorted({k for row in rows for k, e in enumerate(row) if e})
    names = ", ".join(f"k{k}" for k in used)
    lines = [
        "@device",
        f"def estimated(length, atol, rtol, y, new, {names}, first, second):",
        "    apart()",
        "    for e in range(length):",
        "        scale = atol + rtol * max(abs(y[e]), abs(new[e]))",
    ]
    for name, row in zip(("first", "second"), rows, strict=False):
        lines += [f"        error = ({_sum(row)}) / scale", f"        {name}[e] = error * error"]
    return "\n".join(lines)


def _asked(name: str, tableau: Tableau, numbers: range) -> str:
    """The slopes of some stages, one after the other."""
    regular = len(tableau.stages) - tableau.extra
    lines = [
        "@device",
        f"def {name}(args, dimensions, steps, data):",
        "    length = data[LENGTH]",
        *(f"    {p} = pointer(data[{p.upper()}])" for p in ("y", "new", "trial", "h", "slopes")),
        *(f"    k{k} = offset(slopes, {k} * length)" for k in range(tableau.slopes)),
    ]
    for number in numbers:
        fraction, row = tableau.stages[number]
        slopes = ", ".join(f"k{k}" for k, a in enumerate(row) if a)
        is_end = number == regular - 1
        target = "new" if is_end else "trial"
        lines.append(f"    combined_{number + 1}(length, y, h, {slopes}, {target})")
        lines += ["    copied(length, new, trial)"] if is_end else []
        lines.append(f"    timed(data, {fraction!r})")
        lines.append(f"    asked(args, dimensions, steps, data, k{number + 1})")
    if name == "stepped":
        used = sorted({k for errors in tableau.errors for k, e in enumerate(errors) if e})
        listed = ", ".join(f"k{k}" for k in used)
        lines += [
            "    tolerated = pointer(data[SETTINGS])",
            "    first, second = pointer(data[SQUARES]), pointer(data[MORE_SQUARES])",
            f"    estimated(length, tolerated[0], tolerated[1], y, new, {listed}, first, second)",
        ]
    return "\n".join([*lines, "    return 0"])


def _sum(row: Sequence[float]) -> str:
    return " + ".join(f"{a!r} * k{k}[e]" for k, a in enumerate(row) if a)
