"""Moves of an average: other variables, conditioning, independent blocks, sides of kinks.

Each returns an expression of the same value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sympy import Add, Expr, Heaviside, Matrix, Mul, S, Symbol

from derive.errors import MoveError
from derive.gaussian.covariance import cholesky, given_values, sign_of
from derive.gaussian.declaration import listed
from derive.gaussian.names import free_names, fresh_symbol
from derive.gaussian.sides import sides
from derive.gaussian.substitution import put
from derive.gaussian.terms import distributed, linear_form

__all__ = [
    "blocks",
    "change_variables",
    "conditioned",
    "factorised",
    "places",
    "split",
    "standardised",
]


def places(average: Any, variables: Iterable[Any]) -> list[int]:
    """Where variables stand among those that an average binds; they are known by their names.

    Raises
    ------
    MoveError
        If one is not bound by the average.
    """
    names = [v.name for v in average.variables]
    found = []
    for variable in variables:
        name = getattr(variable, "name", variable)
        if name not in names:
            raise MoveError(
                f"{variable} is no variable of this average; there are: {', '.join(names)}"
            )
        found.append(names.index(name))
    return found


def standardised(average: Any) -> Expr:
    """The same average over independent standard normals: x = m + L z, L lower triangular."""
    names = average.variables
    lower = cholesky(average.covariance)
    rows = [
        Add(m, *(lower[k, n] * names[n] for n in range(k + 1))) for k, m in enumerate(average.mean)
    ]
    # a mean may hold a symbol of the name of another variable only if that one is not bound
    return average.func(put(average.integrand, dict(zip(names, rows, strict=True))), names)


def change_variables(average: Any, rules: Mapping[Any, Any], variables: Any) -> Expr:
    """The same average over y with x = a + B y."""
    new = list(listed(variables))
    old = places(average, rules)
    new += [v for k, v in enumerate(average.variables) if k not in old and v not in new]
    size = len(average.variables)
    if len(new) != size:
        raise MoveError(f"{size} variables are not the image of {len(new)} variables {new}")
    forms = list(average.variables)
    for k, form in zip(old, rules.values(), strict=True):
        forms[k] = S(form)
    linear = [linear_form(form, new) for form in forms]
    for form, parts in zip(forms, linear, strict=True):
        if parts is None:
            raise MoveError(f"{form} is not linear in {new}")
    slopes = Matrix([parts[0] for parts in linear if parts])
    if sign_of(slopes.det()) == 0:
        raise MoveError(f"the variables {new} are not determined by {dict(rules)}: det B = 0")
    inverse = slopes.inv()
    constants = [parts[1] for parts in linear if parts]
    mean = inverse * Matrix([m - c for m, c in zip(average.mean, constants, strict=True)])
    covariance = inverse * average.covariance * inverse.T
    apart = _apart(average, new)
    rule = {v: form.xreplace(apart) for v, form in zip(average.variables, forms, strict=True)}
    covariance = covariance.applyfunc(lambda entry: entry.expand())
    names = [apart.get(v, v) for v in new]
    return average.func(put(average.integrand, rule), names, list(mean), covariance)


def _apart(average: Any, new: Sequence[Symbol]) -> dict[Symbol, Symbol]:
    """New variables under names that are not free in the average."""
    taken = free_names(average) | {v.name for v in new}
    clashes = [v for v in new if v.name in free_names(average)]
    return {v: fresh_symbol(v.name, taken) for v in clashes}


def conditioned(average: Any, on: Any) -> Expr:
    """An average over some variables of the average over the others given them."""
    outer = places(average, listed(on))
    inner = [k for k in range(len(average.variables)) if k not in outer]
    if not outer or not inner:
        return average
    names = average.variables
    means, matrix = given_values(average.mean, average.covariance, outer, [names[k] for k in outer])
    inside = average.func(
        average.integrand,
        [names[k] for k in inner],
        [means[k] for k in inner],
        matrix.extract(inner, inner),
    )
    return average.func(
        inside,
        [names[k] for k in outer],
        [average.mean[k] for k in outer],
        average.covariance.extract(outer, outer),
    )


def blocks(average: Any) -> list[list[int]]:
    """The variables in groups that are independent of each other."""
    groups: list[list[int]] = []
    for k in range(len(average.variables)):
        joined = [g for g in groups if any(average.covariance[k, n] != 0 for n in g)]
        groups = [g for g in groups if g not in joined]
        groups.append(sorted([k, *(n for g in joined for n in g)]))
    return sorted(groups)


def factorised(average: Any) -> Expr:
    """Products of functions of independent variables as products of averages."""
    terms = distributed(average.integrand, average.variables)
    return Add(*(_product(average, term) for term in terms))


def _product(average: Any, term: Expr) -> Expr:
    """The average of a product, over groups of variables that are correlated or share a factor."""
    names = average.variables
    groups = [({names[k] for k in block}, [S.One]) for block in blocks(average)]
    for factor in Mul.make_args(term):
        own = factor.free_symbols & set(names)
        met = [g for g in groups if g[0] & own]
        groups = [g for g in groups if g not in met]
        groups.append((set().union(own, *(g[0] for g in met)), [factor, *_all(met)]))
    law = average.args[1:]
    return Mul(*(average.func(Mul(*factors), *law) for _, factors in groups))


def _all(groups: Iterable[tuple[Any, list[Expr]]]) -> list[Expr]:
    return [factor for _, factors in groups for factor in factors]


def split(average: Any) -> Expr:
    """The sum of averages over the sides of kinks, each of an analytic function times steps."""
    law = average.args[1:]
    found = sides(average.integrand, average.variables)
    return Add(*(average.func(v * Mul(*map(Heaviside, where)), *law) for where, v in found))
