"""Power laws at a critical point, from the leading terms of a Landau expansion.

Near criticality ``-phi = a_2 x**2 + a_p x**p - beta b h x`` with ``a_2 = A t**r``, where the
observable is ``b x``.  Minimising gives ``x**(p-2) = 2 |a_2| / (p a_p)``, and from it every
exponent and amplitude.  Exactly at criticality ``P(x) ~ exp(-N a_p x**p)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING

from sympy import Expr, Integer, Rational, S, gamma

from derive.errors import DeriveError
from derive.saddle.linear import sample_sign
from derive.saddle.series import neat

if TYPE_CHECKING:
    from derive.saddle.landau import Landau

__all__ = ["CriticalScaling"]

_HIGHEST_CONTACT = 4  # how often a coefficient may vanish in t before it counts as zero throughout


@dataclass(frozen=True)
class CriticalScaling:
    """Exponents and amplitudes of a continuous transition.

    The reduced distance is ``t = (T - T_c)/T_c`` where the driving parameter is a temperature or an
    inverse one, else ``t = (g - g_c)/g_c`` (``g - g_c`` if g_c = 0).

    Attributes
    ----------
    power : int
        p: the first power that stabilises the order parameter at criticality.
    contact : int
        r: a_2 vanishes like t**r.
    stiffness : Expr
        A.
    leading : Expr
        a_p at criticality.
    slope : Expr or None
        b: the observable per unit of x; None without a source.
    beta : Expr or None
        The inverse temperature at criticality.
    thermal : bool
        Whether t measures temperature.
    """

    power: int
    contact: int
    stiffness: Expr
    leading: Expr
    slope: Expr | None
    beta: Expr | None
    thermal: bool

    @staticmethod
    def of(expansion: Landau) -> CriticalScaling:
        """Read the leading terms off a Landau expansion.

        Raises
        ------
        DeriveError
            If an intermediate coefficient vanishes too slowly in t to be left out.
        """
        p = expansion.power
        contact, stiffness = _leading_power(expansion, 2)
        for k in range(3, p):
            rank, _ = _leading_power(expansion, k)
            if rank * (p - 2) <= contact * (p - k):
                raise DeriveError(
                    f"the coefficient a_{k} vanishes like t**{rank} along {expansion.parameter}, "
                    f"too slowly against a_2 ~ t**{contact}: choose another parameter for the path"
                )
        slope = expansion.response[1] if expansion.response else None
        beta = expansion.inverse_temperature
        return CriticalScaling(
            p,
            contact,
            stiffness,
            expansion.critical_coefficients[p],
            None if slope is None else expansion.at_criticality(slope),
            None if beta is None else expansion.at_criticality(beta),
            beta is not None and beta.has(expansion.parameter),
        )

    @property
    def exponents(self) -> dict[str, Expr]:
        """``x ~ |t|**beta``, ``chi ~ |t|**-gamma``, ``x ~ h**(1/delta)``, ``C ~ |t|**-alpha``."""
        p, r = Integer(self.power), Integer(self.contact)
        return {
            "alpha": 2 - r * p / (p - 2),
            "beta": r / (p - 2),
            "gamma": r,
            "delta": p - 1,
        }

    @property
    def amplitudes(self) -> dict[str, Expr]:
        """Amplitudes of the leading power laws.

        Keys: ``order_parameter`` (of the observable if there is a source, else of the unknown;
        ordered side), ``susceptibility_disordered``, ``susceptibility_ordered``,
        ``critical_isotherm`` (of ``h**(1/delta)``), ``specific_heat`` (of ``|t|**-alpha`` on the
        ordered side, over the regular background; the jump if alpha = 0).
        """
        p, stiffness = Integer(self.power), self._oriented
        spontaneous = (2 * stiffness / (p * self.leading)) ** (1 / (p - 2))
        found = {"order_parameter": neat(self._unit) * spontaneous}
        if self.slope is not None:
            beta = S.One if self.beta is None else self.beta
            curvature = 2 * stiffness  # a_2'' on the disordered side, (p - 2) times on the other
            found["susceptibility_disordered"] = neat(beta * self.slope**2 / curvature)
            found["susceptibility_ordered"] = neat(beta * self.slope**2 / ((p - 2) * curvature))
            pull = beta * self.slope / (p * self.leading)
            found["critical_isotherm"] = self.slope * neat(pull) ** (1 / (p - 1))
        if self.thermal:
            # phi_sing = |a_2| x**2 (1 - 2/p) ~ |t|**e, and C = d^2 phi/dt^2 at T_c
            e = 2 - self.exponents["alpha"]
            depth = stiffness * (1 - 2 / p) * (2 * stiffness / (p * self.leading)) ** (2 / (p - 2))
            found["specific_heat"] = e * (e - 1) * depth
        return found

    def finite_size(self) -> dict[str, Expr]:
        """Scaling constants exactly at criticality, for large N.

        Returns
        -------
        dict
            ``second_moment``: <M**2> N**(2/p), ``fourth_moment``: <M**4> N**(4/p),
            ``binder``: 1 - <M**4>/(3 <M**2>**2), and ``exponent``: 2/p.
        """
        p = Integer(self.power)
        second = gamma(3 / p) / gamma(1 / p) * self.leading ** (-2 / p)
        fourth = gamma(5 / p) / gamma(1 / p) * self.leading ** (-4 / p)
        return {
            "second_moment": self._unit**2 * second,
            "fourth_moment": self._unit**4 * fourth,
            "binder": 1 - gamma(5 / p) * gamma(1 / p) / (3 * gamma(3 / p) ** 2),
            "exponent": Rational(2, p),
        }

    @property
    def _unit(self) -> Expr:
        return S.One if self.slope is None else self.slope

    @property
    def _oriented(self) -> Expr:
        """|A|: positive on the disordered side whichever sign t has there."""
        return self.stiffness if sample_sign(self.stiffness) > 0 else -self.stiffness


def _leading_power(expansion: Landau, k: int) -> tuple[int, Expr]:
    """(r, A) with a_k ~ A t**r."""
    derivative, rate = expansion.series[k], _rate(expansion)
    for r in range(_HIGHEST_CONTACT + 1):
        value = expansion.at_criticality(derivative)
        if value != 0:
            return r, neat(value * rate**r / factorial(r))
        derivative = expansion.curve.derivative(derivative, expansion.parameter)
    if k == 2:
        raise DeriveError(
            f"a_2 vanishes for all {expansion.parameter} near the critical point: pass parameter= "
            "the quantity that drives the transition"
        )
    return 10**6, S.Zero


def _rate(expansion: Landau) -> Expr:
    """d parameter / dt at criticality."""
    symbol, beta = expansion.parameter, expansion.inverse_temperature
    if beta is not None and beta.has(symbol):
        return expansion.at_criticality(-beta / beta.diff(symbol))  # T / (dT/ds) with T = 1/beta
    value = expansion.at_criticality(symbol)
    return value if value != 0 else S.One
