"""The rules of averages that all candidates share: those of a kernel, and those people write.

A rule of a kernel may move with the point. Its nodes are then ``centre + place``, and its weights
carry the normal density there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import roots_hermitenorm
from sympy import Expr, S, Symbol, ccode, lambdify

import numerics as nm
from numerics.node_sum import NodeSum, tables_of
from numerics.quadrature.order import Larger, Smaller

DENSITY = 1 / np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class Rule:
    """Places and weights of nodes; the centre is an expression of `arguments`, zero if fixed."""

    place: Any
    weight: Any
    arguments: tuple[Symbol, ...] = ()
    centre: Expr = S.Zero

    def __len__(self) -> int:
        return len(self.place)

    @property
    def moving(self) -> bool:
        """Whether nodes depend on the point."""
        return bool(self.centre != 0)

    @cached_property
    def centre_of(self) -> Callable[..., Any]:
        """The centre at points."""
        made: Callable[..., Any] = lambdify(self.arguments, self.centre, "numpy", cse=True)
        return made

    def at(self, *values: Any) -> tuple[Any, Any]:
        """Nodes and weights, along a last axis that is new."""
        if not self.moving:
            return self.place, self.weight
        z = self.centre_of(*values)[..., None] + self.place
        return z, DENSITY * self.weight * np.exp(-(z**2) / 2)

    def total(self, values: Any, weight: Any) -> Any:
        """The sum over nodes, the last axis, with the weights of `at`."""
        return np.einsum("...k,...k->...", values, weight) if self.moving else values @ weight

    def padded(self, multiple: int) -> "Rule":
        """With nodes of no weight, to make their number a multiple."""
        more = (0, -len(self) % multiple)
        place, weight = np.pad(self.place, more), np.pad(self.weight, more)
        return Rule(place, weight, self.arguments, self.centre)

    def macro(self) -> dict[str, str]:
        """The centre as a macro of C."""
        names = ", ".join(map(str, self.arguments))
        plain = {a: Symbol(f"({a})", real=True) for a in self.arguments}
        return {f"CENTRE({names})": ccode(self.centre.xreplace(plain))}


def rules_of(kernel: nm.Kernel, *outer: str) -> list[Rule]:
    """The rules of a kernel's one average, the outermost first.

    Parameters
    ----------
    kernel : Kernel
        Compiled for declared ranges, so that there is one plan.
    outer : str
        Names for the nodes of averages around another one, in the centres of this.
    """
    (expr,) = kernel.plans.latest.planned.expressions
    plain = [given.symbol for given in kernel.arguments]
    found: list[Rule] = []
    symbols: dict[Any, Symbol] = {}
    while sums := [node for node in expr.atoms(NodeSum) if not _inside(node, expr)]:
        (whole,) = sums
        expr = whole.body
        own = {t for t in tables_of(expr) if t.slots == whole.indices}
        place, weight = sorted(own, key=lambda entry: entry.name)  # "..._place", "..._weight"
        centres = {s for s in expr.atoms(Smaller) if not s.has(place) and (expr.has(s + place))}
        centre = next(iter(centres)).xreplace(symbols) if centres else S.Zero
        arguments = (*plain, *symbols.values())
        found.append(Rule(place.label.values, weight.label.values, arguments, _plain(centre)))
        if len(found) <= len(outer):
            symbols[place] = Symbol(outer[len(found) - 1], real=True)
    return found


def _inside(node: Expr, expr: Expr) -> bool:
    """Whether a sum stands in another sum of the expression."""
    return any(node != other and other.has(node) for other in expr.atoms(NodeSum))


def _plain(centre: Expr) -> Expr:
    """With SymPy's Min and Max."""
    return centre.replace(Smaller, Smaller.naive).replace(Larger, Larger.naive)


def gauss_hermite(count: int) -> Rule:
    """Nodes as people take them, all of them; beyond 300 by SciPy, for NumPy's are nan."""
    place, weight = hermegauss(count) if count <= 300 else roots_hermitenorm(count)
    return Rule(place, DENSITY * weight)


def even_nodes(count: int, reach: float = 8.7) -> Rule:
    """A trapezoid of nodes on an interval about zero."""
    place = np.linspace(-reach, reach, count)
    return Rule(place, (place[1] - place[0]) * DENSITY * np.exp(-(place**2) / 2))


def half(rule: Rule) -> Rule:
    """Of a rule that is symmetric about zero, for an even integrand: the nodes to the right."""
    right = rule.place > 0
    return Rule(rule.place[right], 2 * rule.weight[right])
