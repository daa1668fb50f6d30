"""Work in a fresh process, which measures itself.

python -m benchmarks.elsewhere MODULE FUNCTION [ARGUMENT ...]

The function returns its seconds and its result; the process prints these and its peak memory.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from benchmarks.harness import Elsewhere, resident

ROOT = Path(__file__).parent.parent


def elsewhere(
    module: str,
    function: str,
    *arguments: str,
    all_cores: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Elsewhere:
    """Call a function of a module in a fresh process, on this process's cores or on all."""
    command = [sys.executable, "-m", "benchmarks.elsewhere", module, function, *arguments]
    widened = {"BENCHMARK_ALL_CORES": "1"} if all_cores else {}
    found = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {}), **widened},
    )
    if found.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{found.stderr}")
    return Elsewhere(**json.loads(found.stdout.splitlines()[-1]))


def main(module: str, function: str, *arguments: str) -> None:
    """Do the work of this process."""
    if "BENCHMARK_ALL_CORES" in os.environ and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    seconds, result = getattr(import_module(module), function)(*arguments)
    memory = resident("VmHWM") if sys.platform == "linux" else 0.0
    print(json.dumps({"seconds": seconds, "memory": memory, "result": result}))


if __name__ == "__main__":
    main(*sys.argv[1:])
