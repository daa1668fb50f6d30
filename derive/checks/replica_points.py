"""Numbers of replicas, and values of order parameters, at which the replica method is checked.

At integer n every step before the continuation is an identity between integrals, analytic in the
order parameters and their conjugates.  It is checked where these are positive, overlaps grow from
outer blocks to inner ones and stay below one, and conjugates of norms are large, so that every
Gaussian integral converges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sympy import Symbol

from derive.errors import ParameterError
from derive.measures import Continuous
from derive.variables import Variable

if TYPE_CHECKING:
    from derive.checks.world import World

__all__ = ["collective_value", "norm_conjugates", "planted_norms", "replica_sizes"]

REPLICAS, BLOCK = 2, 2
STEP = 0.2  # from the overlap of one level to that of the next


def replica_sizes(derivation: Any, given: Mapping[str, Any]) -> dict[Symbol, int]:
    """The number of replicas and the size of their blocks; empty without replicas."""
    copies = _symbols(s.details[0].range.size for s in derivation.steps if s.move == "replicate")
    blocks = _symbols(
        getattr(s.details[0], "m", 1) for s in derivation.steps if s.move == "replica_ansatz"
    )
    sizes = {m: _integer(m, given.get(str(m), BLOCK)) for m in blocks}
    for n in copies:
        per_block = max(sizes.values(), default=1)
        sizes[n] = _integer(n, given.get(str(n), REPLICAS * per_block))
        if sizes[n] % per_block:
            raise ParameterError(
                f"{n}={sizes[n]} replicas do not fall into blocks of {per_block}: pass a multiple"
            )
    return sizes


def _symbols(exprs: Any) -> list[Symbol]:
    return sorted({e for e in exprs if isinstance(e, Symbol)}, key=str)


def _integer(symbol: Symbol, value: Any) -> int:
    if value != int(value) or value < 1:
        raise ParameterError(f"{symbol}={value} numbers no replicas: pass a positive integer")
    return int(value)


def norm_conjugates(ensembles: list[Any]) -> set[str]:
    """The names of conjugates whose contour passes to the right of singularities."""
    return {
        v.name
        for e in ensembles
        for v in getattr(e, "variables", ())
        if isinstance(v.measure, Continuous) and v.measure.is_imaginary and v.measure.shift != 0
    }


def planted_norms(ensembles: list[Any]) -> set[str]:
    """The names of order parameters without replicas, such as the norm of a teacher."""
    return {
        v.name
        for e in ensembles
        for v in getattr(e, "variables", ())
        if isinstance(v.measure, Continuous) and not (v.measure.is_imaginary or v.label.ranges)
    }


def collective_value(variable: Variable, world: World) -> Any:
    """A value of an order parameter after an ansatz."""
    if variable.name in world.norm_conjugates:
        return world.uniform(2.0, 2.5)
    if variable.name in world.planted_norms:
        return world.uniform(1.0, 1.2)
    low = 0.1 + STEP * max(variable.measure.level, 0)
    return world.uniform(low, low + STEP / 2)
