r"""Expand the free entropy at fixed means in powers of the interaction (Plefka's expansion).

The first order is naive mean field, the second that of Thouless, Anderson and Palmer.  See
`derive.coupling_expansion` for the general identity, `derive.cumulants` for the averages over
independent sites, and `derive.site_cumulants` for the single sites.

T. Plefka, J. Phys. A 15, 1971 (1982).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sympy import Add, Dummy, Expr, Mul, S, Symbol, cancel, sympify

from derive.coupling_expansion import HIGHEST_ORDER, coupling_orders
from derive.cumulants import placeholder_order
from derive.ensemble import Ensemble, check_new_names, named_slots, refuse_weight
from derive.errors import MoveError
from derive.indices import Element, Index, Label
from derive.matching import replace_elements
from derive.measures import Continuous, Finite, OneHot, SphereSurface
from derive.monomials import polynomial_of, site_indices
from derive.nested import log_trace
from derive.relations import normal_form
from derive.saddle.free_entropy import FreeEntropy
from derive.site_cumulants import site_cumulants
from derive.step import Kind, Moved
from derive.total import Total
from derive.variables import Variable

__all__ = ["plefka"]


def plefka(
    ensemble: Ensemble, *names: str, order: int = 2, conjugate: Any = None, size: Any = None
) -> Moved:
    """Free entropy at given means, to an order in the interaction.

    Parameters
    ----------
    ensemble : Ensemble
        Whose exponent is a polynomial in single-site variables wherever it couples sites.
    *names : str
        A name for the means of each variable, in the order of their declaration.
    order : int
        1 (naive mean field), 2 (TAP), 3 or 4.
    conjugate : str or sequence of str, optional
        Names of the fields conjugate to the means; ``name + "hat"`` by default.
    size : Expr, optional
        The number that densities are per; the number of sites if all variables have the same.

    Returns
    -------
    Moved
        The `FreeEntropy` in the means V and the conjugate fields U.  Fluctuations are functions of
        V; where V = kappa_1(U) has no closed inverse, of U, which differs at order 4 only.
        Kind: approximation.

    Raises
    ------
    MoveError
        If disorder is not averaged, a weight is left, a variable is a field or has joint
        components, the interaction is no polynomial or absent, or the order is not in range.
    """
    _refuse(ensemble, names, order)
    conjugates = _conjugates(names, conjugate)
    check_new_names(ensemble, *names, *conjugates)
    variables = ensemble.variables
    exponent = polynomial_of(ensemble.exponent, {v.label: v.measure for v in variables})
    if not exponent.coupled:
        raise MoveError("the exponent couples no sites: trace it, which is exact")
    sites = {
        v.label: _sites(
            v, exponent.local.get(v.label, S.Zero), named_slots(ensemble, v.label), *own
        )
        for v, own in zip(variables, zip(names, conjugates, strict=True), strict=True)
    }
    free = exponent.constant + Add(*(own.free for own in sites.values()))
    coupled = coupling_orders(exponent.coupled, tuple(sites), order)
    orders = (free, *(_resolved(term, sites) for term in coupled))
    size = _size(ensemble, size)
    unknowns = [(u, sign) for own in sites.values() for u, sign in own.unknowns]
    return Moved(
        FreeEntropy(
            density=normal_form(Add(*orders) / size, {}),
            unknowns=[u for u, _ in unknowns],
            signs=[sign for _, sign in unknowns],
            size=size,
            beta=ensemble.beta,
            correction=ensemble.log_prefactor,
            kind="expansion",
        ),
        Kind.APPROXIMATION,
        (
            f"order {order} in the interaction; order {order + 1} is neglected",
            *_at_fields(sites.values(), order),
        ),
        details=(exponent.interaction, orders),
    )


def _at_fields(sites: Iterable[_Sites], order: int) -> Iterator[str]:
    r"""What is said where fluctuations are functions of fields.

    Held at V the field is ``U + r`` with a reaction r of order 2, and ``log z(U + r) - (U + r) V``
    plus the higher orders is stationary in it: putting r = 0 costs order 4.
    """
    for own in sites:
        if own.is_closed or order == 1:
            continue
        (mean, _), (field, _) = own.unknowns
        if order > 3:
            raise MoveError(
                f"the relation of the means {mean} to the fields {field} has no closed inverse, "
                "which order 4 needs: choose order=3"
            )
        yield f"fluctuations at the field {field}, not at the mean {mean}: the same to order 3"


# -- what is refused ------------------------------------------------------------------------------


def _refuse(ensemble: Ensemble, names: tuple[str, ...], order: Any) -> None:
    if not isinstance(order, int) or not 1 <= order <= HIGHEST_ORDER:
        raise MoveError(
            f"order={order}: the expansion is available at orders 1 (naive mean field), 2 (TAP) "
            f"to {HIGHEST_ORDER}"
        )
    if ensemble.disorder:
        listed = ", ".join(v.name for v in ensemble.disorder)
        raise MoveError(
            f"the disorder {listed} is not averaged over: for one sample of it declare the "
            "couplings with dv.Given"
        )
    refuse_weight(ensemble)
    for variable in ensemble.variables:
        _refuse_variable(variable)
    if len(names) != len(ensemble.variables):
        listed = ", ".join(v.name for v in ensemble.variables)
        raise MoveError(
            f"plefka needs one name for the means of each of {listed}, in this order; got "
            f"{', '.join(names) or 'none'}"
        )


def _refuse_variable(variable: Variable) -> None:
    name, measure = variable.name, variable.measure
    if isinstance(measure, SphereSurface):
        raise MoveError(f"{name} is on a sphere: open it with constrain('{name}') first")
    if isinstance(measure, OneHot):
        raise MoveError(
            f"{name} is an indicator vector, whose components are not independent: use "
            "hubbard_stratonovich"
        )
    if not isinstance(measure, Continuous | Finite) or getattr(measure, "is_imaginary", False):
        raise MoveError(
            f"{name} is a field that another move introduced: expand before "
            "hubbard_stratonovich and constrain, or continue with saddle_point"
        )
    if not variable.site_ranges:
        raise MoveError(f"{name} has no site index: trace('{name}') or saddle_point")


def _conjugates(names: tuple[str, ...], given: Any) -> tuple[str, ...]:
    if given is None:
        return tuple(f"{name}hat" for name in names)
    given = (given,) if isinstance(given, str) else tuple(map(str, given))
    if len(given) != len(names):
        raise MoveError(f"conjugate={given}: give one name for each of {', '.join(names)}")
    return given


def _size(ensemble: Ensemble, given: Any) -> Expr:
    if given is not None:
        return Symbol(given, integer=True, positive=True) if isinstance(given, str) else given
    counts = {Mul(*(r.size for r in v.site_ranges)) for v in ensemble.variables}
    if len(counts) > 1:
        listed = ", ".join(sorted(map(str, counts)))
        raise MoveError(f"the variables have {listed} sites: say per what, e.g. size=N")
    return sympify(counts.pop())


# -- single sites ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sites:
    """The sites of one variable: their unknowns, and what they contribute without interaction.

    Attributes
    ----------
    unknowns : tuple of (Element, int)
        The unknowns with their signs.
    free : Expr
        sum_i [log z(U_i) - U_i V_i + h_i V_i], h the linear part of the local exponent.
    value : callable
        A product of powers of cumulants, ``((order, power), ...)``, at one site.
    is_closed : bool
        Whether cumulants are functions of the mean, else of the field.
    """

    unknowns: tuple[tuple[Element, int], ...]
    free: Expr
    value: Callable[[tuple[tuple[int, Expr], ...]], Expr]
    is_closed: bool


def _sites(
    variable: Variable, local: Expr, slots: tuple[Index, ...], name: str, conjugate: str
) -> _Sites:
    field = Dummy("U", real=True)
    linear, log_trace_of = _single_site(variable, local, field)
    cumulants = site_cumulants(log_trace_of, field)
    site = site_indices(variable.label)
    mean, dual = (Label(n, variable.label.ranges) for n in (name, conjugate))
    known = mean if cumulants.is_closed else dual
    at_site = {field: dual[site], cumulants.unknown: known[site]}
    free = log_trace_of.xreplace(at_site) + (linear - dual[site]) * mean[site]

    @cache
    def value(powers: tuple[tuple[int, Expr], ...]) -> Expr:
        means = Mul(*(mean[site] ** power for order, power in powers if order == 1))
        rest = Mul(*(cumulants.kappa(order) ** power for order, power in powers if order > 1))
        if rest.is_rational_function(cumulants.unknown):
            return (cancel(rest.xreplace(at_site) * means)).expand()
        return rest.xreplace(at_site) * means

    named = dict(zip(site, slots, strict=True))
    return _Sites(
        ((mean[slots], 1), (dual[slots], -1)),
        Total(free.xreplace(named), *slots),
        value,
        cumulants.is_closed,
    )


def _single_site(variable: Variable, local: Expr, field: Expr) -> tuple[Expr, Expr]:
    """(h, log z(U)): the linear part of a local exponent, and the trace of the rest with U x."""
    bare = Label(variable.name)
    x = Element(bare)
    linear, rest = S.Zero, S.Zero
    for term in Add.make_args(replace_elements(local, variable.label, lambda *_: x).expand()):
        coefficient, power = term.as_independent(x, as_Add=False)
        linear, rest = (linear + coefficient, rest) if power == x else (linear, rest + term)
    return linear, log_trace((Variable(bare, variable.measure),), rest + field * x)


def _resolved(expr: Expr, sites: dict[Label, _Sites]) -> Expr:
    """Cumulants in terms of the unknowns, under every sum."""
    if not isinstance(expr, Total):
        return expr.func(*(_resolved(arg, sites) for arg in expr.args)) if expr.args else expr
    by_name = {label.name: (label, own) for label, own in sites.items()}
    factors: list[Expr] = []
    powers: dict[tuple[str, tuple[Expr, ...]], list[tuple[int, Expr]]] = {}
    for factor in Mul.make_args(expr.body):
        base, power = factor.as_base_exp()
        found = placeholder_order(base)
        if found is None:
            factors.append(factor)
        else:
            powers.setdefault((found[0], base.slots), []).append((found[1], power))
    for (name, slots), chosen in powers.items():
        label, own = by_name[name]
        at = dict(zip(site_indices(label), slots, strict=True))
        factors.append(own.value(tuple(sorted(chosen))).xreplace(at))
    return Total(Mul(*factors), *expr.indices)
