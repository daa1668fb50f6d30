"""Samples of quenched disorder, drawn from the law that an ensemble declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sympy import Expr, sympify

from derive.equations import DiscreteDisorder, Element, GaussianDisorder, Quenched
from numerics.errors import DomainError, MissingParameterError, NotANumberError
from numerics.problem.errors import ProblemError
from numerics.simulation.door import generator, whole

__all__ = ["as_quenched", "draw_disorder", "number"]


def draw_disorder(
    problem: Any, *, samples: int, rng: Any = None, **parameters: Any
) -> dict[str, np.ndarray]:
    """Independent samples of the disorder of an ensemble.

    Parameters
    ----------
    problem : Quenched, or anything with ``.quenched()``
        An ensemble with Gaussian disorder, or disorder on finitely many values.
    samples : int
        How many.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        The seed.
    **parameters
        A number for each size, and for each parameter of ranges and of the law; further ones, which
        only the Hamiltonian knows, may be given too.

    Returns
    -------
    dict of str to ndarray
        For each array of disorder its samples, (samples, sizes of its indices): what `simulate` and
        `parallel_tempering` take.  Arrays declared symmetric are, and entries that are known
        (a diagonal) have their value.

    Raises
    ------
    MissingParameterError
        If a size or a parameter of the law has no value.
    DomainError
        If a range has no whole size, or a variance is not positive.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from derive.equations import Element, GaussianDisorder, Index, Label, Pairwise, Quenched
    >>> N = Symbol("N", integer=True, positive=True)
    >>> i, j = Index("i", N), Index("j", N)
    >>> J = Label("J", (i.range, i.range), symmetric=True, given=True)
    >>> law = GaussianDisorder(J[i, j], 0 * N, 1 / N)
    >>> glass = Quenched(Pairwise((), (), 0 * N, ()), (law,))
    >>> J = draw_disorder(glass, samples=50, rng=1, N=40)["J"]
    >>> J.shape, bool((J == J.swapaxes(1, 2)).all()), (40 * J.var()).round(1).item()
    ((50, 40, 40), True, 1.0)
    """
    model = as_quenched(problem)
    count, source = whole("samples", samples, 1), generator(rng)
    return {law.element.name: _drawn(law, parameters, count, source) for law in model.disorder}


def as_quenched(problem: Any) -> Quenched:
    """The hand-over of an ensemble with disorder."""
    model = problem.quenched() if hasattr(problem, "quenched") else problem
    if not isinstance(model, Quenched):
        raise ProblemError(
            f"{type(problem).__name__} offers no quenched(): pass the ensemble; that of a "
            "derivation is its .start"
        )
    return model


def number(expr: Any, known: Mapping[str, Any]) -> float:
    """An expression at scalar parameters given by name."""
    expr = sympify(expr)
    values = {}
    for symbol in expr.free_symbols:
        if symbol.name not in known:
            raise MissingParameterError(f"{symbol} has no value: pass {symbol}=...")
        value = np.asarray(known[symbol.name], dtype=float)
        if value.ndim or not np.isfinite(value):
            raise NotANumberError(f"{symbol}={value} is no finite number: give one")
        values[symbol] = float(value)
    return float(expr.subs(values))


def _drawn(
    law: DiscreteDisorder | GaussianDisorder,
    known: Mapping[str, Any],
    samples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    label = law.element.label
    shape = (samples, *_shape(law.element, known))
    if isinstance(law, GaussianDisorder):
        mean, variance = number(law.mean, known), number(law.variance, known)
        if not variance > 0:
            raise DomainError(f"the variance of {label.name}, {law.variance}, is {variance}")
        drawn = rng.normal(mean, np.sqrt(variance), shape)
    else:
        values = np.array([float(v) for v in law.values])
        logs = np.array([number(w, known) for w in law.weights])
        weights = np.exp(logs - logs.max())
        drawn = rng.choice(values, shape, p=weights / weights.sum())
    if label.symmetric and len(label.ranges) == 2:
        drawn = np.triu(drawn) + np.triu(drawn, 1).swapaxes(1, 2)
    elif label.symmetric:
        raise ProblemError(f"{label.name} is symmetric in {len(label.ranges)} indices, and not two")
    if label.diagonal is not None:
        sites = np.arange(shape[-1])
        drawn[:, sites, sites] = number(label.diagonal, known)
    return drawn


def _shape(element: Element, known: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(_size(over.size, known) for over in element.label.ranges)


def _size(size: Expr, known: Mapping[str, Any]) -> int:
    value = number(size, known)
    if value < 0.5 or abs(value - round(value)) > 1e-9 * value:
        told = ", ".join(f"{s} = {known[s.name]}" for s in sorted(size.free_symbols, key=str))
        raise DomainError(f"a range of size {size} has {value:g} members at {told}: choose others")
    return round(value)
