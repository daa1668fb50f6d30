r"""Average over quenched disorder, after the replicas share it.

* Gaussian disorder, exactly: :math:`\langle e^{\sum_k c_k J_k}\rangle
  = \exp(\sum_k c_k \bar J_k + \frac12\sum_{kl} c_k c_l\,\mathrm{cov}(J_k, J_l))`.
* Independent disorder of any other law, by cumulants in the couplings that it multiplies, which
  fall with the size: orders that stay below the size are dropped, and the step says which.
* ``keep=True``, exactly: a disorder variable that stays special (a condensed pattern, a teacher)
  becomes one more traced variable, of probability measure, without a replica index.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Max, Mul, S, Symbol, factorial, together

from derive.ensemble import Ensemble, elements_of, terms
from derive.errors import MoveError
from derive.indices import Element, Index
from derive.moments import cumulants, gaussian_law, normalised
from derive.monomials import flattened
from derive.moves.replicate import is_extensive
from derive.step import Kind, Moved
from derive.total import Total, fresh
from derive.variables import Variable

__all__ = ["average"]


def average(ensemble: Ensemble, *names: Any, keep: bool = False) -> Moved:
    """Average over disorder that enters the exponent linearly, or keep it as a traced variable.

    Parameters
    ----------
    ensemble : Ensemble
        Replicated, with its disorder.
    *names : Variable or str
        Which disorder variables; all of them if none is named.
    keep : bool
        Whether to trace over the variables later, together with others.

    Returns
    -------
    Moved
        The ensemble of the averaged partition function.  Kind: exact for Gaussian disorder and
        with `keep`, else asymptotic.

    Raises
    ------
    MoveError
        If the disorder enters non-linearly (it says how to name its linear forms), or its
        cumulants do not fall with the size.
    UnboundedError
        If a moment that is needed diverges.
    """
    chosen = [ensemble[name] for name in names] or list(ensemble.disorder)
    if not chosen:
        raise MoveError("there is no disorder left to average over")
    kind, assumptions, orders = Kind.EXACT, [], []
    if not keep and not _is_replicated(ensemble):
        assumptions.append(
            "annealed: the average of Z, not of log Z, for which replicate('a', n) comes first"
        )
    for variable in chosen:
        if variable not in ensemble.disorder:
            raise MoveError(f"{variable.name} is traced already: only disorder is averaged over")
        if keep:
            ensemble = _kept(ensemble, variable)
        elif gaussian_law(variable.measure) is not None:
            ensemble = _gaussian(ensemble, variable)
        else:
            ensemble, assumed, order = _by_cumulants(ensemble, variable)
            kind = Kind.ASYMPTOTIC
            assumptions.append(assumed)
            orders.append(order)
    details = (Max(*orders),) if orders else ()
    return Moved(ensemble, kind, tuple(assumptions), details, _arguments(chosen, keep))


def _arguments(chosen: list[Variable], keep: bool) -> str:
    return ", ".join(v.name for v in chosen) + (", keep=True" if keep else "")


def _is_replicated(ensemble: Ensemble) -> bool:
    """Whether a first index of traced variables numbers copies: no disorder has it."""
    of_disorder = {over for v in ensemble.disorder for over in v.label.ranges}
    return any(
        v.label.ranges[:1] and v.label.ranges[0] not in of_disorder for v in ensemble.variables
    )


def _kept(ensemble: Ensemble, variable: Variable) -> Ensemble:
    if not _is_replicated(ensemble):
        raise MoveError(
            f"average({variable.name!r}, keep=True) before the copies exist would give every copy "
            f"its own {variable.name}: replicate('a', n) first"
        )
    special = Variable(variable.label, normalised(variable.name, variable.measure))
    return _without(ensemble, variable).replaced(variables=(*ensemble.variables, special))


def _without(ensemble: Ensemble, variable: Variable) -> Ensemble:
    return ensemble.replaced(disorder=[v for v in ensemble.disorder if v != variable])


def _gaussian(ensemble: Ensemble, variable: Variable) -> Ensemble:
    law = gaussian_law(variable.measure)
    assert law is not None  # asked for before
    mean, variance = law
    rest, linear = _linear_terms(ensemble, variable)
    first = Add(*(c.at_mean(mean) for c in linear))
    second = Add(*(a.paired(b, variance) for a in linear for b in linear)) / 2
    return _without(ensemble, variable).replaced(exponent=rest + first + second)


class _Linear:
    """One term ``sum c(k) J[k]`` with its slots k, free of J otherwise."""

    def __init__(self, coefficient: Expr, element: Element, indices: tuple[Index, ...]) -> None:
        self.coefficient, self.element, self.indices = coefficient, element, indices

    def at_mean(self, mean: Expr) -> Expr:
        return Total(self.coefficient * mean, *self.indices) if mean != 0 else S.Zero

    def apart(self, taken: set[Index]) -> _Linear:
        names: dict[Index, Index] = {}
        for index in self.indices:
            names[index] = fresh(index, taken | set(names.values()))
        return _Linear(
            self.coefficient.xreplace(names),
            self.element.xreplace(names),
            tuple(names.values()),
        )

    def paired(self, other: _Linear, variance: Expr) -> Expr:
        """sum c(k) c'(l) cov(J[k], J[l]), the covariance as deltas of the slots."""
        other = other.apart(set(self.indices))
        same = self.element.diff(other.element)
        body = self.coefficient * other.coefficient * variance * same
        return Total(body, *self.indices, *other.indices)


def _linear_terms(ensemble: Ensemble, variable: Variable) -> tuple[Expr, list[_Linear]]:
    """The exponent without the variable, and its terms linear in it."""
    if elements_of(ensemble.weight, [variable.label]):
        raise MoveError(
            f"{variable.name} stands inside the weight: name its linear forms first, "
            f"local_fields('lam'), or keep it: average({variable.name!r}, keep=True)"
        )
    rest, linear = [], []
    for term in terms(ensemble.exponent):
        if not elements_of(term, [variable.label]):
            rest.append(term)
            continue
        body, indices = flattened(term)
        own = [f for f in Mul.make_args(body) if elements_of(f, [variable.label])]
        if len(own) != 1 or not isinstance(own[0], Element):
            raise MoveError(
                f"the term {term} is not linear in {variable.name}: name its linear forms first, "
                f"local_fields('lam'), or keep it: average({variable.name!r}, keep=True)"
            )
        linear.append(_Linear(body / own[0], own[0], indices))
    if not linear:
        raise MoveError(f"the exponent does not contain the disorder {variable.name}")
    return Add(*rest), linear


# --- by cumulants -----------------------------------------------------------------------------


def _by_cumulants(ensemble: Ensemble, variable: Variable) -> tuple[Ensemble, str, Expr]:
    rest, linear = _linear_terms(ensemble, variable)
    label = variable.label
    if label.symmetric:
        raise MoveError(
            f"{variable.name} is symmetric and not Gaussian: sum over i < j with independent "
            "entries, or declare it Gaussian"
        )
    site = tuple(Index(f"\0site{k}", over) for k, over in enumerate(label.ranges))
    local = Add(*(_at_site(part, site) for part in linear))
    sites = S(sum(is_extensive(over) for over in label.ranges))
    falls = -_power(local)
    if falls <= 0:
        raise MoveError(
            f"the couplings of {variable.name}, {local}, do not fall with the size, so that its "
            f"cumulants do not either: keep it as a traced variable, "
            f"average({variable.name!r}, keep=True)"
        )
    highest = 1
    while sites - (highest + 1) * falls >= 1:
        highest += 1
    found = cumulants(variable.name, variable.measure, highest + 2)
    series = Add(*(k * local**p / factorial(p) for p, k in enumerate(found[:highest], 1)))
    named = _apart(linear[0].element.slots, series)
    summed = Total(series.xreplace(dict(zip(site, named, strict=True))), *named)
    dropped = next((p for p in (highest + 1, highest + 2) if found[p - 1] != 0), highest + 3)
    order = sites - dropped * falls
    assumed = (
        f"cumulants of {variable.name} beyond order {highest} are dropped: the next one, of order "
        f"{dropped}, is of order N**({order})"
    )
    return _without(ensemble, variable).replaced(exponent=rest + summed), assumed, order


def _apart(named: tuple[Any, ...], expr: Expr) -> tuple[Index, ...]:
    taken = set(expr.atoms(Index))
    found: list[Index] = []
    for index in named:
        found.append(fresh(index, taken | set(found)))
    return tuple(found)


def _at_site(part: _Linear, site: tuple[Index, ...]) -> Expr:
    """The coefficient of J at one site: its sum with the slots held."""
    slots = part.element.slots
    if len(set(slots)) < len(slots) or not set(slots) <= set(part.indices):
        raise MoveError(f"{part.element} does not run over all sites: sum over all of its indices")
    held = dict(zip(slots, site, strict=True))
    left = tuple(i for i in part.indices if i not in held)
    body = part.coefficient.xreplace(held)
    return Total(body, *left) if left else body


def _power(local: Expr) -> Expr:
    """The largest power of the size in the terms of a coupling of bounded fields."""
    return max(_own_power(term) for term in Add.make_args(local.expand()))


def _own_power(term: Expr) -> Expr:
    power = S.Zero
    for factor in Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if isinstance(base, Symbol) and base.is_integer and base.is_positive:
            power += exponent
        elif isinstance(base, Total):
            extensive = sum(is_extensive(i.range) for i in base.indices)
            power += exponent * (extensive + _power(base.body))
        elif not isinstance(base, Element) and base.has(Element):
            power += exponent * _power(together(base))
    return power
