"""What a user waits for before the first line: importing the packages, against their foundation."""

import subprocess
import sys

from benchmarks.harness import Candidate, Prepared, Workload

PEAK = "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"


def _import(module: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)


def _peak(module: str) -> float:
    program = f"import {module}\n{PEAK}"
    command = [sys.executable, "-c", program]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) * 1024


def _candidate(module: str) -> Candidate:
    name = f"import {module}"
    return Candidate(name, lambda: _import(module), memory=lambda: _peak(module))


def _prepare_derive() -> Prepared:
    return Prepared([_candidate("sympy"), _candidate("derive")], reference="import sympy")


def _prepare_numerics() -> Prepared:
    modules = ["sympy, numpy, scipy.special", "numerics"]
    return Prepared(
        [_candidate(module) for module in modules], reference="import sympy, numpy, scipy.special"
    )


WORKLOADS = [
    Workload("import_derive", "start Python and import derive", _prepare_derive),
    Workload("import_numerics", "start Python and import numerics", _prepare_numerics),
]
