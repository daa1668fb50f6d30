"""Thermodynamics from a free entropy: derivatives by temperature and fields at the saddle."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sympy import Add, Expr, sympify

from derive.errors import ParameterError
from derive.saddle.index_notation import explicit, marks
from derive.saddle.stationarity import compact, distributed, terms_of

if TYPE_CHECKING:
    from derive.saddle.implicit_derivative import ImplicitDerivative
    from derive.saddle.response import Linearisation

__all__ = ["Thermodynamics"]


class Thermodynamics:
    """What follows from phi by differentiation, mixed into `FreeEntropy`.

    By the envelope theorem a first derivative of phi at the saddle has no contribution from the
    motion of the saddle; from the second on, the saddle moves by implicit differentiation.
    Everything is per site.
    """

    if TYPE_CHECKING:

        @property
        def density(self) -> Expr: ...

        @property
        def unknowns(self) -> tuple[Expr, ...]: ...

        @property
        def beta(self) -> Expr | None: ...

        @property
        def explicit(self) -> Any: ...

        @property
        def is_extensive_vector(self) -> bool: ...

        @property
        def _linearisation(self) -> Linearisation: ...

        def at_saddle(self, expr: Any) -> Expr: ...

        def slope(self, variable: Expr) -> Expr: ...

        def parameter(self, name: Any) -> Expr: ...

        def unknown(self, name: Any) -> Expr: ...

    @property
    def _known_beta(self) -> Expr:
        if self.beta is None:
            raise ParameterError(
                "no inverse temperature is known: pass beta=... to FreeEntropy or to the ensemble"
            )
        return self.beta

    @property
    def beta_symbol(self) -> Expr:
        """The one symbol that the inverse temperature depends on, such as beta or T.

        Raises
        ------
        ParameterError
            If there is no inverse temperature, or it is a number.
        """
        symbols = tuple(self._known_beta.free_symbols)
        if len(symbols) != 1:
            raise ParameterError(
                f"beta = {self.beta} does not depend on exactly one symbol, so that nothing can be "
                "differentiated by it: keep the temperature as a symbol until after that"
            )
        return symbols[0]

    @property
    def free_energy(self) -> Expr:
        """``-phi/beta``, log 2 kept."""
        return distributed(-self.density / self._known_beta)

    @cached_property
    def energy(self) -> Expr:
        """``-d phi/d beta`` at fixed fields (they are part of the Hamiltonian)."""
        symbol = self.beta_symbol
        slope = self._known_beta.diff(symbol)
        return self._opened(-self.slope(symbol) / slope)

    def _opened(self, expr: Expr) -> Expr:
        # (a + b)/Z is opened first, because a/Z may be what an unknown equals
        return _open(self.at_saddle(distributed(expr)), self.unknowns)

    @cached_property
    def entropy(self) -> Expr:
        """``phi + beta * energy``, in units of Boltzmann's constant."""
        return _open(self.density + self._known_beta * self.energy, self.unknowns)

    @cached_property
    def specific_heat(self) -> Expr | ImplicitDerivative:
        """d energy / dT along the saddle at fixed fields; implicit for vectors of unknowns."""
        symbol, beta = self.beta_symbol, self._known_beta
        by_symbol = self._moving(self.energy, symbol)
        scale = -(beta**2) / beta.diff(symbol)
        return by_symbol * scale if self.is_extensive_vector else compact(by_symbol * scale)

    def observable(self, source: Any, *more: Any) -> Any:
        """``(1/beta) d phi / d source`` at the saddle; more sources differentiate it further.

        Parameters
        ----------
        source : Symbol or str
            The field that multiplies the observable in minus the Hamiltonian.  Without an inverse
            temperature the field stands in the exponent itself, and beta counts as one.

        Raises
        ------
        ParameterError
            If phi does not depend on the source.
        """
        field = self.parameter(source)
        first = self.slope(field) / (1 if self.beta is None else self.beta)
        value = self._opened(first)
        return self.derivative(value, *more) if more else value

    def magnetisation(self, source: Any = "h") -> Expr:
        """The mean of what the field multiplies, by the envelope theorem."""
        return self.observable(source)

    def susceptibility(self, source: Any = "h") -> Any:
        """The response of the magnetisation to its field; see `derivative` for vectors."""
        return self.observable(source, source)

    def response(self, unknown: Any, *parameters: Any) -> Any:
        """Derivatives of an unknown along the saddle, by implicit differentiation.

        Examples
        --------
        >>> from sympy import cosh, log, symbols
        >>> from derive.saddle.free_entropy import FreeEntropy
        >>> b, J, m, h = symbols("b J m h", real=True)
        >>> cw = FreeEntropy(log(2*cosh(b*(J*m + h))) - b*J*m**2/2, m)
        >>> cw.response("m", "h").subs({m: 0, b: 1})
        1/(1 - J)
        """
        return self.derivative(self.unknown(unknown), *parameters)

    def derivative(self, expr: Any, *parameters: Any) -> Any:
        """Differentiate any expression of unknowns and parameters along the saddle.

        Returns
        -------
        Expr or ImplicitDerivative
            For unknowns with one component per site, an expression in the responses ``dV[i]`` with
            the linear equations that these solve.
        """
        return self._moving(sympify(expr), *(self.parameter(p) for p in parameters))

    def _moving(self, expr: Expr, *parameters: Expr) -> Any:
        if self.is_extensive_vector:
            from derive.saddle.implicit_derivative import implicit_derivative

            return implicit_derivative(self, expr, *parameters)  # type: ignore[arg-type]
        return self._linearisation.total_derivative(explicit(expr, self.unknowns), *parameters)


def _open(expr: Expr, unknowns: tuple[Expr, ...]) -> Expr:
    """Polynomials in the unknowns multiplied out, so that what cancels is seen to cancel."""
    markers = marks(unknowns)
    opened = []
    for function, coefficient in terms_of(expr, unknowns).items():
        term = coefficient * function
        is_polynomial = not term.has(*markers) or term.is_polynomial(*unknowns)
        opened.append(term.expand() if is_polynomial and term.is_commutative else term)
    return Add(*opened)
