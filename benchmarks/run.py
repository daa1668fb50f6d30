"""Measure every workload, print a table, and write ``out/bench.json``.

python -m benchmarks.run [PART OF A WORKLOAD'S NAME ...]
"""

import importlib
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import harness

MODULES = [
    "benchmarks.start_up",
    "benchmarks.compilation",
    "benchmarks.curie_weiss",
    "benchmarks.matrices",
    "benchmarks.network",
    "benchmarks.variance_map",
    "benchmarks.correlation_map",
    "benchmarks.gardner",
    "benchmarks.fixed_point",
    "benchmarks.soft_committee",
    "benchmarks.soft_committee_flow",
    "benchmarks.perceptron",
    "benchmarks.hessian",
    "benchmarks.simulation",
]
OUT = Path("out/bench.json")
WIDTH = 48  # of the column of names
AGAINST = 18  # of the columns of further references
HEADER = f"{'candidate':<{WIDTH}}{'ratio':>10}{'seconds':>12}{'error':>10}{'MiB':>9}"


def _row(name: str, shown: harness.Measurement) -> str:
    name += " *" if shown.reference else ""
    error = "-" if shown.error is None else f"{shown.error:.1e}"
    measured = f"{shown.ratio:>10.3g}{shown.seconds:>12.3e}{error:>10}{shown.memory_mib:>9.1f}"
    return f"{name:<{WIDTH}}{measured}{_against(f'{gain:.3g}' for gain in shown.against.values())}"


def _against(cells: Iterable[str]) -> str:
    return "".join(f"{cell:>{AGAINST}}" for cell in cells)


def _show(measured: Mapping[str, harness.Measurement]) -> None:
    groups = next(iter(measured.values())).against
    print(HEADER + _against(f"{group}/own" for group in groups))
    for name, shown in measured.items():
        print(_row(name, shown), flush=True)


def _entry(shown: harness.Measurement) -> dict[str, Any]:
    """Return a measurement for JSON, which has no infinite number: its name stands instead."""
    entry = asdict(shown)
    if shown.error is not None and not math.isfinite(shown.error):
        entry["error"] = str(shown.error)
    return entry


def main(parts: Sequence[str]) -> int:
    """Measure the workloads whose name contains one of `parts` (all without any)."""
    core = harness.one_core()
    print("on one core" if core is not None else "on whatever cores the system gives")
    workloads = [w for name in MODULES for w in importlib.import_module(name).WORKLOADS]
    chosen = [w for w in workloads if not parts or any(part in w.name for part in parts)]
    if not chosen:
        names = ", ".join(w.name for w in workloads)
        print(f"no such workload; there are: {names}", file=sys.stderr)
        return 1

    table = {}
    for workload in chosen:
        print(f"\n{workload.name}: {workload.meaning}", flush=True)
        try:
            measured = harness.measure(workload)
        except harness.Absent as reason:
            print(f"left out: {reason}")
            continue
        _show(measured)
        table[workload.name] = {name: _entry(shown) for name, shown in measured.items()}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(table, indent=1, allow_nan=False) + "\n")
    print("\nratio: seconds over those of the reference, marked *; ", end="")
    print(f"X/own: those of the fastest of X over its own; written to {OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
