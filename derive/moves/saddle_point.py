"""Laplace's method: from an ensemble of fields to its free-entropy density."""

from __future__ import annotations

import itertools
from typing import Any

from sympy import Add, Expr, MatrixBase, Mul, S, Symbol, log, sympify

from derive.ensemble import Ensemble, joint_groups, refuse_weight, terms
from derive.errors import MoveError, NotExtensiveError
from derive.field_indices import slots_of_fields
from derive.indices import Element
from derive.measures import Collective, Continuous, Finite, OneHot, SteepestContour
from derive.nested import LogZ
from derive.saddle.free_entropy import FreeEntropy
from derive.single_site import weighted_exponent
from derive.step import Kind, Moved
from derive.total import Total
from derive.variables import Variable

__all__ = ["order_in_size", "saddle_point"]


def saddle_point(
    ensemble: Ensemble, size: Any, *others: Any, signature: tuple[int, int] | None = None
) -> Moved:
    """Evaluate the integral over the fields at its dominant saddle point, for large `size`.

    Parameters
    ----------
    ensemble : Ensemble
        In which only fields are left, with an exponent proportional to `size`.
    size : Symbol
        The large number N.
    *others : Symbol
        Further sizes that grow with it, such as those of other layers; densities are per N.
    signature : (int, int), optional
        Numbers of positive and negative eigenvalues of the quadratic forms of joint fields, where
        the assumptions on their symbols do not decide it.

    Returns
    -------
    Moved
        The `FreeEntropy`.  Kind: asymptotic, or approximation where there are as many fields as
        sites, so that nothing controls the method.

    Raises
    ------
    NotExtensiveError
        If a term of the exponent grows faster than `size`, or none grows with it, or a field
        occurs only in terms that do not.
    MoveError
        If a variable has to be traced, disorder averaged, or a weight dealt with before.
    """
    large = tuple(
        Symbol(s, integer=True, positive=True) if isinstance(s, str) else sympify(s)
        for s in (size, *others)
    )
    size = large[0]
    _refuse_leftovers(ensemble)
    exponent = Add(ensemble.exponent, *(_own_weight(v) for v in ensemble.variables))
    assumptions: list[str] = []
    if others:
        assumptions.append(f"{', '.join(map(str, large[1:]))} grow in proportion to {size}")
    density, correction = _split(exponent, large, assumptions)
    _refuse_lost(ensemble, density, correction, size)
    signs = _signs(ensemble, signature, assumptions)
    scalars = {v.element: Symbol(v.name, real=True) for v in ensemble.variables if _is_scalar(v)}
    slots = slots_of_fields(ensemble)
    fields = [Element(v.label, *slots[v.label]) for v in ensemble.variables]
    unknowns = [scalars.get(field, field) for field in fields]
    kind = Kind.ASYMPTOTIC
    collective = any(isinstance(v.measure, Collective) for v in ensemble.variables)
    if crowd := [v.name for v in ensemble.variables if _is_extensive(v, large)]:
        kind = Kind.APPROXIMATION
        assumptions.append(
            f"{', '.join(crowd)}: as many fields as sites, nothing controls the saddle point"
        )
    return Moved(
        FreeEntropy(
            density=density.xreplace(scalars),
            unknowns=unknowns,
            signs=signs,
            size=size,
            beta=ensemble.beta,
            correction=(correction + ensemble.log_prefactor).xreplace(scalars),
            kind="continuation" if collective else str(kind),
        ),
        kind,
        tuple(assumptions),
        details=tuple(_joint_signs(ensemble, signs)),
    )


def _refuse_leftovers(ensemble: Ensemble) -> None:
    if not ensemble.variables:
        raise MoveError("no field is left to integrate over: the exponent is log Z already")
    if ensemble.disorder:
        names = ", ".join(v.name for v in ensemble.disorder)
        raise MoveError(f"the disorder {names} is not averaged over yet: replicate and average")
    refuse_weight(ensemble)
    for variable in ensemble.variables:
        measure = variable.measure
        if isinstance(measure, Finite | OneHot):
            raise MoveError(f"{variable.name} is discrete: trace('{variable.name}') first")
        if isinstance(measure, Collective):
            if replicas := measure.multiplicity.free_symbols:
                n = min(replicas, key=lambda s: (s.name != "n", s.name))
                raise MoveError(
                    f"{n} still is a whole number of replicas: continue_replicas({n}) first, or "
                    f"continue_replicas({n}, to={n}) to keep it finite"
                )
            continue
        if not isinstance(measure, Continuous | SteepestContour):
            raise MoveError(f"{variable.name} is on a sphere: constrain('{variable.name}') first")
        if isinstance(measure, Continuous) and measure.lower.is_finite:
            raise MoveError(
                f"{variable.name} is bounded, and its maximum may be at an end: "
                f"trace('{variable.name}') instead"
            )


def _own_weight(variable: Variable) -> Expr:
    if not isinstance(variable.measure, Continuous) or not _is_scalar(variable):
        return S.Zero
    return weighted_exponent(variable, S.Zero)


def _refuse_lost(ensemble: Ensemble, density: Expr, correction: Expr, size: Symbol) -> None:
    """A field of a layer of another size is no correction to a density."""
    kept, dropped = ({e.label for e in part.atoms(Element)} for part in (density, correction))
    for variable in ensemble.variables:
        sizes = {s for over in variable.label.ranges for s in over.size.free_symbols}
        if sizes and variable.label in dropped - kept:
            names = ", ".join(sorted(map(str, sizes)))
            raise NotExtensiveError(
                f"{variable.name} occurs only in terms that do not grow with {size}: if {names} "
                f"grows too, say saddle_point({size}, {names}), or declare it as a multiple of "
                f"{size}"
            )


def _split(exponent: Expr, large: tuple[Symbol, ...], assumptions: list[str]) -> tuple[Expr, Expr]:
    """The density of the terms of order N, and the terms of lower order."""
    size, density, correction = large[0], S.Zero, S.Zero
    for term in terms(exponent.expand(deep=False)):
        order = order_in_size(term, large)
        arrays = sorted({e.name for e in term.atoms(Element) if e.label.given})
        if order == 1:
            density += term / size
        elif arrays and (order is None or order > 1):
            # sparse arrays, or entries that fall with N: only the numbers handed in can tell
            density += term / size
            assumptions.append(f"the entries of {', '.join(arrays)} make {term} of order {size}")
        elif order is not None and order < 1:
            correction += term
        else:
            grows = f"as {size}**{order}" if order is not None else "in an unknown way"
            raise NotExtensiveError(
                f"the term {term} grows {grows}, but a saddle point in {size} needs an exponent "
                f"proportional to {size}: scale its coupling, e.g. J/(2*{size}) for a square of a "
                f"sum; sizes such as {size}2 = c*{size} are declared as multiples of {size}"
            )
    if density == 0:
        raise NotExtensiveError(
            f"no term of the exponent grows with {size}: {exponent}; is {size} the size of the "
            "system, and are its variables traced?"
        )
    _refuse_hidden_size(density, large)
    return density, correction


def _refuse_hidden_size(density: Expr, large: tuple[Symbol, ...]) -> None:
    """Beside sums over all sites, a density must not depend on N, not even as log cosh(m/N)."""
    size = large[0]
    over_sites = any(i.size.has(*large) for t in density.atoms(Total) for i in t.indices)
    if density.has(size) and not over_sites:
        raise NotExtensiveError(
            f"the density {density} still depends on {size}: a coupling falls or grows with it in "
            f"another way than 1/{size} for the square of a sum, 1/{size}**2 for its cube"
        )


def order_in_size(term: Expr, large: tuple[Symbol, ...]) -> Expr | None:
    """The power of N that a term grows with: explicit, plus one for each sum over a large range.

    A function of intensive arguments is intensive; log N counts as of order 0; None if not known.
    """
    order = S.Zero
    for factor in Mul.make_args(term):
        base, power = factor.as_base_exp()
        if base in large:
            order += power
        elif isinstance(base, Total):
            inner = order_in_size(base.body, large)
            if inner is None:
                return None
            order += power * (inner + sum(i.size.has(*large) for i in base.indices))
        elif not _is_intensive(factor, large):
            return None
    return order


def _is_intensive(factor: Expr, large: tuple[Symbol, ...]) -> bool:
    if isinstance(factor, Element) or factor in map(log, large) or not factor.args:
        return True
    if not factor.has(*large) and not factor.atoms(Total):
        return True
    arguments = (factor.ensemble.exponent,) if isinstance(factor, LogZ) else factor.args
    scalars = [a for argument in arguments for a in _scalars(argument)]
    parts = [part for argument in scalars for part in terms(argument)]
    orders = [order_in_size(part, large) for part in parts]
    return all(order is not None and order <= 0 for order in orders)


def _scalars(argument: Any) -> tuple[Expr, ...]:
    """An argument, or the entries of a list or matrix (the law of a Gaussian average)."""
    return (argument,) if isinstance(argument, Expr) else tuple(argument)


def _is_scalar(variable: Variable) -> bool:
    return not variable.label.ranges


def _is_extensive(variable: Variable, large: tuple[Symbol, ...]) -> bool:
    return any(over.size.has(*large) for over in variable.label.ranges)


def _signs(
    ensemble: Ensemble, signature: tuple[int, int] | None, assumptions: list[str]
) -> list[int]:
    signs: dict[Variable, int] = {}
    for group in joint_groups(ensemble.variables):
        measure = group[0].measure
        if isinstance(measure, Collective):
            turned = measure.multiplicity.is_negative is True
            signs[group[0]] = -1 if measure.is_imaginary != turned else 1
        elif isinstance(measure, Continuous):
            signs[group[0]] = -1 if measure.is_imaginary else 1
        elif not isinstance(measure.form, MatrixBase):
            # an array's own signs are not known; [[0, C], [C^T, 0]] has as many of either sign
            signs.update({v: -1 if v.measure.position else 1 for v in group})
        else:
            signs.update(
                zip(group, _inertia(group, measure.form, signature, assumptions), strict=True)
            )
    return [signs[v] for v in ensemble.variables]


def _joint_signs(ensemble: Ensemble, signs: list[int]) -> list[tuple[Any, int]]:
    """Explicit joint forms, with the number of negative eigenvalues taken for each."""
    by_name = dict(zip(ensemble.variables, signs, strict=True))
    return [
        (group[0].measure.form, sum(by_name[v] < 0 for v in group))
        for group in joint_groups(ensemble.variables)
        if isinstance(group[0].measure, SteepestContour)
        and isinstance(group[0].measure.form, MatrixBase)
    ]


def _inertia(
    group: tuple[Variable, ...],
    form: Any,
    signature: tuple[int, int] | None,
    assumptions: list[str],
) -> list[int]:
    """Signs of the eigenvalues of the form, by Jacobi's rule from its leading minors."""
    names = ", ".join(v.name for v in group)
    if signature is not None:
        assumptions.append(f"the quadratic form of {names} has signature {signature}")
        return [1] * signature[0] + [-1] * signature[1]
    minors = [S.One] + [form[:k, :k].det() for k in range(1, form.rows + 1)]
    ratios = [b / a for a, b in itertools.pairwise(minors)]
    if all(r.is_positive or r.is_negative for r in ratios):
        return [1 if r.is_positive else -1 for r in ratios]
    raise MoveError(
        f"whether the fields {names} are real at the saddle depends on the signs of the "
        f"eigenvalues of {form.tolist()}, which are not known: pass signature=({form.rows}, 0) if "
        "the form is positive definite, or declare the signs of its symbols"
    )
