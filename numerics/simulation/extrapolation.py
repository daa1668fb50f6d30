"""From finite sizes to N -> oo: least squares in powers of 1/N, and p-values for a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import DomainError, ShapeError
from numerics.real_arrays import finite_array
from numerics.simulation.estimate import written

__all__ = ["Extrapolation", "combined_p_value", "extrapolate"]

FEWEST = 3  # sizes: with two, a straight line fits whatever the law


@dataclass(frozen=True)
class Extrapolation:
    """A least-squares fit ``value + sum_k coefficients[k] N**-powers[k]``.

    Attributes
    ----------
    value, error : float
        The limit N -> oo, and its standard error propagated from the errors given.
    coefficients, coefficient_errors : tuple of float
        Of each power, with their standard errors.
    powers : tuple of float
        The exponents of 1/N.
    chi2 : float
        The sum of squared residuals in units of the errors.
    dof : int
        The number of data less that of parameters.
    p_value : float
        The probability of a larger `chi2` if the law holds; 1 where `dof` is 0, as such a fit tests
        nothing.
    """

    value: float
    error: float
    coefficients: tuple[float, ...]
    coefficient_errors: tuple[float, ...]
    powers: tuple[float, ...]
    chi2: float
    dof: int
    p_value: float

    def __str__(self) -> str:
        fit = f"chi2 = {self.chi2:.3g} for {self.dof} degrees of freedom, p = {self.p_value:.2g}"
        return f"{written(self.value, self.error)} ({fit})"


def extrapolate(
    sizes: Any, means: Any, errors: Any, powers: Sequence[float] = (1,)
) -> Extrapolation:
    r"""The limit N -> oo of quantities measured at several sizes.

    Weighted least squares of :math:`y(N) = y_\infty + \sum_k c_k N^{-p_k}`: each datum counts with
    the inverse square of its error.  The errors are taken as they are, and not rescaled by the
    quality of the fit, which `p_value` tells.

    Parameters
    ----------
    sizes : array (data)
        At least three different ones, and as many as parameters; positive.
    means, errors : array (data)
        Independent estimates and their standard errors.
    powers : sequence of float
        The exponents of 1/N, positive: ``(1,)`` for mean-field models away from criticality,
        ``(2/3,)`` where a discontinuity or a critical point makes corrections slower, ``(1, 2)``
        for two orders.

    Returns
    -------
    Extrapolation

    Raises
    ------
    ShapeError
        If the arrays differ in length, or there are too few sizes.
    NotANumberError
        If a number is nan, infinite or complex.
    DomainError
        If an error, a size or a power is not positive, or a power is repeated.

    Notes
    -----
    Source: Press et al., Numerical Recipes, 3rd ed. (2007), section 15.4.

    Examples
    --------
    >>> found = extrapolate([10, 20, 40], [1.1, 1.05, 1.025], [0.01, 0.01, 0.01])
    >>> round(found.value, 12), round(found.coefficients[0], 12), found.dof
    (1.0, 1.0, 1)
    """
    size, mean, error = (
        finite_array(name, value)
        for name, value in (("sizes", sizes), ("means", means), ("errors", errors))
    )
    exponents = _powers(powers)
    _check(size, mean, error, 1 + len(exponents))
    scale = size.min()  # columns of order one, for the condition of the problem
    columns = [np.ones_like(size), *((size / scale) ** -p for p in exponents)]
    design = np.stack(columns, axis=1) / error[:, None]
    upper = np.linalg.qr(design, mode="r")
    found = np.linalg.lstsq(design, mean / error, rcond=None)[0]
    inverse = np.linalg.inv(upper)  # the covariance is (A^T A)^-1 = R^-1 R^-T
    spread = np.sqrt((inverse**2).sum(axis=1))
    units = np.array([1.0, *(scale**p for p in exponents)])
    chi2 = float(((design @ found - mean / error) ** 2).sum())
    dof = len(size) - len(units)
    values, deviations = found * units, spread * units
    return Extrapolation(
        value=float(values[0]),
        error=float(deviations[0]),
        coefficients=tuple(map(float, values[1:])),
        coefficient_errors=tuple(map(float, deviations[1:])),
        powers=exponents,
        chi2=chi2,
        dof=dof,
        p_value=_larger_chi2(chi2, dof),
    )


def combined_p_value(deviations: Any, errors: Any = 1.0, dof: Any = None) -> float:
    r"""One p-value that many independent deviations from theory are due to chance.

    Each deviation gives a z-score, ``z = deviation/error``; the p-value is
    :math:`P(\chi^2_k \ge \sum_a z_a^2)` for k of them, so that deviations of either sign count.
    If the theory holds it is uniform on (0, 1).

    Parameters
    ----------
    deviations : array
        Found minus expected, statistically independent of each other.
    errors : array
        Their standard errors; 1 if the deviations are z-scores already.
    dof : array, optional
        How many degrees of freedom each error was estimated from, such as samples - 1: z is then
        the normal deviate with the two-sided probability that Student's t gives to the ratio.
        Errors are taken as exact by default.

    Returns
    -------
    float
        Between 0 and 1; small if theory and data disagree.

    Raises
    ------
    ShapeError
        If there is no deviation, or the arrays do not broadcast.
    NotANumberError
        If a number is nan, infinite or complex.
    DomainError
        If an error or a number of degrees of freedom is not positive.

    Notes
    -----
    Source: R. A. Fisher, Statistical Methods for Research Workers (1925), sections 20 and 24.

    Examples
    --------
    >>> round(combined_p_value([0.3, -0.1, 0.2], [0.2, 0.2, 0.2]), 3)
    0.321
    >>> combined_p_value([0.0, 12.0]) < 1e-30
    True
    """
    deviation, error = finite_array("deviations", deviations), finite_array("errors", errors)
    freedom = np.ones(()) if dof is None else finite_array("dof", dof)
    try:
        deviation, error, freedom = np.broadcast_arrays(deviation, error, freedom)
    except ValueError:
        shapes = f"{deviation.shape}, {error.shape} and {freedom.shape}"
        raise ShapeError(
            f"deviations, errors and dof of shapes {shapes} do not broadcast"
        ) from None
    if not deviation.size:
        raise ShapeError("there is no deviation to combine: give at least one")
    _check_positive(errors=error, dof=freedom)
    from scipy import special

    squares = (deviation / error) ** 2
    if dof is not None:
        tails = 2 * special.stdtr(freedom, -np.abs(deviation / error))
        squares = special.chdtri(1, tails)
    return _larger_chi2(float(squares.sum()), deviation.size)


def _larger_chi2(chi2: float, dof: int) -> float:
    from scipy import special

    return float(special.chdtrc(dof, chi2)) if dof else 1.0


def _powers(powers: Sequence[float]) -> tuple[float, ...]:
    exponents = np.atleast_1d(finite_array("powers", powers))
    _check_positive(powers=exponents)
    if exponents.ndim > 1 or len(set(exponents.tolist())) < exponents.size:
        raise DomainError(f"powers={powers}: give different exponents of 1/N, such as (1, 2)")
    return tuple(exponents.tolist())


def _check(size: np.ndarray, mean: np.ndarray, error: np.ndarray, parameters: int) -> None:
    if size.ndim != 1 or size.shape != mean.shape or size.shape != error.shape:
        raise ShapeError(
            f"sizes, means and errors have shapes {size.shape}, {mean.shape}, {error.shape}: give "
            "one mean and one error for each size"
        )
    _check_positive(sizes=size, errors=error)
    different, needed = len(np.unique(size)), max(FEWEST, parameters)
    if different < needed:
        raise ShapeError(
            f"{different} different sizes cannot tell {parameters} parameters: measure {needed} "
            "sizes, or fit fewer powers"
        )


def _check_positive(**given: np.ndarray) -> None:
    for name, array in given.items():
        if (array <= 0).any():
            raise DomainError(f"{name} must be positive: there is {array.min():.6g}")
