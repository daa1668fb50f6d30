"""The free entropy of a model at fixed order parameters, and what follows by differentiation."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sympy import (
    Add,
    Basic,
    Eq,
    Expr,
    Integer,
    Matrix,
    S,
    Symbol,
    Tuple,
    factor_terms,
    nan,
    oo,
    sympify,
)
from sympy.core.symbol import Str

from derive.errors import DeclarationError, ParameterError
from derive.indices import Element
from derive.response import Linearisation
from derive.stationarity import NaturalForm, natural_form, terms_of, tidy

if TYPE_CHECKING:
    from derive.critical import CriticalPoint
    from derive.equations import Equations
    from derive.landau import Landau
    from derive.spinodal import Spinodal

__all__ = ["FreeEntropy"]

KINDS = ("exact", "asymptotic", "approximation")


class FreeEntropy(Basic):
    """``phi = lim (1/N) log Z`` at fixed order parameters, to be made stationary in them.

    Parameters
    ----------
    density : Expr
        phi, per site.
    unknowns : Symbol, Element or sequence of them
        The order parameters and their conjugates.
    signs : int or sequence of int
        Per unknown +1 (a real field: phi is maximal in it) or -1 (a field on an imaginary contour:
        phi is minimal in it along the real direction; the contour of steepest descent crosses the
        real saddle at a right angle).
    size : Expr
        N.
    beta : Expr, optional
        The inverse temperature: a symbol, or an expression of one such as ``1/T``.
    correction : Expr
        ``log Z - N phi`` under the integral, exactly: logarithms of prefactors (the measure is
        d(field) along a real contour and d(Im field) along an imaginary one) and what the exponent
        holds beyond order N; it may depend on the unknowns.
    kind : str
        ``"asymptotic"`` (finitely many fields), ``"approximation"`` (as many fields as sites) or
        ``"exact"``.

    Raises
    ------
    DeclarationError
        If an unknown is repeated or no symbol, or there is not one sign for each.

    Examples
    --------
    >>> from sympy import Symbol, cosh, log, symbols
    >>> from derive.free_entropy import FreeEntropy
    >>> beta, J = symbols("beta J", positive=True)
    >>> m, h = symbols("m h", real=True)
    >>> phi = log(2*cosh(beta*(J*m + h))) - beta*J*m**2/2
    >>> curie_weiss = FreeEntropy(phi, m, size=Symbol("N"), beta=beta)
    >>> curie_weiss.saddle_equations
    [Eq(m, tanh(beta*(J*m + h)))]
    >>> curie_weiss.susceptibility(h)
    beta*(1 - m**2)/(-J*beta*(1 - m**2) + 1)
    """

    def __new__(
        cls,
        density: Any,
        unknowns: Any = (),
        signs: Any = None,
        size: Any = None,
        beta: Any = None,
        correction: Any = 0,
        kind: Any = "asymptotic",
    ) -> FreeEntropy:
        unknowns = Tuple(*(unknowns if isinstance(unknowns, list | tuple | Tuple) else (unknowns,)))
        if signs is None:
            signs = (1,) * len(unknowns)
        signs = Tuple(*(signs if isinstance(signs, list | tuple | Tuple) else (signs,)))
        density, correction = sympify(density), sympify(correction)
        size = Symbol("N", integer=True, positive=True) if size is None else sympify(size)
        beta = Tuple() if beta is None else sympify(beta)
        _check(density, unknowns, signs, str(kind))
        return Basic.__new__(
            cls, density, unknowns, signs, size, beta, correction, Str(str(kind))
        )

    # -- what it is made of ---------------------------------------------------------------------

    density = property(lambda self: self.args[0])
    size = property(lambda self: self.args[3])
    correction = property(lambda self: self.args[5])

    @property
    def unknowns(self) -> tuple[Expr, ...]:
        """The order parameters."""
        return tuple(self.args[1])

    @property
    def signs(self) -> tuple[int, ...]:
        """+1 for a real field, -1 for one on an imaginary contour."""
        return tuple(int(s) for s in self.args[2])

    @property
    def beta(self) -> Expr | None:
        """The inverse temperature, None if unknown."""
        return None if self.args[4] == Tuple() else self.args[4]

    @property
    def kind(self) -> str:
        """How the step that led here is controlled."""
        return str(self.args[6])

    @cached_property
    def parameters(self) -> tuple[Symbol, ...]:
        """The free symbols other than the unknowns and N, by name."""
        symbols = self.density.free_symbols | (self.beta or S.Zero).free_symbols
        return tuple(sorted(symbols - set(self.unknowns) - {self.size}, key=str))

    def unknown(self, name: Any) -> Expr:
        """Find an unknown by its name, or by itself.

        Raises
        ------
        ParameterError
            If there is none of this name.
        """
        return _named(name, self.unknowns, "unknown", "")

    def parameter(self, name: Any) -> Symbol:
        """Find a parameter by its name, or by itself.

        Raises
        ------
        ParameterError
            If phi does not depend on it.
        """
        return _named(
            name,
            self.parameters,
            "parameter",
            "; a field that is to be differentiated by must stand in the Hamiltonian",
        )

    @property
    def _known_beta(self) -> Expr:
        if self.beta is None:
            raise ParameterError(
                "no inverse temperature is known: pass beta=... to FreeEntropy or to the ensemble"
            )
        return self.beta

    @property
    def beta_symbol(self) -> Symbol:
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

    # -- stationarity ---------------------------------------------------------------------------

    @cached_property
    def gradient(self) -> tuple[Expr, ...]:
        """d phi / d unknown, zero at the saddle."""
        return tuple(tidy(self.density.diff(u), self.unknowns) for u in self.unknowns)

    @cached_property
    def natural_form(self) -> NaturalForm | None:
        """The saddle equations solved for the unknowns, None where there is no natural form."""
        return natural_form(self.gradient, self.unknowns)

    @property
    def saddle_equations(self) -> list[Eq]:
        """``unknown = ...`` where stationarity can be solved naturally, else ``gradient = 0``."""
        if self.natural_form is None:
            return [Eq(row, 0, evaluate=False) for row in self.gradient]
        updates = self.natural_form.updates
        return [Eq(u, g, evaluate=False) for u, g in zip(self.unknowns, updates, strict=True)]

    @cached_property
    def hessian(self) -> Matrix:
        """Second derivatives of phi by the unknowns."""
        return Matrix([[row.diff(u) for u in self.unknowns] for row in self.gradient])

    @cached_property
    def on_shell_hessian(self) -> Matrix:
        """The Hessian at a saddle, with the right-hand sides replaced by the unknowns."""
        return self.hessian.applyfunc(lambda entry: factor_terms(self.at_saddle(entry)))

    def at_saddle(self, expr: Any) -> Expr:
        """Use the saddle equations in an expression: tanh(...) becomes m."""
        return self._linearisation.on_shell(tidy(sympify(expr)))

    @cached_property
    def _linearisation(self) -> Linearisation:
        return Linearisation.of(self.unknowns, self.gradient, self.natural_form)

    @property
    def inverse_response(self) -> Matrix:
        """The matrix of the linear system that every response solves: singular at criticality.

        ``1 - dG/du`` of the natural form ``u = G(u)``, or minus the Hessian.
        """
        return self._linearisation.matrix

    @property
    def inverse_response_determinant(self) -> Expr:
        """Its determinant, in the unknowns and parameters on shell."""
        return self._linearisation.inverse_response

    @property
    def residuals(self) -> tuple[Expr, ...]:
        """The gradient, scaled to ``update - unknown`` where there is a natural form."""
        if self.natural_form is None:
            return self.gradient
        pairs = zip(self.unknowns, self.natural_form.updates, strict=True)
        return tuple(update - u for u, update in pairs)

    def eliminate(self, *names: Any) -> FreeEntropy:
        """Remove unknowns, each through its own stationarity condition, in the order given.

        Raises
        ------
        DeriveError
            If a condition has no unique closed-form solution.

        Examples
        --------
        >>> from sympy import cosh, log, symbols
        >>> beta, J = symbols("beta J", positive=True)
        >>> m, k = symbols("m mhat", real=True)
        >>> pair = FreeEntropy(beta*J*m**2/2 - m*k + log(2*cosh(k)), (m, k), (1, -1), beta=beta)
        >>> pair.eliminate("mhat").saddle_equations
        [Eq(m, tanh(J*beta*m))]
        """
        from derive.elimination import eliminate

        result = self
        for name in names:
            u = result.unknown(name)
            row = result.gradient[result.unknowns.index(u)]
            reduced = eliminate(
                result.density,
                result.unknowns,
                result.signs,
                result.correction,
                result.size,
                u,
                row,
            )
            result = FreeEntropy(
                reduced.density,
                tuple(v for v in result.unknowns if v != u),
                reduced.signs,
                result.size,
                result.beta,
                reduced.correction,
                result.kind,
            )
        return result

    on_shell = eliminate

    # -- thermodynamics -------------------------------------------------------------------------

    @property
    def free_energy(self) -> Expr:
        """``-phi/beta`` per site, log 2 kept."""
        return -self.density / self._known_beta

    def _by_beta(self, expr: Expr) -> Expr:
        """d/d beta = (d/dT) / (d beta/dT) along the saddle, when beta is a function of T."""
        symbol = self.beta_symbol
        return self._linearisation.total_derivative(expr, symbol) / self._known_beta.diff(symbol)

    @cached_property
    def energy(self) -> Expr:
        """``-d phi/d beta`` per site at fixed fields (they are part of the Hamiltonian)."""
        symbol = self.beta_symbol
        explicit = self.density.diff(symbol) / self._known_beta.diff(symbol)  # stationarity: no more terms
        return _open(self.at_saddle(-explicit), self.unknowns)

    @cached_property
    def entropy(self) -> Expr:
        """``phi + beta * energy`` per site, in units of Boltzmann's constant."""
        return _open(self.density + self.beta * self.energy, self.unknowns)

    @cached_property
    def specific_heat(self) -> Expr:
        """d energy / dT along the saddle at fixed fields, per site."""
        return factor_terms(-(self._known_beta**2) * self._by_beta(self.energy))

    def observable(self, source: Any, *more: Any) -> Expr:
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
        first = self.density.diff(field) / (1 if self.beta is None else self.beta)
        value = _open(self.at_saddle(first), self.unknowns)
        return self._linearisation.total_derivative(value, *(self.parameter(s) for s in more))

    def magnetisation(self, source: Any = "h") -> Expr:
        """The mean of what the field multiplies, by the envelope theorem."""
        return self.observable(source)

    def susceptibility(self, source: Any = "h") -> Expr:
        """The response of the magnetisation to its field."""
        return self.observable(source, source)

    def response(self, unknown: Any, *parameters: Any) -> Expr:
        """Derivatives of an unknown along the saddle, by implicit differentiation.

        Examples
        --------
        >>> from sympy import cosh, log, symbols
        >>> b, J, m, h = symbols("b J m h", real=True)
        >>> cw = FreeEntropy(log(2*cosh(b*(J*m + h))) - b*J*m**2/2, m)
        >>> cw.response("m", "h").subs({m: 0, b: 1})
        1/(1 - J)
        """
        return self.derivative(self.unknown(unknown), *parameters)

    def derivative(self, expr: Any, *parameters: Any) -> Expr:
        """Differentiate any expression of unknowns and parameters along the saddle."""
        wanted = [self.parameter(p) for p in parameters]
        return self._linearisation.total_derivative(sympify(expr), *wanted)

    # -- beyond the saddle ----------------------------------------------------------------------

    @cached_property
    def fluctuation(self) -> Expr:
        """``log Z - N phi`` at order N**0: the correction and the Gaussian fluctuations."""
        from derive.fluctuations import gaussian_fluctuation

        return gaussian_fluctuation(self)

    @cached_property
    def next_order(self) -> Expr:
        """The coefficient of 1/N in log Z."""
        return self.corrections(1)[0]

    def corrections(self, order: int = 1) -> tuple[Expr, ...]:
        """Coefficients of 1/N, ..., 1/N**order in log Z around one saddle."""
        from derive.fluctuations import corrections

        return corrections(self, order)

    def log_partition(self, order: int = 1) -> Expr:
        """log Z around one saddle, up to and including the order 1/N**order."""
        terms = [c / self.size**k for k, c in enumerate(self.corrections(order), start=1)]
        return sum(terms, self.size * self.density + self.fluctuation)

    # -- criticality ----------------------------------------------------------------------------

    def critical_point(
        self, at: Any = None, solve_for: Any = None, **parameters: Any
    ) -> CriticalPoint:
        """Where the inverse response vanishes at a symmetric point; see `CriticalPoint`."""
        from derive.critical import critical_point

        return critical_point(self, at, solve_for, parameters)

    def spinodal(self, source: Any = "h") -> Spinodal:
        """Where a metastable state ends; see `Spinodal`."""
        from derive.spinodal import spinodal

        return spinodal(self, source)

    def landau(self, order: int = 4, **options: Any) -> Landau:
        """Expand in the order parameter around a symmetric point; see `derive.landau.landau`."""
        from derive.landau import landau

        return landau(self, order, **options)

    # -- hand-over ------------------------------------------------------------------------------

    def equations(self) -> Equations:
        """What a numerical solver needs: saddle equations, potential, observables, bounds."""
        from derive.hand_over import equations_of

        return equations_of(self)


def _check(density: Any, unknowns: Tuple, signs: Tuple, kind: str) -> None:
    if not isinstance(density, Expr) or density.has(nan, S.ComplexInfinity):
        raise DeclarationError(f"the free entropy {density} is no finite expression")
    for u in unknowns:
        if not isinstance(u, Symbol | Element):
            raise DeclarationError(f"the unknown {u} is neither a symbol nor an element")
    if len({str(u) for u in unknowns}) < len(unknowns):
        raise DeclarationError(f"an unknown is named twice in {tuple(unknowns)}")
    if len(signs) != len(unknowns) or any(s not in (Integer(1), Integer(-1)) for s in signs):
        raise DeclarationError(
            f"signs {tuple(signs)} for the unknowns {tuple(unknowns)}: give one of +1 (real "
            "field) and -1 (field on an imaginary contour) for each"
        )
    if kind not in KINDS:
        raise DeclarationError(f"kind {kind!r}: choose one of {KINDS}")


def _named(name: Any, among: tuple[Expr, ...], what: str, advice: str) -> Any:
    matching = [x for x in among if x == name or getattr(x, "name", None) == str(name)]
    if len(matching) != 1:
        known = ", ".join(str(x) for x in among) or "none"
        raise ParameterError(f"no {what} {name}: there are {known}{advice}")
    return matching[0]


def _open(expr: Expr, unknowns: tuple[Expr, ...]) -> Expr:
    """Polynomials in the unknowns multiplied out, so that what cancels is seen to cancel."""
    terms = (c * k for k, c in terms_of(expr, unknowns).items())
    return Add(*(term.expand() if term.is_polynomial(*unknowns) else term for term in terms))
