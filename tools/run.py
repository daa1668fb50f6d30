"""Curie-Weiss from its Hamiltonian to a certified, solved curve: what ``make run`` does.

Writes curie_weiss.tex, curie_weiss.png and curie_weiss.json to ``out/``.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sympy import Expr, Symbol

import numerics as nm
from derive import Derivation, Equations, FreeEntropy
from derive.checks.check import CheckReport
from derive.models import curie_weiss
from derive.typesetting.document import document_of
from tools.figure import figure_of

ROOT = Path(__file__).parent.parent
T = Symbol("T", positive=True)
TEMPERATURES = np.linspace(0.2, 1.8, 400)  # in units of J, an even number: T_c is none of them
FIELDS = (0.0, 0.02, 0.1)
SIZES = (100, 1_000, 10_000)
OBSERVABLES = ("free_energy", "energy", "susceptibility")
RANGES = {"m": (-1, 1), "T": (1e-3, 1e3), "J": (1e-2, 1e2), "h": (-10, 10)}


@dataclass(frozen=True)
class Comparison:
    """The largest deviations from the exact sum of one size, over all temperatures.

    Attributes
    ----------
    size : int
        N.
    free_entropy : dict of str to float
        Of log Z / N, for each order of the expansion in 1/N.
    magnetisation : float
        Of the saddle's m from <M>/N.
    """

    size: int
    free_entropy: dict[str, float]
    magnetisation: float


def main(arguments: Sequence[str]) -> int:
    """Run all of it; the exit status says whether the checks and the certificate hold."""
    parser = argparse.ArgumentParser(prog="tools.run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder for the files")
    out = parser.parse_args(arguments).out

    heading("The model and its moves")
    derivation = curie_weiss.derivation()
    print(derivation.start)
    for number, step in enumerate(derivation.steps, start=1):
        print(f"  {number}. {step}")

    heading("Every step compared with the one before it, at finite size")
    report = derivation.check(N=4)
    print(report)

    heading("What follows")
    free_entropy = derivation.state.subs(derivation.beta, 1 / T)
    derived = results(free_entropy)
    for name, text in derived.items():
        print(f"  {name:<34} {text}")

    heading("Compiled, and compared with mpmath")
    certificate = nm.certify(nm.compile(to_compile(free_entropy)), ranges=RANGES)
    print(certificate)

    heading(f"Solved at {len(TEMPERATURES)} temperatures, {len(FIELDS)} fields")
    solutions = {h: nm.solve(free_entropy, T=TEMPERATURES, J=1.0, h=h) for h in FIELDS}
    for h, solution in solutions.items():
        print(f"h = {h:g}: {solution}")

    heading(f"Against exact sums at h = {FIELDS[-1]:g}: largest deviation over the temperatures")
    comparisons = [compared(free_entropy, solutions[FIELDS[-1]], size) for size in SIZES]
    print(table(comparisons))

    heading("Written")
    numbers = {
        "check": {"holds": report.holds, "digits": report.worst_digits},
        "derived": derived,
        "certificate": certificate.to_dict(),
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "curves": curves(solutions),
    }
    for path in written(out, derivation, report, numbers, free_entropy, solutions):
        print(f"  {path} ({path.stat().st_size / 1024:.0f} kB)")
    return 0 if report.holds and certificate.holds else 1


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}")


def results(free_entropy: FreeEntropy) -> dict[str, str]:
    """What the free entropy gives by differentiation and expansion, as text."""
    landau = free_entropy.landau(source="h")
    derived = {
        "saddle equation": str(free_entropy.saddle_equations[0]),
        "free energy per spin": str(free_entropy.free_energy),
        "energy per spin": str(free_entropy.energy),
        "specific heat": str(free_entropy.specific_heat),
        "susceptibility": str(free_entropy.susceptibility()),
        "critical temperature": str(free_entropy.critical_point(h=0).value),
        "transition": landau.transition,
    }
    derived |= {f"exponent {name}": str(value) for name, value in landau.exponents.items()}
    derived |= {f"amplitude {name}": str(value) for name, value in landau.amplitudes.items()}
    return derived


def to_compile(free_entropy: FreeEntropy) -> Equations:
    """The right-hand side of the saddle equation, and observables beside it."""
    given = free_entropy.equations()
    beside = tuple((name, expr) for name, expr in given.observables if name in OBSERVABLES)
    return Equations(given.unknowns, given.parameters, given.expressions + beside)


def orders(free_entropy: FreeEntropy) -> dict[str, Expr]:
    """log Z to growing order in 1/N around one saddle."""
    return {
        "saddle point": free_entropy.size * free_entropy.density,
        "with fluctuations": free_entropy.log_partition(0),
        "with the next order": free_entropy.log_partition(1),
    }


def compared(free_entropy: FreeEntropy, solution: nm.Solution, size: int) -> Comparison:
    """The dominant branch against the exact sum, at the field of the solution."""
    point: dict[str, Any] = {"T": TEMPERATURES, "J": 1.0, "h": solution.parameters["h"]}
    model = curie_weiss.ensemble()
    exact = nm.exact(model.subs(model.beta, 1 / T), N=size, **point)
    m = solution.dominant("m")
    deviations = {
        name: np.abs(nm.compile(expr)(m=m, N=size, **point) - exact.log_z).max() / size
        for name, expr in orders(free_entropy).items()
    }
    worst = np.abs(m - exact.moment(1)).max()
    return Comparison(size, {k: float(v) for k, v in deviations.items()}, float(worst))


def table(comparisons: Sequence[Comparison]) -> str:
    """The deviations as a table, one size in a row."""
    names = list(comparisons[0].free_entropy)
    rows = [["N", *(f"log Z/N, {name}" for name in names), "m, saddle point"]]
    for c in comparisons:
        deviations = [*(c.free_entropy[name] for name in names), c.magnetisation]
        rows.append([str(c.size), *(f"{deviation:.1e}" for deviation in deviations)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  " + "   ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True))
        for row in rows
    )


def curves(solutions: dict[float, nm.Solution]) -> dict[str, Any]:
    """The dominant branch at each field, for JSON."""
    magnetisation = {f"{h:g}": s.dominant("m").tolist() for h, s in solutions.items()}
    return {"T": TEMPERATURES.tolist(), "J": 1.0, "m by h": magnetisation}


def written(
    out: Path,
    derivation: Derivation,
    report: CheckReport,
    numbers: dict[str, Any],
    free_entropy: FreeEntropy,
    solutions: dict[float, nm.Solution],
) -> list[Path]:
    """Write the three files; return where."""
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"curie_weiss.{kind}" for kind in ("tex", "png", "json")]
    document = document_of(derivation, title="The Curie-Weiss magnet", checks=report)
    paths[0].write_text(document, encoding="utf-8")
    figure_of(free_entropy, solutions).savefig(paths[1], dpi=160)
    paths[2].write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    return paths


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
