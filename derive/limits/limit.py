"""The move `limit`: an overlap goes to its end, the temperature to zero, a parameter to a point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sympy import Add, Basic, Dummy, Expr, S, Symbol, Tuple, log, sympify

from derive.errors import MoveError
from derive.gaussian.moreau import MoreauEnvelope
from derive.limits.asymptotics import small_parameter
from derive.limits.capacity import Capacity
from derive.limits.errors import LimitError
from derive.limits.ground_state import ENERGY, GroundState
from derive.limits.scalings import Scaled, balanced, balances, given
from derive.saddle.conjugates import closed_form_values
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


@dataclass(frozen=True)
class _Reduced:
    """phi in eps without the conjugates that the other unknowns give."""

    density: Expr
    unknowns: tuple[Any, ...]
    signs: tuple[int, ...]
    saddle_values: tuple[tuple[Symbol, Expr], ...] = ()

    @classmethod
    def of(cls, free_entropy: FreeEntropy, way: _Way) -> _Reduced:
        fixed = {way.symbol, *way.rules}
        # conjugates carry the name of what they belong to; their scaling follows from the others'
        wanted = [u for u in free_entropy.unknowns if "hat" in str(u) and u not in fixed]
        values = (
            closed_form_values(free_entropy.density, free_entropy.unknowns, wanted)
            if wanted
            else {}
        )
        gone = {way.symbol, *values}
        kept = [k for k, u in enumerate(free_entropy.unknowns) if u not in gone]
        return cls(
            free_entropy.density.subs(values).subs(way.symbol, way.value),
            tuple(free_entropy.unknowns[k] for k in kept),
            tuple(free_entropy.signs[k] for k in kept),
            tuple(values.items()),
        )


def _is_cold(beta: Expr, way: _Way) -> bool:
    """Whether the inverse temperature is 1/eps, up to a constant."""
    if way.symbol not in beta.free_symbols:
        return False
    ratio = (beta.subs(way.symbol, way.value) * way.eps).cancel()
    return not ratio.has(way.eps) and ratio.is_positive is True


# -- the end of an overlap ------------------------------------------------------------------------


def _capacity(free_entropy: FreeEntropy, way: _Way) -> Moved:
    phi = _Reduced.of(free_entropy, way)
    scaled = _balanced_or_plain(phi, way)
    if not _diverges(scaled):
        raise LimitError(
            f"there is no capacity: the free entropy stays finite as {way}, so that nothing "
            "diverges that could balance"
        )
    capacity = Capacity.of(scaled, phi.signs, way.symbol, way.small, free_entropy.size)
    if not capacity.parameters:
        value = capacity.balance.doit()
        stays = f": it rises, and {way.symbol} stays away from {way.point}"
        raise LimitError(
            f"there is no capacity: as {way} the free entropy behaves as {value}*{capacity.term} "
            "whatever the parameters" + (stays if value.is_positive else "")
        )
    return _moved(capacity, scaled, way, phi)


def _balanced_or_plain(phi: _Reduced, way: _Way) -> Scaled:
    """In balance; if nothing balances, with the unknowns as they are, to see what diverges."""
    if set(phi.unknowns) <= set(way.rules):
        return given(phi.density, phi.unknowns, way.rules, way.eps)
    try:
        return balanced(phi.density, phi.unknowns, way.eps, _has_capacity, way.rules)
    except LimitError as reason:
        try:
            plain = given(phi.density, phi.unknowns, way.rules, way.eps)
        except LimitError:
            raise reason from None
        if plain.keys and len(Add.make_args(plain.terms[plain.keys[0]])) > 1:
            raise
        return plain


def _has_capacity(scaled: Scaled) -> bool:
    """Whether phi diverges, with a coefficient of several terms, which may vanish."""
    return _diverges(scaled) and balances(scaled.terms[scaled.keys[0]])


def _diverges(scaled: Scaled) -> bool:
    """Whether phi diverges in the limit."""
    return bool(scaled.keys) and (scaled.keys[0][0] < 0 or scaled.keys[0] == (S.Zero, 1))


# -- zero temperature -----------------------------------------------------------------------------


def _ground_state(free_entropy: FreeEntropy, way: _Way) -> Moved:
    phi = _Reduced.of(free_entropy, way)
    scaled = balanced(phi.density, phi.unknowns, way.eps, _has_energy, way.rules)
    beta: Any = free_entropy.beta
    factor = (beta.subs(way.symbol, way.value) * way.eps).cancel()
    in_temperature = replace(scaled, terms={k: c * factor ** k[0] for k, c in scaled.terms.items()})
    state = GroundState.of(in_temperature, phi.signs, free_entropy.size)
    return _moved(state, scaled, way, phi)


def _has_energy(scaled: Scaled) -> bool:
    """Whether phi is of the order beta."""
    return bool(scaled.keys) and scaled.keys[0] == ENERGY and scaled.order > ENERGY[0]


# -- any other parameter --------------------------------------------------------------------------


def _parameter(free_entropy: FreeEntropy, way: _Way) -> Moved:
    phi = _Reduced(
        free_entropy.density.subs(way.symbol, way.value),
        free_entropy.unknowns,
        free_entropy.signs,
    )
    scaled = given(phi.density, phi.unknowns, way.rules, way.eps)
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
    return _moved(found, scaled, way, phi)


def _moved(after: Basic, scaled: Scaled, way: _Way, phi: _Reduced) -> Moved:
    """With the scalings as assumptions, and what a check needs."""
    written = [
        f"{u} = {rule.subs(way.eps, way.small)}" for u, rule in scaled.scaling.items() if rule != u
    ]
    terms = Tuple(*(Tuple(p, k, scaled.terms[p, k]) for p, k in scaled.keys))
    details = (Tuple(way.eps, scaled.density, terms, sympify(scaled.order)),)
    written += [f"{u} = {value}, its saddle value" for u, value in phi.saddle_values]
    if any(c.has(MoreauEnvelope) for c in scaled.terms.values()):
        written.append("the minimum of each Moreau envelope is unique")
    assumed = (str(way), *written, "the thermodynamic limit comes first")
    return Moved(after, Kind.ASYMPTOTIC, assumed, details, f"{way.symbol}, {way.point}")
