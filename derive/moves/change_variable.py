r"""Change a traced variable affinely, such as {0, 1} units a = (1 + s)/2 into Ising spins.

    sum_a w(a) f(a) = sum_s w(c0 + c1 s) f(c0 + c1 s)
    int dx rho(x) f(x) = int ds |c1| rho(c0 + c1 s) f(c0 + c1 s)

Values keep their weights.  A density carries its Jacobian, so that probability stays probability;
without density (Lebesgue measure) the Jacobian goes to the prefactor, once for each component.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import (
    Abs,
    Dummy,
    Expr,
    Lambda,
    Mul,
    Poly,
    PolynomialError,
    S,
    Symbol,
    SympifyError,
    Tuple,
    expand_log,
    log,
    sympify,
)

from derive.ensemble import Ensemble, check_new_names, named_slots
from derive.errors import MoveError, ParameterError
from derive.indices import Element, Label
from derive.matching import replace_elements
from derive.measures import Continuous, Finite, Measure
from derive.step import Moved
from derive.variables import Variable

__all__ = ["change_variable"]


def change_variable(
    ensemble: Ensemble, variable: Any, name: str, rule: Callable[[Any], Any]
) -> Moved:
    """Write a traced variable as an affine function of a new one.

    Parameters
    ----------
    ensemble : Ensemble
        The ensemble.
    variable : Variable or str
        What is replaced: discrete or on a line; any number of indices.
    name : str
        The new variable's name.
    rule : callable
        The old variable as a function of the new one, ``lambda s: (1 + s)/2``: affine, with
        coefficients that are numbers or symbols, the same at every site.

    Returns
    -------
    Moved
        The ensemble over the new variable, on the image of the old measure.  Kind: exact.

    Raises
    ------
    MoveError
        If the rule is not affine and invertible, or the measure is joint (colours, a sphere, fields
        on a common contour) or quenched.
    ParameterError
        If the slope is a symbol whose sign is not known.
    """
    old = ensemble[variable]
    if old in ensemble.disorder:
        raise MoveError(f"{old.name} is quenched: declare it in the units wanted")
    check_new_names(ensemble, str(name))
    origin, slope = _affine(old, rule)
    measure, jacobian = _mapped(old, origin, slope)
    new = Label(str(name), old.label.ranges, symmetric=old.label.symmetric)

    def value(*slots: Any) -> Expr:
        return origin + slope * Element(new, *slots)

    slots = named_slots(ensemble, old.label)
    return Moved(
        ensemble.replaced(
            variables=tuple(Variable(new, measure) if v == old else v for v in ensemble.variables),
            exponent=replace_elements(ensemble.exponent, old.label, value),
            weight=replace_elements(ensemble.weight, old.label, value),
            log_prefactor=ensemble.log_prefactor + _components(old.label) * jacobian,
        ),
        details=(Tuple(Element(old.label, *slots), value(*slots)),),
        arguments=f"{Element(old.label, *slots)} = {value(*slots)}",
    )


def _components(label: Label) -> Expr:
    """How many independent components a variable has: N, or N(N + 1)/2 for a symmetric array."""
    count = Mul(*(over.size for over in label.ranges))
    return label.ranges[0].size * (label.ranges[0].size + 1) / 2 if label.symmetric else count


def _affine(old: Variable, rule: Callable[[Any], Any]) -> tuple[Expr, Expr]:
    """(c0, c1) of the rule c0 + c1 s."""
    if not callable(rule):
        raise MoveError(f"{rule!r} is no rule: give the old variable as a function of the new one")
    new = Dummy("s", real=True)
    try:
        written = sympify(rule(new))
        powers = Poly(written, new)
    except PolynomialError:
        powers = None
    except (TypeError, SympifyError) as reason:
        raise MoveError(f"the rule is no function of one variable: {reason}") from None
    if powers is None or powers.degree() > 1 or powers.has(Element):
        raise MoveError(
            f"{old.name} = {written.xreplace({new: Symbol('s')})} is not affine in s: give "
            "lambda s: c0 + c1*s with coefficients that are the same at every site"
        )
    origin, slope = powers.nth(0), powers.nth(1)
    if slope == 0:
        raise MoveError(f"{old.name} = {origin} does not depend on the new variable: slope zero")
    if not (origin.is_extended_real is not False and origin.is_finite is not False):
        raise ParameterError(f"{old.name} = {origin} + ... leaves the real numbers")
    if not (slope.is_positive or slope.is_negative):
        raise ParameterError(
            f"the slope {slope} of {old.name} is not known to be a positive or a negative number: "
            "declare its symbols positive=True or negative=True"
        )
    return origin, slope


def _mapped(old: Variable, origin: Expr, slope: Expr) -> tuple[Measure, Expr]:
    """The image of the measure, and what one component adds to the logarithm of the prefactor."""
    measure = old.measure
    if isinstance(measure, Finite):
        return _mapped_values(measure, origin, slope), S.Zero
    if isinstance(measure, Continuous):
        return _mapped_line(measure, origin, slope)
    raise MoveError(
        f"the components of {old.name} have a joint measure ({type(measure).__name__}): change "
        "discrete variables or real ones, and a sphere after constrain has opened it"
    )


def _mapped_values(measure: Finite, origin: Expr, slope: Expr) -> Finite:
    """The values in increasing order where it is known, so that equal measures are equal."""
    pairs = [
        (((v - origin) / slope).expand(), w)
        for v, w in zip(measure.values, measure.log_weights, strict=True)
    ]
    if all(v.is_number for v, _ in pairs):
        pairs.sort(key=lambda pair: pair[0])
    return Finite([v for v, _ in pairs], [w for _, w in pairs])


def _mapped_line(measure: Continuous, origin: Expr, slope: Expr) -> tuple[Continuous, Expr]:
    """x = shift + direction*y becomes s = (x - c0)/c1, on the real axis with the ends moved."""
    new = Dummy("x")
    moved = (measure.shift - origin) / slope
    lower, upper = measure.lower / slope, measure.upper / slope
    if slope.is_negative:
        lower, upper = upper, lower
    if measure.direction == 1:
        lower, upper, moved = lower + moved, upper + moved, S.Zero
    density = measure.log_weight(origin + slope * new)
    jacobian = expand_log(log(Abs(slope)))
    if density != 0:
        density, jacobian = density + jacobian, S.Zero
    mapped = Continuous(lower, upper, Lambda(new, density), measure.direction, moved.expand())
    return mapped, jacobian
