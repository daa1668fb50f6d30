"""Gaussian averages in numbers: a closed form where it is stable, else sums over nodes.

An average over several variables becomes nested averages over single standard normals.  Each of
these is planned for a box of the parameters by `numerics.quadrature`, the innermost first; for
these, the variables of the outer ones are parameters with a range of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import Any

from sympy import Dummy, Expr, Function, ImmutableMatrix, S, Symbol, nan

from derive.equations import Element, GaussianAverage
from numerics.closed_forms import closed_form, conditioned, preferred, refusal
from numerics.node_plans import NodePlan, NoValue, planned, without_value
from numerics.parameter_box import Box, box_text, key_of
from numerics.quadrature.plan import Nodal
from numerics.quadrature.search import MOST
from numerics.stable import stabilise

__all__ = ["Averages", "Planned", "Quadrature"]

REACH = 10.0  # where a standard normal is looked at first: beyond lies a part of 1e-23
LARGEST_REACH = 40.0  # beyond, the normal density is zero in double precision
SLOPES = 1e-8  # what derivatives that steer an iteration are asked for

Law = tuple[Any, Any]


@dataclass(frozen=True)
class Quadrature:
    """How one average is evaluated.

    Attributes
    ----------
    average : str
        The average in words.
    rule : str
        The rule in words, ``"closed form"`` where there is one.
    nodes : int
        The number of nodes, 0 for a closed form.
    box : str
        The ranges of the parameters that the rule was chosen for.
    estimate : float
        The relative error expected in this box.
    """

    average: str
    rule: str
    nodes: int
    box: str
    estimate: float


@dataclass(frozen=True)
class Planned:
    """Expressions without averages, in a box of the parameters."""

    expressions: tuple[Expr, ...]
    box: Box
    rows: tuple[Quadrature, ...]

    @property
    def estimate(self) -> float:
        """The worst estimate of an average."""
        return max((row.estimate for row in self.rows), default=0.0)

    @property
    def worst(self) -> Quadrature:
        """The average with the worst estimate."""
        return max(self.rows, key=lambda row: row.estimate)


@dataclass(frozen=True)
class _Rule:
    """A rule, the variable it is for, and the functions in the integrand it was chosen for."""

    nodal: Nodal
    variable: Symbol
    functions: frozenset[Expr]


@dataclass
class _Box:
    """The state of planning in one box: averages that are done, and what is said of them.

    `rules` are those of laws, and of the variables of averages around them; `law` is the one that
    is being brought to standard normals; `following` says that averages take the rules there are.
    """

    rows: list[Quadrature] = field(default_factory=list)
    memo: dict[Any, Expr] = field(default_factory=dict)
    rules: dict[Any, list[_Rule]] = field(default_factory=dict)
    most: int = MOST
    law: Law | None = None
    following: bool = False

    @contextmanager
    def of(self, law: Law | None) -> Iterator[None]:
        """While averages of this law are opened."""
        before, self.law = self.law, law
        yield
        self.law = before


class Averages:
    """The averages of expressions, planned for boxes of their parameters.

    Parameters
    ----------
    expressions : tuple of Expr
        What holds the averages.
    tolerance : float
        The relative error asked of each average.
    leading : int, optional
        How many of the expressions rules are chosen for. The others, derivatives of these, are
        summed over the same nodes: they steer an iteration, and nothing is asked of their error.
    """

    def __init__(
        self, expressions: tuple[Expr, ...], tolerance: float, leading: int | None = None
    ) -> None:
        self.expressions, self.tolerance = expressions, tolerance
        self.leading = len(expressions) if leading is None else leading
        self._levels: dict[Expr, Expr] = {}

    @property
    def parameters(self) -> set[Any]:
        """The symbols and labels of arrays that averages depend on."""
        found = {a for expr in self.expressions for a in expr.atoms(GaussianAverage)}
        free = set().union(*(a.free_symbols for a in found))
        bound = {v for a in found for v in a.variables}
        elements = {e for a in found for e in a.atoms(Element) if e.slots}
        return (free - bound) | {key_of(e) for e in elements}

    def at(self, box: Box, most: int = MOST) -> Planned:
        """The expressions with every average replaced, for parameters in a box.

        A rule with more nodes than `most` is given up.
        """
        state = _Box(most=most)
        opened = []
        for number, expr in enumerate(self.expressions):
            state.following = number >= self.leading
            opened.append(self._opened(expr, box, state))
        valued = tuple(
            _unless_nan(new, old) for new, old in zip(opened, self.expressions, strict=True)
        )
        return Planned(valued, box, tuple(state.rows))

    def skeleton(self) -> tuple[tuple[Expr, ...], tuple[Symbol, ...]]:
        """The expressions with every integrand in place of its average, and the variables.

        It is lowered to see whether all has a numeric meaning, before anything is planned.
        """
        memo: dict[Expr, Expr] = {}
        extra: dict[Symbol, None] = {}

        def bare(expr: Expr) -> Expr:
            if not expr.has(GaussianAverage):
                return expr
            if expr not in memo:
                if isinstance(expr, GaussianAverage):
                    own = {v: Dummy(v.name, real=True) for v in expr.variables}
                    extra.update(dict.fromkeys(own.values()))
                    law = sum((*expr.mean, *expr.covariance), S.Zero)
                    memo[expr] = bare(expr.integrand.xreplace(own)) + law
                else:
                    memo[expr] = expr.func(*map(bare, expr.args))
            return memo[expr]

        return tuple(map(bare, self.expressions)), tuple(extra)

    # -- replacing -------------------------------------------------------------------------

    def _opened(self, expr: Expr, box: Box, state: _Box) -> Expr:
        if not expr.has(GaussianAverage):
            return expr
        if isinstance(expr, GaussianAverage):
            return self._average(expr, box, state)
        return expr.func(*(self._opened(arg, box, state) for arg in expr.args))

    def _average(self, average: Any, box: Box, state: _Box) -> Expr:
        key = average, tuple(sorted((str(k), r) for k, r in box.items()))
        if key not in state.memo:
            state.memo[key] = self._replaced(average, box, state)
        return state.memo[key]

    def _replaced(self, average: Any, box: Box, state: _Box) -> Expr:
        law = state.law or (average.mean, average.covariance)
        if state.following:
            return self._followed(average, law, box, state)
        own = _own_box(average, box)
        why = refusal(average, own)
        if why is not None:
            state.rows.append(Quadrature(str(average), why, 0, box_text(own), inf))
            return without_value(average.integrand, average.variables)
        closed = closed_form(average)
        if closed is not None and preferred(average, closed, own, self.tolerance):
            state.rows.append(Quadrature(str(average), "closed form", 0, box_text(own), 0.0))
            return closed
        levels = self._standard(average)
        with state.of(law):
            if not _is_standard(levels):
                return self._opened(levels, box, state)
            return self._planned(levels, law, box, state)

    def _standard(self, average: Any) -> Expr:
        """In standard normals, one inside of the other."""
        if average not in self._levels:
            self._levels[average] = conditioned(average)
        return self._levels[average]

    def _followed(self, average: Any, law: Law, box: Box, state: _Box) -> Expr:
        """Over the nodes of an average of the same law; over its own where there is none."""
        levels = self._standard(average)
        with state.of(law):
            if not _is_standard(levels):
                return self._opened(levels, box, state)
        (z,) = levels.variables
        rules = state.rules.get((law, _around(box)), [])
        rule = max(
            rules, key=lambda r: len(r.functions & _functions(levels, r.variable)), default=None
        )
        variable = _variable(levels) if rule is None else rule.variable
        with state.of(None):
            wide = {**box, variable: (-REACH, REACH)}
            inner = self._opened(levels.integrand.xreplace({z: variable}), wide, state)
        if rule is not None:
            return rule.nodal.total(_stabilised(inner), variable)
        name = f"n{len(state.rows) + 1}_{len(state.memo) + 1}"
        tolerance = max(self.tolerance, SLOPES)
        return _planned_once(
            inner, variable, _items(inner, box), tolerance, name, state.most
        ).expression

    def _planned(self, average: Any, law: Law, box: Box, state: _Box) -> Expr:
        """An average over one standard normal; inner ones are planned for its reach."""
        (z,) = average.variables
        variable = _variable(average)
        reach = REACH
        while True:
            before = len(state.rows)
            wide = {**box, variable: (-reach, reach)}
            with state.of(None):
                inner = self._opened(average.integrand.xreplace({z: variable}), wide, state)
            name = f"n{len(state.rows) + 1}"
            found = _planned_once(
                inner, variable, _items(inner, box), self.tolerance, name, state.most
            )
            if len(state.rows) == before or found.reach <= reach or reach >= LARGEST_REACH:
                break
            del state.rows[before:]
            reach = min(found.reach, LARGEST_REACH)
        own = box_text(_own_box(average, box))
        row = Quadrature(str(average), found.rule, found.nodes, own, found.estimate)
        state.rows.append(row)
        if found.nodal is not None:
            rule = _Rule(found.nodal, variable, _functions(average, variable))
            state.rules.setdefault((law, _around(box)), []).append(rule)
        return found.expression


@lru_cache(maxsize=4096)
def _variable(average: Any) -> Symbol:
    """The variable of an average, the same one in every box: what is known of it is kept."""
    (z,) = average.variables
    return Dummy(z.name, real=True)


@lru_cache(maxsize=1024)
def _stabilised(inner: Expr) -> Expr:
    return stabilise(inner)[0]


@lru_cache(maxsize=1024)
def _planned_once(
    inner: Expr, variable: Symbol, box: tuple[Any, ...], tolerance: float, name: str, most: int
) -> NodePlan:
    """Kernels of residuals alone and of residuals with their slopes need the same plans."""
    return planned(inner, variable, dict(box), tolerance, name, most)


def _items(inner: Expr, box: Box) -> tuple[Any, ...]:
    """What of a box an expression depends on."""
    return tuple(_own_box(inner, box).items())


def _functions(average: Any, variable: Symbol) -> frozenset[Expr]:
    """What tells where an integrand varies: an average over -x has its nodes elsewhere."""
    (z,) = average.variables
    return frozenset(average.integrand.xreplace({z: variable}).atoms(Function))


def _around(box: Box) -> frozenset[Any]:
    """The variables of averages around the one in hand."""
    return frozenset(key for key in box if isinstance(key, Dummy))


def _unless_nan(opened: Expr, expr: Expr) -> Expr:
    """An expression without value as something that can be printed."""
    if not opened.has(nan):
        return opened
    return NoValue(min(expr.free_symbols, key=str, default=S.Zero))


def _own_box(average: Any, box: Box) -> Box:
    """The ranges of what an average depends on."""
    free = average.free_symbols | {key_of(e) for e in average.atoms(Element)}
    return {key: ends for key, ends in box.items() if key in free}


def _is_standard(average: Any) -> bool:
    """Whether an average is over one standard normal."""
    return (
        isinstance(average, GaussianAverage)
        and average.mean == (S.Zero,)
        and average.covariance == ImmutableMatrix([[1]])
    )
