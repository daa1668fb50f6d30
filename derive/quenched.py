"""Reading an ensemble of spins in pairs with quenched disorder: the model at a sample, and its law.

Disorder becomes arrays that are handed in, under the same names; each comes with its measure, so
that numerics can draw samples of it.
"""

from __future__ import annotations

from sympy import Dummy, expand, oo

from derive.ensemble import Ensemble
from derive.equations import DiscreteDisorder, GaussianDisorder, Quenched
from derive.errors import MoveError
from derive.indices import Element, Index, Label
from derive.matching import replace_elements
from derive.measures import Continuous, Finite
from derive.pairwise import pairwise
from derive.variables import Variable

__all__ = ["quenched"]


def quenched(ensemble: Ensemble) -> Quenched:
    """The pairwise model of a sample of the disorder, and how samples are distributed.

    Raises
    ------
    CouplingError, MoveError
        If the exponent at fixed disorder is not pairwise.
    MoveError
        If there is no disorder, or a measure of it is neither Gaussian nor on finitely many values.
    """
    if not ensemble.disorder:
        raise MoveError("there is no disorder in this ensemble: pass disorder=, or use pairwise()")
    arrays = {v.label: _array(v.label) for v in ensemble.disorder}
    exponent = ensemble.exponent
    for label, array in arrays.items():
        exponent = replace_elements(exponent, label, lambda *slots, to=array: Element(to, *slots))
    fixed = ensemble.replaced(exponent=exponent, disorder=())
    laws = tuple(_law(variable, arrays[variable.label]) for variable in ensemble.disorder)
    return Quenched(pairwise(fixed), laws)


def _array(label: Label) -> Label:
    return Label(label.name, label.ranges, label.symmetric, given=True, diagonal=label.diagonal)


def _law(variable: Variable, array: Label) -> DiscreteDisorder | GaussianDisorder:
    element = Element(array, *(Index("ijklmn"[k], over) for k, over in enumerate(array.ranges)))
    measure = variable.measure
    if isinstance(measure, Finite):
        return DiscreteDisorder(element, measure.values, measure.log_weights)
    if isinstance(measure, Continuous) and (measure.lower, measure.upper) == (-oo, oo):
        x = Dummy("x", real=True)
        logarithm = expand(measure.log_weight(x))
        curvature, slope = logarithm.coeff(x, 2), logarithm.coeff(x, 1)
        rest = logarithm - curvature * x**2 - slope * x
        if curvature != 0 and not expand(rest).has(x):
            # log p = -(x - mean)^2 / (2 variance) + constant
            return GaussianDisorder(element, -slope / (2 * curvature), -1 / (2 * curvature))
    raise MoveError(
        f"the disorder {variable.name} is neither Gaussian nor on finitely many values: draw "
        f"samples of it and hand them in as arrays, dv.Given('{variable.name}', ...)"
    )
