"""Where the entropy vanishes: the saddle equations with one more equation and one more unknown.

For discrete variables a negative entropy is impossible, so that the replica-symmetric branch ends
where it becomes zero (Krauth and Mezard, J. Phys. France 50, 3057 (1989)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sympy import Expr

from derive.equations import Equations
from derive.saddle.with_condition import with_condition

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["zero_entropy"]


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
    return with_condition(free_entropy, parameter, _entropy(free_entropy.explicit), "entropy")


def _entropy(free_entropy: FreeEntropy) -> Expr:
    """phi - beta d phi/d beta; phi itself for a volume of solutions."""
    from derive.limits.ground_state import GroundState

    is_volume = free_entropy.beta is None and not isinstance(free_entropy, GroundState)
    return free_entropy.density if is_volume else free_entropy.entropy
