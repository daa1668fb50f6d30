"""Measure every workload, print a table, and write ``out/bench.json`` and ``out/bench.md``.

python -m benchmarks.run [PART OF A WORKLOAD'S NAME ...]
"""

import importlib
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.table import as_markdown, as_text, summary

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
PAGE = OUT.with_suffix(".md")


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

    table: dict[str, dict[str, harness.Measurement]] = {}
    page = []
    for workload in chosen:
        print(f"\n{workload.name}: {workload.meaning}", flush=True)
        try:
            measured = harness.measure(workload)
        except harness.Absent as reason:
            print(f"left out: {reason}")
            continue
        print(as_text(measured), flush=True)
        page.append(as_markdown(workload, measured))
        table[workload.name] = measured
        _write(table, page)
    print("\nratio: seconds over those of the reference, marked *; ", end="")
    print(f"X/own: those of the fastest of X over its own; written to {OUT} and {PAGE}")
    return 0


def _write(table: dict[str, dict[str, harness.Measurement]], page: list[str]) -> None:
    """What is measured so far."""
    entries = {
        workload: {name: _entry(shown) for name, shown in measured.items()}
        for workload, measured in table.items()
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(entries, indent=1, allow_nan=False) + "\n")
    PAGE.write_text("\n".join([summary(table), "", *page]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
