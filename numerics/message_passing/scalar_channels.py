"""The scalar functions of message passing, from symbolic log-partition functions of one variable.

The prior enters through ``log Z(A, B)``, ``Z = int P(x) exp(-A x^2/2 + B x) dx``, whose derivatives
in B are the posterior mean and variance; the output through ``log Z(omega, V, y)``,
``Z = int P(y|z) N(z; omega, V) dz``, whose derivatives in omega are g and dg/domega.
Source: Zdeborova and Krzakala, Adv. Phys. 65, 453 (2016), section VI.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Expr, Symbol

from numerics.errors import MissingParameterError, UnknownParameterError
from numerics.handover import as_expression
from numerics.kernel import Kernel, compile

__all__ = ["Channel", "check_parameters", "output_channel", "prior_channel"]

PRIOR = ("A", "B")
OUTPUT = ("omega", "V", "y")


@dataclass(frozen=True)
class Channel:
    """A log-partition function with its first two derivatives, compiled.

    Attributes
    ----------
    kernel : Kernel
        Value, first and second derivative.
    parameters : tuple of float
        Values of what is no argument.
    """

    kernel: Kernel
    parameters: tuple[float, ...]

    def __call__(self, *arguments: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The logarithm, its derivative and its second derivative, of one broadcast shape."""
        value, slope, curvature = self.kernel(*arguments, *self.parameters)
        return value, slope, curvature


def prior_channel(log_prior: Any, parameters: Mapping[str, Any]) -> Channel:
    """Of (A, B): log Z, posterior mean, posterior variance."""
    return _channel("log_prior", log_prior, PRIOR, "B", parameters)


def output_channel(log_output: Any, parameters: Mapping[str, Any]) -> Channel:
    """Of (omega, V, y): log Z, g, dg/domega."""
    return _channel("log_output", log_output, OUTPUT, "omega", parameters)


def check_parameters(parameters: Mapping[str, Any], *expressions: Any) -> None:
    """Refuse names that no expression has."""
    found = {s.name for expr in expressions for s in as_expression(expr).free_symbols}
    known = sorted(found - {*PRIOR, *OUTPUT})
    for name in parameters:
        if name not in known:
            raise UnknownParameterError(
                f"there is no parameter {name}; there are: {', '.join(known) or 'none'}"
            )


def _channel(
    what: str, given: Any, names: Sequence[str], variable: str, parameters: Mapping[str, Any]
) -> Channel:
    expr = as_expression(given)
    symbols = {s.name: s for s in sorted(expr.free_symbols, key=str)}
    if variable not in symbols:
        raise MissingParameterError(
            f"{what}={expr} does not depend on {variable}: write it in the symbols "
            f"{', '.join(names)}"
        )
    arguments: list[Expr] = [symbols.get(name) or Symbol(name, real=True) for name in names]
    others = [symbol for name, symbol in symbols.items() if name not in names]
    missing = [s.name for s in others if s.name not in parameters]
    if missing:
        raise MissingParameterError(
            f"{', '.join(missing)} of {what} has no value: pass "
            f"{', '.join(f'{name}=...' for name in missing)}"
        )
    x = symbols[variable]
    slope = expr.diff(x)
    kernel = compile([expr, slope, slope.diff(x)], arguments=[*arguments, *others])
    return Channel(kernel, tuple(parameters[s.name] for s in others))
