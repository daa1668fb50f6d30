"""Values of Gaussian averages for checks: the trapezoid rule, in pieces where there are steps.

Shares nothing with the rules by which averages are simplified.  Averages over two variables, or of
averages, are nested integrals, and done at fewer digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp
from sympy import Abs, Expr, Heaviside, S, Symbol, exp, sign

from derive.checks.integrals import PLANE_DIGITS, TwoDimensional
from derive.checks.quadrature import log_line_integral
from derive.gaussian.average import GaussianAverage

__all__ = ["averaged"]

Environment = dict[Any, Any]
Evaluate = Callable[[Environment], Any]
Evaluator = Callable[[Expr], Evaluate]


def averaged(node: GaussianAverage, evaluator: Evaluator) -> Evaluate:
    """A function from an environment to the value of an average."""
    names = node.variables
    exponent, factor = _as_exponential(node.integrand)
    log_part, part = evaluator(exponent), evaluator(factor)
    means = [evaluator(m) for m in node.mean]
    covariance = [[evaluator(c) for c in row] for row in node.covariance.tolist()]
    nested = len(names) > 1 or node.integrand.has(GaussianAverage)
    bound = {v for a in node.atoms(GaussianAverage) for v in a.variables}
    arguments = [[evaluator(e) for e in _steps_in(node.integrand, v, bound)] for v in names]

    def value(env: Environment) -> Any:
        if nested and mp.dps > PLANE_DIGITS:
            raise TwoDimensional("a nested Gaussian average")
        rows = mpmath.matrix([[c(env) for c in row] for row in covariance])
        root, at = mpmath.cholesky(rows), [m(env) for m in means]

        def over(k: int, env: Environment, normals: list[Any]) -> tuple[Any, Any]:
            """(exponent, factor) of the integral over the normals from the k-th on."""
            if k == len(names):
                return log_part(env), part(env)

            def along(z: Any) -> tuple[Any, Any]:
                drawn = [*normals, z]
                x = at[k] + mpmath.fsum(root[k, j] * drawn[j] for j in range(k + 1))
                height, own = over(k + 1, env | {names[k]: x}, drawn)
                return height - z * z / 2, own

            centre = at[k] + mpmath.fsum(root[k, j] * normals[j] for j in range(k))
            ends = [(r - centre) / root[k, k] for r in _roots(arguments[k], names[k], env)]
            return _line(along, ends)

        height, own = over(0, env, [])
        return mpmath.exp(height) * own / mpmath.sqrt(2 * mp.pi) ** len(names)

    return value


def _as_exponential(integrand: Expr) -> tuple[Expr, Expr]:
    return (integrand.args[0], S.One) if isinstance(integrand, exp) else (S.Zero, integrand)


def _steps_in(integrand: Expr, variable: Symbol, bound: set[Symbol]) -> list[Expr]:
    """The arguments of steps that change sign with this variable, and no other one averaged."""
    found = {node.args[0] for node in integrand.atoms(Heaviside, sign, Abs)}
    own = [a for a in found if a.free_symbols & bound == {variable}]
    return sorted(own, key=str)


def _roots(arguments: list[Evaluate], variable: Symbol, env: Environment) -> list[Any]:
    """Where affine arguments vanish."""
    found = []
    for argument in arguments:
        start, stop = (argument(env | {variable: mpmath.mpf(y)}) for y in (0, 1))
        if start != stop:
            found.append(-start / (stop - start))
    return sorted(set(found))


def _line(along: Callable[[Any], tuple[Any, Any]], ends: list[Any]) -> tuple[Any, Any]:
    if not ends:
        return log_line_integral(along, -mpmath.inf, mpmath.inf)
    reach = mpmath.sqrt(2 * (mp.dps + 6) * mpmath.log(10)) + 2
    inside = [e for e in ends if abs(e) < reach]

    def value(z: Any) -> Any:
        height, own = along(z)
        return mpmath.exp(height) * own

    return mpmath.mpf(0), mpmath.quadgl(
        value, [-reach, *inside, reach], maxdegree=5 if mp.dps <= PLANE_DIGITS else 8
    )
