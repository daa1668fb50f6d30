"""The move `limit`: an overlap goes to its end, the temperature to zero, a parameter to a point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sympy import Basic, Dummy, Expr, S, Symbol, Tuple, log, sympify

from derive.errors import MoveError
from derive.limits.asymptotics import small_parameter
from derive.limits.capacity import Capacity
from derive.limits.errors import LimitError
from derive.limits.ground_state import ENERGY, GroundState
from derive.limits.scalings import Scaled, balanced, given
from derive.saddle.free_entropy import FreeEntropy
from derive.step import Kind, Moved

__all__ = ["limit"]

SIDES = {"-": "below", "+": "above"}


def limit(
    free_entropy: Any, variable: Any, point: Any, side: str = "-", scaling: Any = None
) -> Moved:
    """A free entropy in a limit, to leading order (asymptotic).

    Parameters
    ----------
    free_entropy : FreeEntropy
        What to take the limit of.
    variable : Symbol or str
        An unknown (its end, such as q -> 1, is a capacity), the inverse temperature or the
        temperature (the ground state), or another parameter.
    point : Expr
        Where it goes.
    side : str
        "-" from below or "+" from above, for a finite point.
    scaling : dict, optional
        How unknowns go along, in the variable and one new symbol each: ``{q: 1 - C/beta}``.  Found
        by leading balance for those that are not given.

    Raises
    ------
    LimitError
        If there is no such limit; it says why.
    """
    if not isinstance(free_entropy, FreeEntropy):
        raise MoveError("limit applies to a free entropy: apply saddle_point(N) first")
    scalar, point = free_entropy.explicit, sympify(point)
    symbol = _symbol(scalar, variable)
    eps = Dummy("eps", positive=True)
    value, small, side = small_parameter(symbol, point, side, eps)
    rules = _known(scalar, scaling or {}, symbol, value)
    way = _Way(symbol, point, side, value, small, eps, rules)
    if symbol in scalar.unknowns:
        return _capacity(scalar, way)
    if scalar.beta is not None and _is_cold(scalar.beta, way):
        return _ground_state(scalar, way)
    return _parameter(scalar, way)


@dataclass(frozen=True)
class _Way:
    """Which symbol goes where, from which side; its value in eps, and eps in it; rules given."""

    symbol: Symbol
    point: Expr
    side: str
    value: Expr
    small: Expr
    eps: Symbol
    rules: dict[Symbol, Expr]

    def __str__(self) -> str:
        end = "" if self.point.is_infinite else f" from {SIDES[self.side]}"
        return f"{self.symbol} -> {self.point}{end}"


def _symbol(free_entropy: FreeEntropy, variable: Any) -> Symbol:
    names = {str(u): u for u in free_entropy.unknowns}
    return names.get(str(variable)) or free_entropy.parameter(variable)


def _known(
    free_entropy: FreeEntropy, scaling: Mapping[Any, Any], symbol: Symbol, value: Expr
) -> dict[Symbol, Expr]:
    return {
        free_entropy.unknown(u): sympify(rule).subs(symbol, value) for u, rule in scaling.items()
    }


def _is_cold(beta: Expr, way: _Way) -> bool:
    """Whether the inverse temperature is 1/eps, up to a constant."""
    if way.symbol not in beta.free_symbols:
        return False
    ratio = (beta.subs(way.symbol, way.value) * way.eps).cancel()
    return not ratio.has(way.eps) and ratio.is_positive is True


# -- the end of an overlap ------------------------------------------------------------------------


def _capacity(free_entropy: FreeEntropy, way: _Way) -> Moved:
    kept = [k for k, u in enumerate(free_entropy.unknowns) if u != way.symbol]
    others = [free_entropy.unknowns[k] for k in kept]
    density = free_entropy.density.subs(way.symbol, way.value)
    free = not set(others) <= set(way.rules)
    scaled = (
        balanced(density, others, way.eps, _diverges, way.rules)
        if free
        else given(density, others, way.rules, way.eps)
    )
    if not _diverges(scaled):
        raise LimitError(
            f"there is no capacity: the free entropy stays finite as {way}, so that nothing "
            "diverges that could balance"
        )
    signs = [free_entropy.signs[k] for k in kept]
    capacity = Capacity.of(scaled, signs, way.symbol, way.small, free_entropy.size)
    if not capacity.parameters:
        value = capacity.balance.doit()
        stays = f": it rises, and {way.symbol} stays away from {way.point}"
        raise LimitError(
            f"there is no capacity: as {way} the free entropy behaves as {value}*{capacity.term} "
            "whatever the parameters" + (stays if value.is_positive else "")
        )
    return _moved(capacity, scaled, way)


def _diverges(scaled: Scaled) -> bool:
    """Whether phi diverges in the limit."""
    return bool(scaled.keys) and (scaled.keys[0][0] < 0 or scaled.keys[0] == (S.Zero, 1))


# -- zero temperature -----------------------------------------------------------------------------


def _ground_state(free_entropy: FreeEntropy, way: _Way) -> Moved:
    density = free_entropy.density.subs(way.symbol, way.value)
    scaled = balanced(density, free_entropy.unknowns, way.eps, _has_energy, way.rules)
    beta: Any = free_entropy.beta
    factor = (beta.subs(way.symbol, way.value) * way.eps).cancel()
    in_temperature = replace(scaled, terms={k: c * factor ** k[0] for k, c in scaled.terms.items()})
    state = GroundState.of(in_temperature, free_entropy.signs, free_entropy.size)
    return _moved(state, scaled, way)


def _has_energy(scaled: Scaled) -> bool:
    """Whether phi is of the order beta."""
    return bool(scaled.keys) and scaled.keys[0] == ENERGY and scaled.order > ENERGY[0]


# -- any other parameter --------------------------------------------------------------------------


def _parameter(free_entropy: FreeEntropy, way: _Way) -> Moved:
    density = free_entropy.density.subs(way.symbol, way.value)
    scaled = given(density, free_entropy.unknowns, way.rules, way.eps)
    if _diverges(scaled):
        key = scaled.keys[0]
        raise LimitError(
            f"the free entropy has no limit as {way}: it behaves as {scaled.terms[key].doit()} "
            f"times {way.small ** key[0] * log(way.small) ** key[1]}"
        )
    beta = free_entropy.beta
    found = FreeEntropy(
        scaled.terms.get((S.Zero, 0), S.Zero),
        scaled.unknowns,
        free_entropy.signs,
        free_entropy.size,
        None if beta is None else beta.subs(way.symbol, way.point),
        kind=free_entropy.kind,
    )
    return _moved(found, scaled, way)


def _moved(after: Basic, scaled: Scaled, way: _Way) -> Moved:
    """With the scalings as assumptions, and what a check needs."""
    written = [
        f"{u} = {rule.subs(way.eps, way.small)}" for u, rule in scaled.scaling.items() if rule != u
    ]
    terms = Tuple(*(Tuple(p, k, scaled.terms[p, k]) for p, k in scaled.keys))
    details = (Tuple(way.eps, scaled.density, terms, sympify(scaled.order)),)
    assumed = (str(way), *written, "the thermodynamic limit comes first")
    return Moved(after, Kind.ASYMPTOTIC, assumed, details, f"{way.symbol}, {way.point}")
