"""An ensemble at integer sizes for the user: its exponent written out, and its exact log Z."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
from mpmath import mp
from sympy import Expr, Float, sympify

from derive.checks.evaluate import count
from derive.checks.expand import Expansion
from derive.checks.integrals import TwoDimensional
from derive.checks.world import World
from derive.ensemble import Ensemble
from derive.errors import ParameterError
from derive.saddle.index_notation import written_out
from derive.total import Total

__all__ = ["expanded", "log_partition"]


def expanded(ensemble: Ensemble, sizes: Mapping[str, Any]) -> Expr:
    """The exponent with all sums written out at integer sizes."""
    ranges = {i.range for total in ensemble.exponent.atoms(Total) for i in total.indices}
    symbols = set().union(*(r.size.free_symbols for r in ranges))
    known = {s: sympify(sizes[str(s)]) for s in symbols if str(s) in sizes}
    counts = {over: count(over, known) for over in ranges}
    return written_out(ensemble.exponent, counts).subs(known)


def log_partition(ensemble: Ensemble, digits: int, values: Mapping[str, Any]) -> Float:
    """log Z by explicit sums and quadrature, to the digits asked for."""
    with mp.workdps(digits + 12):
        world = World(ensemble.derive(), values, seed=0)
        needed = {str(s) for s in (*world.sizes, *world.parameters)}
        needed |= {label.name for label, _ in world.arrays}
        if missing := sorted(needed - set(values)):
            raise ParameterError(f"log Z needs a value of {missing[0]}: pass {missing[0]}=...")
        try:
            found = _traced(ensemble, world)
        except TwoDimensional:
            with mp.workdps(min(digits, 12) + 4):
                found = _traced(ensemble, world)
    return Float(found, digits)


def _traced(ensemble: Ensemble, world: World) -> Any:
    expansion = Expansion(ensemble, world.sizes, world.environment())
    z = expansion.trace(list(ensemble.variables), world.environment())
    return mpmath.re(z.exponent + mpmath.log(z.value))
