"""Compute the table of reference numbers: python -m tests.replica.reference [start of key ...].

Rows whose key starts so (all without arguments) are computed by both routes, printed and written;
the others stay as they are. Stops before writing if the routes disagree.
"""

import json
import sys
import time

from tests.replica import (
    biased_outputs,
    bipartite,
    cdma,
    counted_errors,
    gardner,
    hopfield,
    hopfield_ground_state,
    ising_perceptron,
    ising_teacher,
    lasso,
    one_step,
    ridge,
    sherrington_kirkpatrick,
    spherical_glass,
    spherical_p_spin,
    spin_one,
    teacher_student,
)
from tests.replica.rows import Row, computed, written
from tests.replica.table import PATH

__all__ = ["ROWS", "main"]

MODULES = (
    gardner,
    sherrington_kirkpatrick,
    one_step,
    hopfield,
    hopfield_ground_state,
    ising_perceptron,
    counted_errors,
    teacher_student,
    ising_teacher,
    ridge,
    lasso,
    spin_one,
    bipartite,
    cdma,
    biased_outputs,
    spherical_glass,
    spherical_p_spin,
)

ROWS: dict[str, Row] = {key: row for module in MODULES for key, row in module.ROWS.items()}

TRUSTED_DIGITS = 20


def main(starts: list[str]) -> None:
    """Compute the rows asked for and write the table."""
    table = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    for key, row in ROWS.items():
        if not key.startswith(tuple(starts or [""])):
            continue
        began = time.perf_counter()
        entry = written(row, *computed(row))
        if entry["digits"] < TRUSTED_DIGITS:
            raise ArithmeticError(f"{key}: the routes differ by {entry['check']}: {entry['value']}")
        table[key] = entry
        spent = time.perf_counter() - began
        print(f"{key}: {entry['value']} ({entry['check']}, {spent:.1f} s)", flush=True)
    ordered = {key: table[key] for key in ROWS if key in table}
    PATH.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
