"""The move `limit`: an overlap goes to its end, the temperature to zero, a parameter to a point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Basic, Dummy, Expr, S, Symbol, Tuple, sympify

from derive.errors import MoveError
from derive.limits.asymptotics import small_parameter
from derive.limits.capacity import Capacity
from derive.limits.errors import LimitError
from derive.limits.ground_state import ENERGY, GroundState
from derive.limits.scalings import Scaled, balanced, given
from derive.saddle.free_entropy import FreeEntropy
from derive.step import Kind, Moved

__all__ = ["limit"]


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
    if symbol in scalar.unknowns:
        return _capacity(scalar, symbol, value, small, eps, rules, side, point)
    if scalar.beta is not None and symbol in scalar.beta.free_symbols and _is_cold(
        scalar.beta, symbol, value, eps
    ):
        return _ground_state(scalar, symbol, value, small, eps, rules)
    return _parameter(scalar, symbol, value, small, eps, rules, side, point)


def _symbol(free_entropy: FreeEntropy, variable: Any) -> Symbol:
    names = {str(u): u for u in free_entropy.unknowns}
    return names.get(str(variable)) or free_entropy.parameter(variable)


def _known(
    free_entropy: FreeEntropy, scaling: Mapping[Any, Any], symbol: Symbol, value: Expr
) -> dict[Symbol, Expr]:
    return {
        free_entropy.unknown(u): sympify(rule).subs(symbol, value) for u, rule in scaling.items()
    }


def _is_cold(beta: Expr, symbol: Symbol, value: Expr, eps: Symbol) -> bool:
    """Whether the inverse temperature is 1/eps, up to a constant."""
    ratio = (beta.subs(symbol, value) * eps).cancel()
    return not ratio.has(eps) and ratio.is_positive is True


# -- the end of an overlap ------------------------------------------------------------------------


def _capacity(
    free_entropy: FreeEntropy,
    overlap: Symbol,
    value: Expr,
    small: Expr,
    eps: Symbol,
    rules: dict[Symbol, Expr],
    side: str,
    point: Expr,
) -> Moved:
    others = [u for u in free_entropy.unknowns if u != overlap]
    pairs = zip(free_entropy.unknowns, free_entropy.signs, strict=True)
    signs = [s for u, s in pairs if u != overlap]
    density = free_entropy.density.subs(overlap, value)
    scaled = _scaled(density, others, eps, rules)
    if not _diverges(scaled):
        raise LimitError(
            f"there is no capacity: the free entropy stays finite as {overlap} -> {point}, so that "
            "nothing diverges that could balance"
        )
    capacity = Capacity.of(scaled, signs, overlap, small, free_entropy.size)
    if not capacity.balance.free_symbols - set(capacity.unknowns):
        rises = capacity.balance.is_positive
        raise LimitError(
            f"there is no capacity: as {overlap} -> {point} the free entropy behaves as "
            f"({capacity.balance})*{capacity.term}, whatever the parameters"
            + (f": it rises there, and {overlap} stays away from {point}" if rises else "")
        )
    assumptions = [f"{overlap} -> {point} from {'below' if side == '-' else 'above'}"]
    return _moved(capacity, scaled, small, eps, assumptions)


def _scaled(
    density: Expr, others: list[Symbol], eps: Symbol, rules: dict[Symbol, Expr]
) -> Scaled:
    """With nothing else to scale there is nothing to try."""
    if set(others) <= set(rules):
        return given(density, others, rules, eps)
    return balanced(density, others, eps, _diverges, rules)


def _diverges(scaled: Scaled) -> bool:
    """Whether phi diverges in the limit."""
    return bool(scaled.keys) and (scaled.keys[0][0] < 0 or scaled.keys[0] == (S.Zero, 1))


# -- zero temperature -----------------------------------------------------------------------------


def _ground_state(
    free_entropy: FreeEntropy,
    symbol: Symbol,
    value: Expr,
    small: Expr,
    eps: Symbol,
    rules: dict[Symbol, Expr],
) -> Moved:
    density = free_entropy.density.subs(symbol, value)
    factor = (free_entropy.beta.subs(symbol, value) * eps).cancel()  # type: ignore[union-attr]
    scaled = balanced(density, free_entropy.unknowns, eps, _has_energy, rules)
    per_beta = Scaled(
        scaled.scaling,
        scaled.unknowns,
        scaled.density,
        {k: c * factor ** k[0] for k, c in scaled.terms.items()},
        scaled.order,
    )
    state = GroundState.of(per_beta, free_entropy.signs, free_entropy.size)
    return _moved(state, scaled, small, eps, [])


def _has_energy(scaled: Scaled) -> bool:
    """Whether phi is of the order beta."""
    return bool(scaled.keys) and scaled.keys[0] == ENERGY and scaled.order > ENERGY[0]


# -- any other parameter --------------------------------------------------------------------------


def _parameter(
    free_entropy: FreeEntropy,
    symbol: Symbol,
    value: Expr,
    small: Expr,
    eps: Symbol,
    rules: dict[Symbol, Expr],
    side: str,
    point: Expr,
) -> Moved:
    density = free_entropy.density.subs(symbol, value)
    scaled = given(density, free_entropy.unknowns, rules, eps)
    if _diverges(scaled):
        key = scaled.keys[0]
        raise LimitError(
            f"the free entropy has no limit as {symbol} -> {point} from "
            f"{'below' if side == '-' else 'above'}: it behaves as ({scaled.terms[key]})*"
            f"({small})**({key[0]})"
        )
    found = FreeEntropy(
        scaled.terms.get((S.Zero, 0), S.Zero),
        scaled.unknowns,
        free_entropy.signs,
        free_entropy.size,
        None if free_entropy.beta is None else free_entropy.beta.subs(symbol, point),
        kind=free_entropy.kind,
    )
    return _moved(found, scaled, small, eps, [])


def _moved(
    after: Basic, scaled: Scaled, small: Expr, eps: Symbol, assumptions: list[str]
) -> Moved:
    """With the scalings as assumptions, and what a check needs."""
    written = [
        f"{u} = {rule.subs(eps, small)}" for u, rule in scaled.scaling.items() if rule != u
    ]
    terms = Tuple(*(Tuple(p, k, scaled.terms[p, k]) for p, k in scaled.keys))
    details = (Tuple(eps, scaled.density, terms, sympify(scaled.order)),)
    exchanged = ["the limit is taken after the thermodynamic one"]
    assumed = (*assumptions, *written, *exchanged)
    return Moved(after, Kind.ASYMPTOTIC, assumed, details)
