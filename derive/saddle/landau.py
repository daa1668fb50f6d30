"""Landau expansion: the effective potential of the order parameter near a critical point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sympy import Expr, Matrix, Mul, S, sympify

from derive.errors import DeriveError
from derive.saddle.critical import symmetric_point
from derive.saddle.inversion import NotInvertible, solve_for
from derive.saddle.linear import adjugate, determinant, null_space, sample_sign, vanishes
from derive.saddle.reduction import Curve, evaluated, reduce_to
from derive.saddle.scaling import CriticalScaling
from derive.saddle.series import value_at

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy
from derive.typesetting.typeset import Typeset

__all__ = ["Landau", "landau"]

_SHOWN = 60  # operations that a reader can take in


@dataclass(frozen=True)
class Landau(Typeset):
    """``-phi = sum_k a_k x**k`` per site, x the deviation of the order parameter.

    Attributes
    ----------
    coordinate : Expr
        The unknown that serves as order parameter.
    curve : Curve
        The other unknowns as series in x, whose coefficients have names.
    series : tuple of Expr
        a_0, a_1, ... in the parameters and these names, at zero source.
    response : tuple of Expr
        ``(1/beta) d phi/d source`` likewise; empty without a source.
    parameter : Symbol
        What drives the transition.
    critical : tuple of (Symbol, Expr)
        The critical values that were used.
    inverse_temperature : Expr or None
        beta, if known.
    orientation : int
        +1 where phi is maximal in x (always, for a real field), else -1.
    """

    coordinate: Expr
    curve: Curve
    series: tuple[Expr, ...]
    response: tuple[Expr, ...]
    parameter: Expr
    critical: tuple[tuple[Expr, Expr], ...]
    inverse_temperature: Expr | None
    orientation: int = 1

    @cached_property
    def coefficients(self) -> tuple[Expr, ...]:
        """a_0, a_1, ..., exact functions of the parameters at zero source."""
        return tuple(self.curve.written_out(a) for a in self.series)

    @cached_property
    def observable(self) -> tuple[Expr, ...]:
        """Coefficients of ``(1/beta) d phi/d source = sum_k observable[k] x**k``."""
        return tuple(self.curve.written_out(b) for b in self.response)

    @property
    def potential(self) -> Expr:
        """The Landau polynomial in the coordinate's symbol."""
        terms = (a * self.coordinate**k for k, a in enumerate(self.coefficients))
        return sum(terms, S.Zero)

    @cached_property
    def critical_coefficients(self) -> tuple[Expr, ...]:
        """The coefficients at criticality."""
        return tuple(self.at_criticality(a) for a in self.series)

    @cached_property
    def _names(self) -> dict[Expr, Expr]:
        return self.curve.names_at(dict(self.critical))

    def at_criticality(self, expr: Expr) -> Expr:
        """Insert the critical values; what vanishes there is returned as zero."""
        return evaluated(expr, dict(self.critical), self._names)

    @cached_property
    def power(self) -> int:
        """The first power p > 2 whose coefficient does not vanish at criticality.

        Raises
        ------
        DeriveError
            If all coefficients kept vanish: the expansion has to go further.
        """
        values = self.critical_coefficients
        found = next((k for k, a in enumerate(values) if k > 2 and a != 0), None)
        if found is None:
            order = len(values) - 1
            raise DeriveError(
                f"all Landau coefficients up to order {order} vanish at {self._where}: a higher "
                f"multicritical point; call landau(order={order + 2})"
            )
        return found

    @property
    def _where(self) -> str:
        return ", ".join(f"{s} = {v}" for s, v in self.critical)

    @property
    def is_continuous(self) -> bool | None:
        """False: first order (odd p, or a_p < 0).  None: it depends on parameters left open."""
        if self.power % 2:
            return False
        leading = self.critical_coefficients[self.power]
        if leading.is_number:
            return bool(leading > 0)
        return leading.is_positive

    @property
    def transition(self) -> str:
        """The order of the transition, in words, with its reason."""
        p, leading = self.power, self.critical_coefficients[self.power]
        if p % 2:
            return (
                f"first order: the coefficient of order {p} is {leading}, not 0, at {self._where}"
            )
        if self.is_continuous is None:
            shown = leading if leading.count_ops() < _SHOWN else f"a_{p} at criticality"
            return f"continuous where {shown} > 0, first order where it is negative"
        if not self.is_continuous:
            return f"first order: the coefficient of order {p} is {leading} < 0 at {self._where}"
        return f"continuous: a_{p} = {leading} > 0 at {self._where}"

    @cached_property
    def scaling(self) -> CriticalScaling:
        """Exponents and amplitudes at the critical point.

        Raises
        ------
        DeriveError
            If the transition is of first order, so that there are none.
        """
        if self.is_continuous is False:
            raise DeriveError(
                f"no critical exponents: {self.transition}; the transition precedes the zero of "
                "a_2, where two maxima of phi are equal"
            )
        return CriticalScaling.of(self)

    @property
    def exponents(self) -> dict[str, Expr]:
        """Exact exponents alpha, beta, gamma, delta."""
        return self.scaling.exponents

    @property
    def amplitudes(self) -> dict[str, Expr]:
        """Amplitudes of the leading power laws; see `CriticalScaling`."""
        return self.scaling.amplitudes

    def finite_size_scaling(self) -> dict[str, Expr]:
        """Moments and Binder cumulant of P(x) ~ exp(-N a_p x**p) at criticality."""
        return self.scaling.finite_size()


def landau(
    free_entropy: FreeEntropy,
    order: int = 4,
    at: Any = None,
    source: Any = None,
    parameter: Any = None,
    critical: Any = None,
    **parameters: Any,
) -> Landau:
    """Reduce a free entropy to one order parameter and expand it.

    Parameters
    ----------
    free_entropy : FreeEntropy
        What to expand.
    order : int
        The highest power of the order parameter.
    at : dict, optional
        The symmetric point; all unknowns zero by default.
    source : Symbol or str, optional
        The field conjugate to the order parameter, set to zero in the coefficients; needed for
        the amplitudes of magnetisation and susceptibility.
    parameter : Symbol or str, optional
        What drives the transition; the symbol of the inverse temperature by default.
    critical : Expr or dict, optional
        The critical value of the parameter, where a_2 = 0 has no unique closed-form solution.
    **parameters
        Values of other parameters.

    Raises
    ------
    DeriveError
        If the point is no saddle, or no critical value can be found or verified.

    Examples
    --------
    >>> from sympy import cosh, log, symbols
    >>> from derive.saddle.free_entropy import FreeEntropy
    >>> b, J = symbols("beta J", positive=True)
    >>> m, h = symbols("m h", real=True)
    >>> phi = log(2*cosh(b*(J*m + h))) - b*J*m**2/2
    >>> expansion = FreeEntropy(phi, m, beta=b).landau(source=h)
    >>> expansion.coefficients[4], expansion.exponents["delta"]
    (J**4*beta**4/12, 3)
    """
    field = None if source is None else free_entropy.parameter(source)
    if field is not None:
        parameters = {**parameters, field.name: 0}
    point, values = symmetric_point(free_entropy, at, parameters)
    symbol = free_entropy.beta_symbol if parameter is None else free_entropy.parameter(parameter)
    given = _given_critical(free_entropy, symbol, critical)
    coordinate = _coordinate(free_entropy, values, given, point)
    gradient = [row.subs(values) for row in free_entropy.gradient]
    curve = reduce_to(coordinate, free_entropy.unknowns, gradient, point, order)
    orientation = _orientation(free_entropy, coordinate, values, point)
    series = tuple(-orientation * a for a in curve.expand(free_entropy.density.subs(values)))
    response: tuple[Expr, ...] = ()
    if field is not None:
        first = free_entropy.slope(field) / (free_entropy.beta or 1)
        response = tuple(curve.expand(first.subs(values)))
    beta = None if free_entropy.beta is None else free_entropy.beta.subs(values)
    found = given or _critical_values(curve.written_out(series[2]), symbol)
    names = curve.names_at(found)
    if (rest := evaluated(series[2], found, names)) != 0:
        raise DeriveError(
            f"a_2 = {rest} at {found}, but it vanishes at a critical point; give the exact "
            "critical value"
        )
    if evaluated(curve.regularity, found, names) == 0:
        raise DeriveError(
            f"besides {coordinate}, a direction of the other unknowns is critical at {found}: one "
            "order parameter is not enough; set them equal or opposite by substitution first"
        )
    critical_values = tuple(found.items())
    return Landau(coordinate, curve, series, response, symbol, critical_values, beta, orientation)


def _given_critical(free_entropy: FreeEntropy, symbol: Expr, critical: Any) -> dict[Expr, Expr]:
    if critical is None:
        return {}
    pairs = critical if isinstance(critical, dict) else {symbol: critical}
    return {free_entropy.parameter(s): sympify(v) for s, v in pairs.items()}


def _critical_values(stiffness: Expr, symbol: Expr) -> dict[Expr, Expr]:
    """Solve a_2 = 0 for the parameter, or else for another symbol that it is easy to solve for."""
    found = {}
    for wanted in (symbol, *sorted(stiffness.free_symbols - {symbol}, key=str)):
        try:
            roots = [r for r in solve_for(stiffness, wanted) if r != 0]
        except NotInvertible:
            continue
        if wanted == symbol and len(roots) > 1:
            raise DeriveError(
                f"a_2 vanishes at several values of {symbol}: {roots}; choose one with critical="
            )
        if wanted == symbol and roots:
            return {symbol: roots[0]}
        if wanted == symbol:
            raise DeriveError(
                f"no critical {symbol}: a_2 = {stiffness} vanishes for no value that it may have"
            )
        if len(roots) == 1:
            found[wanted] = roots[0]
    if found:  # another symbol parametrises the critical surface, algebraically if possible
        simplest = min(found, key=lambda s: (not stiffness.is_polynomial(s), str(s)))
        return {simplest: found[simplest]}
    if not stiffness.has(symbol):
        raise DeriveError(
            f"a_2 = {stiffness} does not depend on {symbol}: the symmetric point loses its "
            "stability nowhere; a transition, if there is one, is of first order"
        )
    raise DeriveError(
        f"a_2 = {stiffness} = 0 has no closed-form solution: pass critical= the value of {symbol} "
        "where it vanishes, or values of the other parameters"
    )


def _coordinate(
    free_entropy: FreeEntropy,
    values: dict[Expr, Expr],
    given: dict[Expr, Expr],
    point: dict[Expr, Expr],
) -> Expr:
    """A real field with a component along the critical direction (else the first that has one)."""
    unknowns = free_entropy.unknowns
    if len(unknowns) == 1:
        return unknowns[0]
    matrix = (
        free_entropy.inverse_response.subs(values)
        .applyfunc(lambda entry: value_at(entry, point))
        .subs(given)
    )
    if vanishes(determinant(matrix)):
        (direction, *_) = null_space(matrix)
    else:  # at the zero of the determinant any column of the adjugate spans the null space
        columns = (adjugate(matrix)[:, k] for k in range(matrix.cols))
        direction = next(column for column in columns if not all(map(vanishes, column)))
    moving = [k for k in range(len(unknowns)) if not vanishes(direction[k])]
    return unknowns[min(moving, key=lambda k: (-free_entropy.signs[k], k))]


def _orientation(
    free_entropy: FreeEntropy,
    coordinate: Expr,
    values: dict[Expr, Expr],
    point: dict[Expr, Expr],
) -> int:
    """+1 if phi is maximal in the coordinate, the others eliminated along their contours."""
    kept = free_entropy.unknowns.index(coordinate)
    signs = list(free_entropy.signs)
    own = signs.pop(kept)
    if not signs:
        return own
    block = -Matrix(free_entropy.on_shell_hessian)
    block.row_del(kept)
    block.col_del(kept)
    return own * sample_sign(Mul(*signs) * value_at(determinant(block).subs(values), point))
