"""Single-site partition functions that stay integrals, and averages in them.

`LogZ(ensemble)` is the logarithm of the partition function of a small ensemble, a site whose index
was stripped.  Building one evaluates it where the table of closed forms has a row.  Its derivatives
are averages `Expect(ensemble, observable)`, whose derivatives are covariances.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import mpmath
from sympy import Add, Basic, Dummy, Expr, Float, Mul, S, Tuple, exp, lambdify
from sympy.printing.precedence import PRECEDENCE

from derive.ensemble import Ensemble
from derive.measures import Continuous
from derive.single_site import closed_log_trace, weighted_exponent
from derive.typesetting.typeset import Typeset
from derive.variables import Variable

__all__ = ["Expect", "LogZ", "log_trace", "site_ensemble"]


def site_ensemble(variables: tuple[Variable, ...], exponent: Expr) -> Ensemble:
    """A small ensemble of variables without site index."""
    return Ensemble(Tuple(*variables), exponent, S.One, S.Zero, Tuple(), Tuple())


def log_trace(variables: tuple[Variable, ...], exponent: Expr) -> Expr:
    """log of the trace of exp(exponent) over variables without site index.

    Integrals first, then sums, each by its row of the table; what has no row stays as `LogZ`.
    """
    ordered = sorted(variables, key=_integrals_first)
    for variable in ordered:
        closed = closed_log_trace(variable, exponent)
        exponent = LogZ.unevaluated((variable,), exponent) if closed is None else closed
    return exponent


def _integrals_first(variable: Variable) -> int:
    """Conjugates, other integrals, sums."""
    if not isinstance(variable.measure, Continuous):
        return 2
    return 0 if variable.measure.is_imaginary else 1


class LogZ(Typeset, Expr):
    """The logarithm of the partition function of a small ensemble."""

    is_commutative = True
    precedence = PRECEDENCE["Atom"]

    def __new__(cls, ensemble: Ensemble) -> Expr:
        return log_trace(ensemble.variables, ensemble.exponent)

    @classmethod
    def unevaluated(cls, variables: tuple[Variable, ...], exponent: Expr) -> LogZ:
        """The node itself, for an integral without closed form."""
        return Expr.__new__(cls, site_ensemble(variables, exponent))

    @property
    def ensemble(self) -> Ensemble:
        return self.args[0]

    @property
    def free_symbols(self) -> set[Any]:
        return set(self.ensemble.parameters)

    def _eval_derivative(self, other: Any) -> Expr:
        return Expect(self.ensemble, _density(self.ensemble).diff(other))

    def _eval_evalf(self, prec: int) -> Expr | None:
        value = _integral(self.ensemble, S.One, prec)
        return None if value is None else Float._new(mpmath.log(value)._mpf_, prec)

    def _latex(self, printer: Any) -> str:
        return rf"\log Z\left[{printer._print(_density(self.ensemble))}\right]"

    def _sympystr(self, printer: Any) -> str:
        return f"LogZ({printer._print(_density(self.ensemble))})"


class Expect(Typeset, Expr):
    """The average of an observable in a small ensemble; linear in the observable.

    Moments of an ensemble with a closed form are derivatives of it with respect to a source.
    """

    is_commutative = True
    precedence = PRECEDENCE["Atom"]

    def __new__(cls, ensemble: Ensemble, observable: Any) -> Expr:
        own = {v.element for v in ensemble.variables}
        return Add(*(_average(ensemble, term, own) for term in Add.make_args(observable.expand())))

    ensemble = property(lambda self: self.args[0])
    observable = property(lambda self: self.args[1])

    @property
    def free_symbols(self) -> set[Any]:
        return set(self.ensemble.parameters) | self.observable.free_symbols

    def _eval_derivative(self, other: Any) -> Expr:
        slope = _density(self.ensemble).diff(other)
        joint = Expect(self.ensemble, self.observable * slope)
        return (
            Expect(self.ensemble, self.observable.diff(other))
            + joint
            - self * Expect(self.ensemble, slope)
        )

    def _eval_evalf(self, prec: int) -> Expr | None:
        top = _integral(self.ensemble, self.observable, prec)
        bottom = _integral(self.ensemble, S.One, prec)
        return None if top is None else Float._new((top / bottom)._mpf_, prec)

    def _latex(self, printer: Any) -> str:
        return rf"\left\langle {printer._print(self.observable)} \right\rangle"

    def _sympystr(self, printer: Any) -> str:
        density = printer._print(_density(self.ensemble))
        return f"Expect({printer._print(self.observable)}; {density})"


def _density(ensemble: Ensemble) -> Expr:
    (variable,) = ensemble.variables
    return weighted_exponent(variable, ensemble.exponent)


def _average(ensemble: Ensemble, term: Expr, own: set[Expr]) -> Expr:
    outside = Mul(*(f for f in Mul.make_args(term) if not f.atoms() & _atoms(own)))
    inside = term / outside if outside != 0 else S.Zero
    if inside == 1 or outside == 0:
        return outside
    (variable,) = ensemble.variables
    power = inside.as_base_exp()[1] if inside.as_base_exp()[0] == variable.element else None
    if _vanishes_by_parity(ensemble, variable, inside):
        return S.Zero
    source = Dummy("source", real=True)
    closed = closed_log_trace(variable, ensemble.exponent + source * variable.element)
    if closed is not None and power is not None and power.is_Integer and power > 0:
        moment = exp(closed).diff(source, int(power)) / exp(closed)
        return outside * moment.limit(source, 0)
    return outside * Expr.__new__(Expect, ensemble, inside)


def _vanishes_by_parity(ensemble: Ensemble, variable: Variable, observable: Expr) -> bool:
    """An odd observable of an even density on a symmetric interval."""
    if not isinstance(variable.measure, Continuous):
        return False
    measure, mirrored = variable.measure, {variable.element: -variable.element}
    density = _density(ensemble)
    symmetric = measure.lower == -measure.upper and measure.shift == 0
    even = symmetric and density.xreplace(mirrored).expand() == density.expand()
    return even and (observable.xreplace(mirrored) + observable).expand() == 0


def _atoms(elements: set[Expr]) -> set[Basic]:
    return {atom for element in elements for atom in element.atoms()}


@lru_cache(maxsize=1024)
def _integral(ensemble: Ensemble, observable: Expr, prec: int) -> Any:
    """The weighted integral of an observable by mpmath, if no symbol is left."""
    (variable,) = ensemble.variables
    density = _density(ensemble)
    if density.free_symbols or not isinstance(variable.measure, Continuous):
        return None
    y = Dummy("y", real=True)
    contour = {variable.element: variable.measure.shift + variable.measure.direction * y}
    integrand = lambdify(y, (observable * exp(density)).xreplace(contour), "mpmath")
    ends = [variable.measure.lower, variable.measure.upper]
    with mpmath.workprec(prec + 20):
        return mpmath.quad(
            integrand, [mpmath.mpmathify(e.evalf(prec)._to_mpmath(prec)) for e in ends]
        )
