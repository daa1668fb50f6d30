"""Saddle equations after some unknowns were put on shell: what makes every row vanish.

With ``U = u(V)`` put in, the gradient is ``sum_k (theta_k - V_k) du_k/dV_i``, where ``theta_k`` is
the nonlinear function that V equals.  The rows have no common array, but vanish identically once
theta is replaced by V; ``V = theta`` then holds at the saddle points from before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product

from sympy import Expr, Function, preorder_traversal

from derive.indices import free_indices
from derive.saddle.index_notation import index_of, is_indexed, marks, replaced_everywhere
from derive.total import Binder

__all__ = ["kernels_that_solve"]

_MOST = 3  # unknowns: all assignments of functions to them are tried


def kernels_that_solve(rows: Sequence[Expr], unknowns: Sequence[Expr]) -> dict[Expr, Expr] | None:
    """``{V[i]: theta_i}`` such that rows vanish with theta replaced by V; None if there is none.

    Parameters
    ----------
    rows : sequence of Expr
        The gradient, by unknown.
    unknowns : sequence of Expr
        The unknowns, all with an index.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import tanh
    >>> i, j = dv.indices("i j", dv.size("N"))
    >>> V, w = dv.Real("V", i), dv.Given("w", i, j)
    >>> u = dv.total(w[i, j]*V[j], j) - V[i]
    >>> row = dv.total((tanh(u) - V[i])*u.diff(V[j]), i).xreplace({j: i})
    >>> kernels_that_solve([row], [V[i]])[V[i]] == tanh(u)
    True
    """
    if len(unknowns) > _MOST or not all(map(is_indexed, unknowns)):
        return None
    kernels = _kernels(rows, unknowns)
    if len(kernels) != len(unknowns):
        return None
    # tanh(-x) is written -tanh(x), so that a function may be minus the unknown
    for order, signs in product(permutations(kernels), product((1, -1), repeat=len(unknowns))):
        named = [_in_slots(theta, u) for theta, u in zip(order, unknowns, strict=True)]
        found = [s * theta for s, theta in zip(signs, named, strict=True) if theta is not None]
        if len(found) == len(unknowns) and all(_vanishes(r, found, unknowns) for r in rows):
            return dict(zip(unknowns, found, strict=True))
    return None


def _kernels(rows: Sequence[Expr], unknowns: Sequence[Expr]) -> list[Expr]:
    """The outermost functions of the unknowns, one for each that differs by more than its index."""
    found: list[Expr] = []
    for node in (node for row in rows for node in _outermost(row, marks(unknowns))):
        if not any(_in_slots(node, known) == known for known in found):
            found.append(node)
    return found


def _outermost(expr: Expr, markers: tuple[object, ...]) -> Iterator[Expr]:
    walk = preorder_traversal(expr)
    for node in walk:
        if isinstance(node, Function) and node.has(*markers) and not isinstance(node, Binder):
            walk.skip()
            yield node


def _in_slots(kernel: Expr, like: Expr) -> Expr | None:
    """The function in the free indices of another expression."""
    own = sorted(free_indices(kernel), key=lambda index: index.name)
    wanted = index_of(like) if is_indexed(like) else sorted(free_indices(like), key=str)
    if [i.range for i in own] != [i.range for i in wanted]:
        return None
    return kernel.xreplace(dict(zip(own, wanted, strict=True)))


def _vanishes(row: Expr, found: Sequence[Expr], unknowns: Sequence[Expr]) -> bool:
    for unknown, theta in zip(unknowns, found, strict=True):
        sign, kernel = theta.as_coeff_Mul()
        row = replaced_everywhere(row, kernel, sign * unknown)
    return row.expand() == 0
