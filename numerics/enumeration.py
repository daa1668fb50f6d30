"""Exact sums over every state of up to about twenty sites with arbitrary couplings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Expr, sympify

from derive.equations import Enumeration, Equations
from numerics.errors import MissingParameterError
from numerics.exact import TooManyStatesError
from numerics.kernel import Kernel
from numerics.problem.given import Given, bind

__all__ = ["EnumeratedSum", "enumerate_states"]

BLOCK = 2**14  # states at a time


@dataclass(frozen=True)
class EnumeratedSum:
    """The partition function over every state.

    Attributes
    ----------
    log_z : ndarray (batch)
        The logarithm of the partition function.
    mean : ndarray (batch, N)
        ``<s_i>``.
    correlation : ndarray (batch, N, N)
        ``<s_i s_j>``, not connected.
    """

    log_z: np.ndarray
    mean: np.ndarray
    correlation: np.ndarray


def enumerate_states(problem: Any, *, largest: int = 2**21, **parameters: Any) -> EnumeratedSum:
    """Sum over every state of every site, over a batch of parameters.

    Parameters
    ----------
    problem : Enumeration, or anything with ``.enumeration()``
        The site variable with its values and weights, and the exponent.
    largest : int
        The largest number of states.
    **parameters
        A number or array for each parameter, arrays of elements with their own axes last. The
        number of sites follows from them, or is given under the name of its symbol.

    Returns
    -------
    EnumeratedSum

    Raises
    ------
    TooManyStatesError
        If there are more states than `largest`.
    NumericsError
        For parameters that are missing, unknown, not finite, out of their domain or misshapen.

    Examples
    --------
    >>> import numpy as np
    >>> from derive.equations import Element, Enumeration, Index, Label, Total
    >>> from sympy import symbols
    >>> i = Index("i", symbols("N", integer=True, positive=True))
    >>> h, s = (Element(Label(name, (i.range,)), i) for name in "hs")
    >>> free = Enumeration(s, (-1, 1), Total(h * s, i), (h,))
    >>> enumerate_states(free, h=[0.0, 0.5]).mean.round(6).tolist() == [0, np.tanh(0.5).round(6)]
    True
    """
    model = problem.enumeration() if hasattr(problem, "enumeration") else problem
    symbols = Equations((model.site,), model.parameters, ())
    given = bind(symbols, parameters)
    sites = _sites(model, given)
    if len(model.values) ** sites > largest:
        raise TooManyStatesError(
            f"{sites} sites of {len(model.values)} values have {len(model.values) ** sites} "
            f"states, more than largest={largest}: fewer sites, or allow more"
        )
    sums = [_one_point(model, given, sites, point) for point in range(given.points)]
    log_z, mean, correlation = (np.array(part) for part in zip(*sums, strict=True))
    return EnumeratedSum(
        log_z.reshape(given.shape),
        mean.reshape((*given.shape, sites)),
        correlation.reshape((*given.shape, sites, sites)),
    )


def _sites(model: Enumeration, given: Given) -> int:
    size = model.site.label.ranges[0].size.subs(given.sizes)
    if not size.is_Integer:
        raise MissingParameterError(f"{size} has no value: pass {size}=... or an array over it")
    return int(size)


@lru_cache(maxsize=64)
def _kernel(unknowns: tuple[Expr, ...], parameters: tuple[Expr, ...], output: Expr) -> Kernel:
    return Kernel(Equations(unknowns, parameters, (("exponent", output),)))


def _one_point(
    model: Enumeration, given: Given, sites: int, point: int
) -> tuple[float, np.ndarray, np.ndarray]:
    """log Z, means and correlations at one parameter point, in units of the largest term so far."""
    arguments = {
        name: np.asarray(value)[0] if value.ndim > given.core[name] else value
        for name, value in given.take(np.array([point])).items()
    }
    values = np.array([float(value) for value in model.values])
    weights = _site_weights(model, arguments)
    top, norm = -np.inf, 0.0
    first, second = np.zeros(sites), np.zeros((sites, sites))
    for digits in _digits(len(values), sites):
        s = values[digits]
        terms = _exponents(model, s, arguments)
        if weights.any():
            terms = terms + weights[digits].sum(axis=1)
        height = max(top, float(terms.max()))
        keep, share = np.exp(top - height), np.exp(terms - height)
        norm = norm * keep + share.sum()
        first = first * keep + share @ s
        second = second * keep + (s.T * share) @ s
        top = height
    return top + float(np.log(norm)), first / norm, second / norm


def _digits(base: int, sites: int) -> Iterator[np.ndarray]:
    """Which value each site has, for all states, a block of states at a time."""
    powers = base ** np.arange(sites)
    for low in range(0, base**sites, BLOCK):
        number = np.arange(low, min(low + BLOCK, base**sites))
        yield number[:, None] // powers % base


def _exponents(
    model: Enumeration, s: np.ndarray, arguments: Mapping[str, np.ndarray]
) -> np.ndarray:
    kernel = _kernel((model.site,), model.parameters, model.exponent)
    known = {**arguments, model.site.name: s}
    value = kernel({symbol: known[symbol.name] for symbol in kernel.inputs})
    return np.broadcast_to(value, (len(s),))


def _site_weights(model: Enumeration, arguments: Mapping[str, np.ndarray]) -> np.ndarray:
    """The logarithm of the weight of each value."""
    if not model.weights:
        return np.zeros(len(model.values))
    values = {p: float(arguments[p.name]) for p in model.parameters if arguments[p.name].ndim == 0}
    return np.array([float(sympify(w).subs(values)) for w in model.weights])
