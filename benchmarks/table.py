"""What was measured, as text for the terminal and as Markdown for a page."""

from collections.abc import Iterable, Mapping

from benchmarks.harness import Measurement, Workload

WIDTH = 50  # of the column of names
AGAINST = 22  # of the columns of further references
HEADER = f"{'candidate':<{WIDTH}}{'ratio':>10}{'seconds':>12}{'error':>10}{'MiB':>9}"

Measured = Mapping[str, Measurement]


def as_text(measured: Measured) -> str:
    """One line for each candidate; the reference is marked by a star."""
    return "\n".join(
        [HEADER + _cells(f"{group}/own" for group in _groups(measured))]
        + [_line(name, shown) for name, shown in measured.items()]
    )


def _line(name: str, shown: Measurement) -> str:
    name += " *" if shown.reference else ""
    numbers = f"{shown.ratio:>10.3g}{shown.seconds:>12.3e}{_error(shown):>10}"
    gains = _cells(f"{gain:.3g}" for gain in shown.against.values())
    return f"{name:<{WIDTH}}{numbers}{shown.memory_mib:>9.1f}{gains}"


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"{text:>{AGAINST}}" for text in texts)


def as_markdown(workload: Workload, measured: Measured) -> str:
    """A section with a table; the ratio to the reference is left out where there are groups."""
    groups = _groups(measured)
    columns = ["candidate", "seconds", "error", "MiB", *(f"{group} / own" for group in groups)]
    rows = [
        [name, f"{shown.seconds:.2e}", _error(shown), f"{shown.memory_mib:.1f}"]
        + ([f"{gain:.2g}" for gain in shown.against.values()] or [f"{1 / shown.ratio:.2g}"])
        for name, shown in measured.items()
    ]
    if not groups:
        (reference,) = (name for name, shown in measured.items() if shown.reference)
        columns.append(f"{reference} / own")
    table = _markdown(columns, rows, texts=1)
    return f"### {workload.name}\n\n{workload.meaning}.\n\n{table}\n"


def summary(tables: Mapping[str, Measured], of: str = "backend") -> str:
    """A table of candidates with `of` in their names, where there are groups to compare with."""
    chosen = [
        (workload, name, shown)
        for workload, measured in tables.items()
        for name, shown in measured.items()
        if of in name and shown.against
    ]
    groups = list(dict.fromkeys(group for _, _, shown in chosen for group in shown.against))
    columns = ["workload", "candidate", "seconds", "error", *(f"{g} / own" for g in groups)]
    rows = [
        [workload, name, f"{shown.seconds:.2e}", _error(shown)]
        + [f"{shown.against[g]:.2g}" if g in shown.against else "" for g in groups]
        for workload, name, shown in chosen
    ]
    return _markdown(columns, rows, texts=2)


def _markdown(columns: list[str], rows: list[list[str]], texts: int) -> str:
    rule = ["---"] * texts + ["---:"] * (len(columns) - texts)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, rule, *rows))


def _groups(measured: Measured) -> list[str]:
    return list(next(iter(measured.values())).against)


def _error(shown: Measurement) -> str:
    return "-" if shown.error is None else f"{shown.error:.1e}"
