"""Where the entropy vanishes: the saddle equations with one more equation and one more unknown.

For discrete variables a negative entropy is impossible, so that the replica-symmetric branch ends
where it becomes zero (Krauth and Mezard, J. Phys. France 50, 3057 (1989)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sympy import Expr, S, oo

from derive.equations import Equations
from derive.errors import ParameterError

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["interval", "zero_entropy"]


def zero_entropy(free_entropy: FreeEntropy, parameter: Any) -> Equations:
    """The saddle equations and ``entropy = 0``, for the unknowns and a parameter.

    Parameters
    ----------
    free_entropy : FreeEntropy
        Relative to the counting measure; without an inverse temperature phi is the entropy.
    parameter : Symbol or str
        What becomes an unknown, such as the load alpha.

    Raises
    ------
    ParameterError
        If the entropy does not depend on the parameter.
    """
    scalar = free_entropy.explicit
    wanted = scalar.parameter(parameter)
    entropy = _entropy(scalar)
    if not entropy.has(wanted) and not any(row.has(wanted) for row in scalar.residuals):
        raise ParameterError(f"neither the entropy nor the saddle depends on {wanted}")
    rows = (*scalar.residuals, entropy)
    names = (*(f"residual_{u}" for u in scalar.unknowns), "entropy")
    return Equations(
        unknowns=(*scalar.unknowns, wanted),
        parameters=tuple(p for p in scalar.parameters if p != wanted),
        expressions=tuple(zip(names, rows, strict=True)),
        residuals=rows,
        bounds=tuple(interval(u) for u in (*scalar.unknowns, wanted)),
    )


def interval(unknown: Expr) -> tuple[Expr, Expr]:
    """Where a solver may look for it, by what its symbol declares."""
    return (S.Zero if unknown.is_nonnegative else -oo, oo)


def _entropy(free_entropy: FreeEntropy) -> Expr:
    """phi - beta d phi/d beta; phi itself for a volume of solutions."""
    from derive.limits.ground_state import GroundState

    is_volume = free_entropy.beta is None and not isinstance(free_entropy, GroundState)
    return free_entropy.density if is_volume else free_entropy.entropy
