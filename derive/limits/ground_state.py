"""Zero temperature: phi/beta and what follows it, each unknown determined at its own order."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sympy import Basic, Expr, S, Symbol, Tuple, sympify

from derive.errors import DeriveError
from derive.gaussian.moreau import MoreauEnvelope
from derive.limits.errors import LimitError
from derive.limits.scalings import Scaled
from derive.limits.series import Key
from derive.saddle.elimination import stationary_value
from derive.saddle.free_entropy import FreeEntropy
from derive.saddle.hand_over import equations_of
from derive.saddle.stationarity import tidy

if TYPE_CHECKING:
    from derive.equations import Equations

__all__ = ["ENERGY", "GroundState"]

ENERGY: Key = (S.NegativeOne, 0)  # order beta
LOGARITHM: Key = (S.Zero, 1)  # order log(1/beta)
ENTROPY: Key = (S.Zero, 0)  # order one


class GroundState(FreeEntropy):
    """The free entropy as beta -> oo, per beta: minus the energy density of the ground state.

    phi = beta * density + ... + entropy density + ..., in unknowns that stay finite.  An unknown
    on which phi/beta does not depend is determined by the next order of phi that does.  Its other
    verbs are those of a `FreeEntropy`.

    Parameters
    ----------
    density, unknowns, signs, size, beta, correction, kind
        As for a `FreeEntropy`; there is no beta left.
    orders : Tuple of (power, logs, coefficient)
        phi in powers of the temperature T = 1/beta and of log(T), the largest first.

    Examples
    --------
    >>> from sympy import cosh, log, oo, symbols
    >>> import derive as dv
    >>> beta, J, q = symbols("beta J q", positive=True)
    >>> x = symbols("x", real=True)
    >>> phi = dv.GaussianAverage(log(2*cosh(beta*x)), x, covariance=J**2*q)
    >>> glass = dv.FreeEntropy(phi + beta**2*J**2*(1 - q)**2/4, q, -1, beta=beta)
    >>> cold = glass.limit(beta, oo)
    >>> cold.energy, cold.saddle_equations
    (-sqrt(2)*J/sqrt(pi), [Eq(C, sqrt(2)/(sqrt(pi)*J))])
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
        orders: Any = (),
    ) -> GroundState:
        plain = FreeEntropy(density, unknowns, signs, size, None, 0, kind)
        rows = Tuple(*(Tuple(*row) for row in orders)) or Tuple(Tuple(-1, 0, sympify(density)))
        return Basic.__new__(cls, *plain.args, rows)

    @classmethod
    def of(cls, scaled: Scaled, signs: Any, size: Expr) -> GroundState:
        """From a free entropy expanded in the temperature."""
        orders = [(*key, scaled.terms[key]) for key in scaled.keys]
        density = scaled.terms.get(ENERGY, S.Zero)
        return cls(density, scaled.unknowns, signs, size, orders=orders)

    @property
    def orders(self) -> dict[Key, Expr]:
        """{(power of T, power of log(T)): coefficient}, the largest first."""
        return {(p, int(k)): c for p, k, c in self.args[7]}

    @cached_property
    def parameters(self) -> tuple[Expr, ...]:
        """The free symbols other than the unknowns and N, by name."""
        symbols = set().union(*(c.free_symbols for c in self.orders.values()))
        return tuple(sorted(symbols - set(self.unknowns) - {self.size}, key=str))

    @cached_property
    def gradient(self) -> tuple[Expr, ...]:
        """The stationarity condition of each unknown, at the largest order that depends on it."""
        return tuple(tidy(self._row(u), self.unknowns) for u in self.unknowns)

    def _row(self, unknown: Symbol) -> Expr:
        for coefficient in self.orders.values():
            slope = coefficient.diff(unknown)
            if slope != 0 and (value := slope.doit()) != 0:
                return value
        return S.Zero

    @property
    def energy(self) -> Expr:
        """The energy density of the ground state."""
        return -self.at_saddle(self.density.doit())

    free_energy = energy

    @property
    def entropy(self) -> Expr:
        """phi at order one: the entropy at zero temperature.

        Negative values tell that the ansatz fails there, as for replica symmetry in a glass.

        Raises
        ------
        LimitError
            If it diverges, as that of continuous variables does, or was not expanded to.
        """
        if LOGARITHM in self.orders:
            raise LimitError(
                "the entropy diverges as T -> 0, like "
                f"({self.orders[LOGARITHM]})*log(T): continuous variables freeze out"
            )
        if any(c.has(MoreauEnvelope) for c in self.orders.values()):
            raise LimitError(
                "the entropy is not known: the largest exponent of an average gives the energy only"
            )
        return self.at_saddle(self.orders.get(ENTROPY, S.Zero).doit())

    def observable(self, source: Any, *more: Any) -> Any:
        """Minus the derivative of the ground-state energy by a field, such as the magnetisation."""
        return super().observable(source, *more).doit()

    def eliminate(self, *names: Any) -> GroundState:
        """Substitute unknowns by their saddle values, each from its own condition."""
        result = self
        for name in names:
            unknown = result.unknown(name)
            row = result.gradient[result.unknowns.index(unknown)]
            result = result._substituted(unknown, stationary_value(row, unknown, unknown))
        return result

    def on_shell(self, *names: Any) -> GroundState:
        """Replace unknowns by their saddle values, from whichever equation gives them."""
        result = self
        for name in names:
            unknown = result.unknown(name)
            if result.natural_form is None:
                raise DeriveError(f"no saddle equation gives {unknown}: use eliminate, or keep it")
            value = result.natural_form.updates[result.unknowns.index(unknown)]
            if value.has(unknown):
                raise DeriveError(f"the saddle value of {unknown} depends on itself: keep it")
            result = result._substituted(unknown, value)
        return result

    def _substituted(self, unknown: Symbol, value: Expr) -> GroundState:
        kept = [k for k, u in enumerate(self.unknowns) if u != unknown]
        return GroundState(
            self.density.subs(unknown, value),
            [self.unknowns[k] for k in kept],
            [self.signs[k] for k in kept],
            self.size,
            orders=[(p, k, c.subs(unknown, value)) for (p, k), c in self.orders.items()],
        )

    def equations(self) -> Equations:
        """Saddle equations, minus the energy as potential, energy and entropy as observables."""
        found = [("energy", self.energy)]
        if LOGARITHM not in self.orders and ENTROPY in self.orders:
            found.append(("entropy", self.entropy))
        return replace(equations_of(self), potential=self.density.doit(), observables=tuple(found))
