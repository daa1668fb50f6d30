"""What one replica is in the Gaussian field that all replicas share.

At the replica-symmetric point every site is one replica in a field z, with log Z(z) in closed form
where the table has a row: the input of message passing (cavity field, denoiser) and of the
stability of replica symmetry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Add, Expr, S, Symbol

from derive.ensemble import elements_of, terms
from derive.errors import MoveError
from derive.indices import Element, Index
from derive.moments import gaussian_law
from derive.total import Total
from derive.variables import Variable

__all__ = ["SharedField", "scalars_as_symbols", "shared_fields"]


@dataclass(frozen=True)
class SharedField:
    """A Gaussian field that the replicas of a site share.

    Attributes
    ----------
    variable : Variable
        The field, with the indices of its sites.
    site : tuple of Index
        Those of the site at which `log_partition` is written.
    variance : Expr
        In the order parameters.
    log_partition : Expr
        log Z of one replica as a function of the field, and of what else stands at the site.
    is_mixed : bool
        Whether it acts on several sums over replicas at once.
    """

    variable: Variable
    site: tuple[Index, ...]
    variance: Expr
    log_partition: Expr
    is_mixed: bool

    @property
    def name(self) -> str:
        """How the field is written."""
        return self.variable.name

    @property
    def symbol(self) -> Symbol:
        """The field as a symbol."""
        return Symbol(self.name, real=True)

    @property
    def function(self) -> Expr:
        """log Z of one replica with symbols for the field, order parameters, and what is shared."""
        expr = self.log_partition
        return expr.xreplace({e: Symbol(e.name, real=True) for e in expr.atoms(Element)})


def shared_fields(derivation: Any, n: Symbol) -> list[SharedField]:
    """The fields of a derivation whose replicas are traced, but not what they share."""
    mixed = dict(
        pair for s in derivation.steps if s.move == "replica_squares" for pair in s.details
    )
    ensemble = derivation.state
    found = []
    for variable in ensemble.variables:
        if variable.name not in mixed:
            continue
        law = gaussian_law(variable.measure)
        if law is None:
            raise MoveError(f"{variable.name} is no Gaussian field any more")
        site = tuple(Index(f"\0site{k}", over) for k, over in enumerate(variable.label.ranges))
        log_z = Add(*(_at_site(term, variable, site).diff(n) for term in terms(ensemble.exponent)))
        if log_z.has(n):
            raise MoveError(f"the replicas that share {variable.name} are not factorised")
        variance = scalars_as_symbols(law[1])
        found.append(SharedField(variable, site, variance, log_z, mixed[variable.name]))
    return found


def _at_site(term: Expr, field: Variable, site: tuple[Index, ...]) -> Expr:
    """What a term of the exponent says of the field at one site."""
    if not (own := elements_of(term, [field.label])):
        return S.Zero
    coefficient, total = term.as_independent(Total, as_Add=False)
    ((element),) = own
    return coefficient * total.body.xreplace(dict(zip(element.slots, site, strict=True)))


def scalars_as_symbols(expr: Expr) -> Expr:
    """Scalars as the symbols that unknowns are."""
    return expr.xreplace({e: Symbol(e.name, real=True) for e in expr.atoms(Element) if not e.slots})
