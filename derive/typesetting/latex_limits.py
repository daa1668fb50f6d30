r"""LaTeX of limits: capacities, ground states, asymptotic expansions."""

from __future__ import annotations

from typing import Any

from sympy import Eq, Expr

from derive.limits.asymptotics import Asymptotics
from derive.limits.capacity import Capacity
from derive.limits.ground_state import ENERGY, GroundState
from derive.typesetting.latex_printer import Typesetter

__all__ = ["asymptotics_lines", "capacity_lines", "next_orders", "per_beta"]

Line = tuple[str, ...]


def _tex(expr: Any) -> str:
    return str(Typesetter(()).doprint(expr))


def capacity_lines(capacity: Capacity) -> list[Line]:
    """The balance, and stationarity in the other unknowns."""
    equations: list[Eq] = [capacity.equation, *capacity.conditions]
    return [("0", "=", _tex(equation.lhs)) for equation in equations]


def per_beta(state: GroundState) -> str:
    r"""What a ground state is the limit of: ``-e = \lim (1/(beta N)) \ln Z``."""
    return rf"-e = \lim_{{\beta \to \infty}} \frac{{1}}{{\beta {_tex(state.size)}}} \ln Z"


def next_orders(state: GroundState) -> list[Line]:
    """The terms of phi below the order beta."""
    rest = [_term(p, k, c) for (p, k), c in state.orders.items() if (p, k) != ENERGY]
    return [(r"\phi - \beta (-e)", r"\simeq", " + ".join(rest))] if rest else []


def _term(power: Expr, logs: int, coefficient: Expr) -> str:
    factor = rf"\beta^{{{_tex(-power)}}}" if power != 0 else ""
    factor += r"(-\ln \beta)" + (f"^{{{logs}}}" if logs > 1 else "") if logs else ""
    return rf"{factor} \left\{{{_tex(coefficient)}\right\}}" if factor else _tex(coefficient)


def asymptotics_lines(found: Asymptotics) -> list[Line]:
    """The sum of the terms, and the order of the remainder."""
    if found.order.is_infinite:
        return [("", "", _tex(found.expr))]
    remainder = rf"\mathcal{{O}}({_tex(found.small**found.order)})"
    return [("", "", f"{_tex(found.expr)} + {remainder}")]
