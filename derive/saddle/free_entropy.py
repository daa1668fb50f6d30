"""The free entropy of a model at fixed order parameters, and what follows by differentiation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sympy import (
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
    sympify,
)
from sympy.core.symbol import Str

from derive.errors import DeclarationError, DeriveError
from derive.gaussian.merging import merged
from derive.indices import Element, free_indices
from derive.saddle.conjugates import at_conjugates
from derive.saddle.elimination import Reduced, eliminate, eliminate_sites
from derive.saddle.expansions import Expansions
from derive.saddle.in_index_notation import InIndexNotation
from derive.saddle.index_notation import (
    components,
    explicit,
    given_arrays,
    is_indexed,
    singles_out_component,
)
from derive.saddle.lookup import named
from derive.saddle.on_shell import at_saddle_value, at_saddle_values
from derive.saddle.response import Linearisation
from derive.saddle.stationarity import (
    NaturalForm,
    natural_form,
    split_logarithms,
    tidy,
)
from derive.saddle.thermodynamics import Thermodynamics
from derive.typesetting.typeset import Typeset

if TYPE_CHECKING:
    from derive.equations import Equations

__all__ = ["FreeEntropy"]

KINDS = ("exact", "asymptotic", "approximation", "expansion", "continuation")


class FreeEntropy(Typeset, Thermodynamics, InIndexNotation, Expansions, Basic):
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
        ``"asymptotic"`` (finitely many fields), ``"approximation"`` (as many fields as sites),
        ``"expansion"`` (in the couplings at fixed means, which are no fields: nothing is integrated
        over), ``"continuation"`` (in the number of replicas, whose order parameters stand for
        classes of equal elements: fluctuations are not those of one integral) or ``"exact"``.

    Raises
    ------
    DeclarationError
        If an unknown is repeated or no symbol, or there is not one sign for each.

    Examples
    --------
    >>> from sympy import Symbol, cosh, log, symbols
    >>> from derive.saddle.free_entropy import FreeEntropy
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
        if singles_out_component(density, unknowns):
            signs = Tuple(*(s for u, s in zip(unknowns, signs, strict=True) for _ in components(u)))
            density, correction = explicit(density, unknowns), explicit(correction, unknowns)
            unknowns = Tuple(*(c for u in unknowns for c in components(u)))
        return Basic.__new__(cls, density, unknowns, signs, size, beta, correction, Str(str(kind)))

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

    @property
    def is_integrated(self) -> bool:
        """Whether the unknowns are fields of an integral, which fluctuate."""
        return self.kind not in ("expansion", "continuation")

    @cached_property
    def parameters(self) -> tuple[Expr, ...]:
        """The free symbols other than the unknowns and N, by name, then the arrays."""
        symbols = self.density.free_symbols | (self.beta or S.Zero).free_symbols
        scalars = sorted(symbols - set(self.unknowns) - {self.size}, key=str)
        return (*scalars, *given_arrays(self.density, self.unknowns))

    def unknown(self, name: Any) -> Expr:
        """An unknown by its name, or by itself; `ParameterError` if there is none."""
        return named(name, self.unknowns, "unknown", "")

    def parameter(self, name: Any) -> Expr:
        """A parameter by its name, or by itself; `ParameterError` if phi has none."""
        advice = "; a field to differentiate by must stand in the Hamiltonian"
        return named(name, self.parameters, "parameter", advice)

    # -- stationarity ---------------------------------------------------------------------------

    @cached_property
    def gradient(self) -> tuple[Expr, ...]:
        """d phi / d unknown, zero at the saddle; with the unknown's own index if it has one."""
        return tuple(tidy(merged(self.slope(u)), self.unknowns) for u in self.unknowns)

    @cached_property
    def _differentiable(self) -> Expr:
        return split_logarithms(self.density)

    def slope(self, variable: Expr) -> Expr:
        """The partial derivative of phi by an unknown or a parameter."""
        return self._differentiable.diff(variable)

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
        """Second derivatives of phi by the unknowns.

        Raises
        ------
        DeriveError
            If an unknown has as many components as there are sites: see `hessian_block`.
        """
        scalar = self.explicit
        return Matrix([[row.diff(u) for u in scalar.unknowns] for row in scalar.gradient])

    @cached_property
    def on_shell_hessian(self) -> Matrix:
        """The Hessian at a saddle, with the right-hand sides replaced by the unknowns."""
        return self.hessian.applyfunc(lambda entry: factor_terms(self.explicit.at_saddle(entry)))

    def at_saddle(self, expr: Any) -> Expr:
        """Use the saddle equations in an expression: tanh(...) becomes m."""
        expr = tidy(sympify(expr), self.unknowns)
        return self.natural_form.on_shell(expr) if self.natural_form else expr

    @property
    def is_extensive_vector(self) -> bool:
        """Whether an unknown has a component for every site."""
        return any(not i.size.is_Integer for u in self.unknowns for i in free_indices(u))

    @cached_property
    def explicit(self) -> FreeEntropy:
        """One unknown per component; `DeriveError` if there are as many components as sites."""
        if self.is_extensive_vector:
            raise DeriveError(
                f"{', '.join(map(str, self.unknowns))}: a vector with one component per site has "
                "no finite Hessian to invert or take the determinant of: use hessian_block, "
                "response_equation, or an ansatz that makes the sites equal"
            )
        return self.componentwise({})

    def componentwise(self, sizes: Mapping[Symbol, Any]) -> FreeEntropy:
        """The same with one unknown per component, at given sizes of their index ranges."""
        if not any(map(is_indexed, self.unknowns)):
            return self
        pairs = [
            (component, sign)
            for unknown, sign in zip(self.unknowns, self.signs, strict=True)
            for component in components(unknown, sizes)
        ]
        return FreeEntropy(
            explicit(self.density, self.unknowns, sizes),
            [c for c, _ in pairs],
            [s for _, s in pairs],
            self.size,
            self.beta,
            explicit(self.correction, self.unknowns, sizes),
            self.kind,
        )

    @cached_property
    def _linearisation(self) -> Linearisation:
        scalar = self.explicit
        return Linearisation.of(scalar.unknowns, scalar.gradient, scalar.natural_form)

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
        """Integrate unknowns out, each through its own stationarity condition, in the order given.

        The result has the same log Z up to and including the order 1/N.

        Raises
        ------
        DeriveError
            If a condition has no unique closed-form solution.

        Examples
        --------
        >>> from sympy import cosh, log, symbols
        >>> from derive.saddle.free_entropy import FreeEntropy
        >>> beta, J = symbols("beta J", positive=True)
        >>> m, k = symbols("m mhat", real=True)
        >>> pair = FreeEntropy(beta*J*m**2/2 - m*k + log(2*cosh(k)), (m, k), (1, -1), beta=beta)
        >>> pair.eliminate("mhat").density.subs(m, 0)
        log(2)
        """
        if self.kind == "continuation":
            return at_conjugates(self, [self.unknown(name) for name in names])
        result = self
        for name in names:
            reduce = eliminate_sites if result.is_extensive_vector else eliminate
            result = result if result.is_extensive_vector else result.explicit
            result = result._without(reduce(result, result.unknown(name)))
        return result

    def on_shell(self, *names: Any) -> FreeEntropy:
        """Replace unknowns by their saddle values in terms of the others.

        Stationary at the same points as before, with the same value and the same fluctuations
        there.  Where `eliminate` solves ``d phi/d u = 0`` for u itself, this uses whichever saddle
        equation gives u.  Vectors are put in at once, so that conjugates of coupled fields go
        together; scalars in the order given.

        Raises
        ------
        DeriveError
            If the saddle value of an unknown depends on itself.

        Examples
        --------
        >>> from sympy import cosh, log, symbols
        >>> from derive.saddle.free_entropy import FreeEntropy
        >>> beta, J = symbols("beta J", positive=True)
        >>> m, k = symbols("m mhat", real=True)
        >>> pair = FreeEntropy(beta*J*m**2/2 - m*k + log(2*cosh(k)), (m, k), (1, -1), beta=beta)
        >>> pair.on_shell("mhat").density
        -J*beta*m**2/2 + log(2*cosh(J*beta*m))
        """
        wanted = [self.unknown(name) for name in names]
        if any(map(is_indexed, self.unknowns)):
            return self._without(at_saddle_values(self, wanted)) if wanted else self
        result = self
        for unknown in wanted:
            result = result._without(at_saddle_value(result, unknown))
        return result

    def _without(self, reduced: Reduced) -> FreeEntropy:
        kept = tuple(u for u in self.unknowns if u not in reduced.removed)
        return FreeEntropy(
            reduced.density,
            kept,
            reduced.signs,
            self.size,
            self.beta,
            reduced.correction if self.is_integrated else self.correction,
            self.kind,
        )

    # -- hand-over ------------------------------------------------------------------------------

    def equations(self) -> Equations:
        """What a numerical solver needs: saddle equations, potential, observables, bounds."""
        from derive.saddle.hand_over import equations_of

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
