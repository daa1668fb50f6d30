"""Fields that enter an ensemble in place of the terms that they linearise."""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr

from derive.ensemble import Ensemble, check_new_names, terms
from derive.errors import MoveError
from derive.step import Moved
from derive.variables import Variable

__all__ = ["require_names", "with_fields"]


def require_names(names: tuple[str, ...], wanted: list[Any], ensemble: Ensemble) -> None:
    if len(names) != len(wanted):
        listed = ", ".join(map(str, wanted))
        raise MoveError(
            f"{len(wanted)} field(s) are needed, for {listed}; {len(names)} name(s) were given: "
            f"hubbard_stratonovich({', '.join(repr(f'm{k + 1}') for k in range(len(wanted)))})"
        )
    check_new_names(ensemble, *names)


def with_fields(
    ensemble: Ensemble, gone: dict[Expr, Any], fields: list[Variable], linear: Expr, norm: Expr
) -> Moved:
    """The ensemble with fields, their terms in place of those that they linearise."""
    rest = Add(*(term for term in terms(ensemble.exponent) if term not in gone))
    return Moved(
        ensemble.replaced(
            variables=(*ensemble.variables, *fields),
            exponent=rest + linear,
            log_prefactor=ensemble.log_prefactor + norm,
        )
    )
