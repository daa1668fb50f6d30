"""Derivatives along a saddle of unknowns with one component per site.

They contain the responses ``dV[i]`` of the components, which solve linear equations of symbolic
size; a derivative is therefore an expression together with these equations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sympy import Add, Eq, Expr, oo

from derive.equations import Equations
from derive.errors import DeriveError
from derive.indices import free_indices
from derive.saddle.block_system import Slots, apart
from derive.saddle.bounds import bounds
from derive.saddle.index_notation import index_of, is_indexed, marks
from derive.saddle.stationarity import compact, distributed, terms_of, tidy
from derive.saddle.vector_response import apart_from_rows, moved, response_equations
from derive.total import Total
from derive.typesetting.typeset import Typeset

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["ImplicitDerivative", "implicit_derivative"]


@dataclass(frozen=True)
class ImplicitDerivative(Typeset):
    """A derivative along the saddle, and the equations of the responses in it.

    Attributes
    ----------
    expression : Expr
        The derivative, in unknowns, parameters and responses such as ``dV[i]`` (``d2V[i]`` for the
        second derivative by the same parameter).
    definitions : tuple of Eq
        ``dV[i] = ...``, one linear equation for each response that occurs.
    free_entropy : FreeEntropy
        Whose saddle moves.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import cosh, log, symbols
    >>> from derive.saddle.free_entropy import FreeEntropy
    >>> N = dv.size("N"); i, j = dv.indices("i j", N); h = symbols("h", real=True)
    >>> w, V = dv.Given("w", i, j, symmetric=True), dv.Real("V", i)
    >>> field = h + dv.total(w[i, j]*V[j], j)
    >>> phi = dv.total(log(cosh(field)), i) - dv.total(V[i]*w[i, j]*V[j], i, j)/2
    >>> FreeEntropy(phi/N, V[i], size=N).susceptibility("h")
    Total(dV[i], i)/N where dV[i] = (1 - V[i]**2)*(Total(dV[j]*w[i, j], j) + 1)
    """

    expression: Expr
    definitions: tuple[Eq, ...]
    free_entropy: FreeEntropy

    @property
    def equation(self) -> Eq:
        """The equation of the response, where there is exactly one.

        Raises
        ------
        DeriveError
            If there are none or several.
        """
        if len(self.definitions) != 1:
            raise DeriveError(
                f"{self.expression} needs {len(self.definitions)} response equations: see "
                ".definitions"
            )
        return self.definitions[0]

    def __mul__(self, factor: Expr) -> ImplicitDerivative:
        return replace(self, expression=compact(self.expression * factor))

    __rmul__ = __mul__

    def equations(self) -> Equations:
        """What numerics needs to solve for the saddle and the responses together.

        The observable ``value`` is the expression.
        """
        natural, unknowns = self.free_entropy.natural_form, self.free_entropy.unknowns
        assert natural is not None  # responses are defined by it
        responses = tuple(eq.lhs for eq in self.definitions)
        update = (*natural.updates, *(eq.rhs for eq in self.definitions))
        everything = (*unknowns, *responses)
        limits = ((-oo, oo),) * len(responses)
        return Equations(
            unknowns=everything,
            parameters=self.free_entropy.parameters,
            expressions=tuple((str(u), g) for u, g in zip(everything, update, strict=True)),
            update=update,
            residuals=tuple(g - u for u, g in zip(everything, update, strict=True)),
            observables=(("value", self.expression),),
            bounds=(*bounds(natural.updates, unknowns), *limits),
        )

    def __str__(self) -> str:
        if not self.definitions:
            return str(self.expression)
        defined = ", ".join(f"{eq.lhs} = {eq.rhs}" for eq in self.definitions)
        return f"{self.expression} where {defined}"

    __repr__ = __str__


def implicit_derivative(
    free_entropy: FreeEntropy, expr: Expr, *parameters: Expr
) -> ImplicitDerivative | Expr:
    """Differentiate an expression along the saddle, once or several times by one parameter.

    What holds no response is returned as a plain expression.

    Raises
    ------
    DeriveError
        If the parameters differ, or the saddle equations have no natural form.
    """
    if len(set(parameters)) > 1 or (len(parameters) > 1 and is_indexed(parameters[0])):
        raise DeriveError(
            f"derivatives by {', '.join(map(str, parameters))}: of vectors, derivatives are taken "
            "by one parameter without index, as often as wanted; set one of them first, or "
            "differentiate the response equation"
        )
    if not parameters:
        return ImplicitDerivative(expr, (), free_entropy)
    if free_entropy.natural_form is None:
        raise DeriveError(
            "the saddle equations have no form unknown = ..., so that no response can be defined "
            "by itself: see response_equation, or eliminate unknowns first"
        )
    motion = _Motion(free_entropy, apart_from_rows(free_entropy, parameters[0]))
    for order in range(1, len(parameters) + 1):
        expr = motion.derivative(expr, order)
    definitions = motion.definitions(expr, len(parameters))
    return ImplicitDerivative(expr, definitions, free_entropy) if definitions else expr


@dataclass(frozen=True)
class _Motion:
    """How everything moves with one parameter."""

    free_entropy: FreeEntropy
    parameter: Expr

    @property
    def extra(self) -> Slots:
        return index_of(self.parameter) if is_indexed(self.parameter) else ()

    def response(self, unknown: Expr, order: int) -> Expr:
        return unknown if order == 0 else moved(unknown, self.extra, order)

    def derivative(self, expr: Expr, order: int) -> Expr:
        """The total derivative of an expression that holds responses below an order."""
        found = [self._slope(expr, self.parameter)]
        # the envelope theorem: the motion of the saddle does not change what is stationary there
        unknowns = () if self._is_stationary(expr) else self.free_entropy.unknowns
        for unknown in unknowns:
            for k in range(order):
                variable = self.response(unknown, k)
                if expr.has(*marks((variable,))):
                    found.append(self._through(expr, variable, self.response(unknown, k + 1)))
        return compact(Add(*found))

    def _is_stationary(self, expr: Expr) -> bool:
        """Whether an expression is a multiple of phi up to a constant, as a free energy is."""
        unknowns, density = self.free_entropy.unknowns, self.free_entropy.density
        own, others = (
            terms_of(distributed(density), unknowns),
            terms_of(distributed(expr), unknowns),
        )
        shared = next((f for f in own if f in others and f.has(*marks(unknowns))), None)
        if shared is None:
            return False
        rest = distributed(expr - others[shared] / own[shared] * density)
        return not rest.has(*marks(unknowns))

    def _through(self, expr: Expr, variable: Expr, response: Expr) -> Expr:
        """``sum_j (d expr/d V_j) dV_j``."""
        if not is_indexed(variable):
            return self._slope(expr, variable) * response
        slots = index_of(variable)
        others = apart(slots, free_indices(expr) | set(self.extra))
        names = dict(zip(slots, others, strict=True))
        slope = self._slope(expr, variable.xreplace(names))
        return Total(slope * response.xreplace(names), *others)

    def _slope(self, expr: Expr, variable: Expr) -> Expr:
        return self.free_entropy.at_saddle(tidy(expr.diff(variable), self.free_entropy.unknowns))

    def definitions(self, expr: Expr, highest: int) -> tuple[Eq, ...]:
        """The equations of all responses that an expression holds, and of those in these."""
        known: dict[Expr, Expr] = {}
        while True:
            shown = Add(expr, *known.values())
            missing = [
                (unknown, k)
                for unknown in self.free_entropy.unknowns
                for k in range(1, highest + 1)
                if self.response(unknown, k) not in known
                and shown.has(*marks((self.response(unknown, k),)))
            ]
            if not missing:
                return tuple(Eq(u, value, evaluate=False) for u, value in known.items())
            unknown, order = missing[0]
            value = response_equations(self.free_entropy, unknown, self.parameter)[0].rhs
            for k in range(2, order + 1):
                value = self.derivative(value, k)
            known[self.response(unknown, order)] = value
