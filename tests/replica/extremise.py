"""Roots of a few equations, and stationary points of a function that is only evaluated."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import mpmath as mp
from mpmath import mpf

from tests.replica.quadrature import target_digits

__all__ = ["bend", "extrapolated", "gradient", "hessian", "root", "settle", "slope", "stationary"]

Map = Callable[..., Sequence[mpf]]
Function = Callable[..., mpf]

ITERATIONS = 60


def settle(fixed_point_map: Map, start: Sequence[float], times: int = 300) -> list[mpf]:
    """Return where damped iteration of a map has come after some time, in few digits."""
    with mp.workdps(20):
        x = [mpf(value) for value in start]
        for _ in range(times):
            new = fixed_point_map(*x)
            moved = max(abs(a - b) for a, b in zip(new, x, strict=True))
            x = [(a + b) / 2 for a, b in zip(new, x, strict=True)]
            if moved < mpf(10) ** -6:
                break
    return x


def root(equations: Map, start: Sequence[mpf]) -> list[mpf]:
    """Return a root by Newton steps; the matrix of slopes is kept while steps shrink fast."""
    x = [mpf(value) for value in start]
    enough = mpf(10) ** (1 - target_digits())
    jacobian, last = None, mp.inf
    for _ in range(ITERATIONS):
        residual = mp.matrix(equations(*x))
        if jacobian is None:
            jacobian = _slopes(equations, x, residual)
        step = mp.lu_solve(jacobian, residual)
        x = [value - change for value, change in zip(x, step, strict=True)]
        size = max(abs(change) for change in step)
        if size < enough:
            return x
        if size > last / 1000:
            jacobian = None
        last = size
    raise ArithmeticError(f"no root from {[mp.nstr(s, 6) for s in start]}")


def _slopes(equations: Map, x: Sequence[mpf], residual: mp.matrix) -> mp.matrix:
    step = mpf(10) ** -9
    columns = []
    for k in range(len(x)):
        moved = [value + (step if i == k else 0) for i, value in enumerate(x)]
        columns.append((mp.matrix(equations(*moved)) - residual) / step)
    return mp.matrix([[column[i] for column in columns] for i in range(len(x))])


def slope(function: Callable[[mpf], mpf], x: mpf) -> mpf:
    """Return a derivative by a central difference whose step leaves the target digits."""
    step = mpf(10) ** (-mp.mp.dps // 3)
    return (function(x + step) - function(x - step)) / (2 * step)


def gradient(function: Function, x: Sequence[mpf]) -> list[mpf]:
    """Return the derivatives by central differences."""

    def along(k: int) -> Callable[[mpf], mpf]:
        return lambda value: function(*x[:k], value, *x[k + 1 :])

    return [slope(along(k), x[k]) for k in range(len(x))]


def bend(function: Callable[[mpf], mpf], x: mpf) -> mpf:
    """Return a second derivative by a central difference of fourth order.

    A step of 10^(-dps/6): what is left out is of order step^4, the noise eps/step^2.
    """
    step = mpf(10) ** (-mp.mp.dps // 6)
    near = function(x + step) + function(x - step)
    far = function(x + 2 * step) + function(x - 2 * step)
    return (16 * near - far - 30 * function(x)) / (12 * step**2)


def hessian(function: Function, x: Sequence[mpf]) -> mp.matrix:
    """Return the second derivatives by central differences of fourth order."""
    step = mpf(10) ** (-mp.mp.dps // 6)
    size = len(x)

    def at(*shifts: tuple[int, int]) -> mpf:
        moved = list(x)
        for k, times in shifts:
            moved[k] += times * step
        return function(*moved)

    def mixed(k: int, n: int) -> mpf:
        def corners(a: int, b: int) -> mpf:
            return sum(s * t * at((k, s * a), (n, t * b)) for s in (1, -1) for t in (1, -1))

        parts = 64 * corners(1, 1) - 8 * (corners(1, 2) + corners(2, 1)) + corners(2, 2)
        return parts / (144 * step**2)

    matrix = mp.zeros(size)
    for k in range(size):
        matrix[k, k] = bend(lambda v, k=k: function(*x[:k], v, *x[k + 1 :]), x[k])
        for n in range(k):
            matrix[k, n] = matrix[n, k] = mixed(k, n)
    return matrix


def extrapolated(values: Sequence[mpf]) -> mpf:
    """Return the limit of a power series in x from its values at x, x/2, x/4, ... (Richardson)."""
    table = list(values)
    for order in range(1, len(table)):
        table = [(2**order * b - a) / (2**order - 1) for a, b in pairwise(table)]
    return table[0]


def stationary(function: Function, start: Sequence[mpf]) -> list[mpf]:
    """Return where the differences of a function vanish."""
    return root(lambda *x: gradient(function, x), start)
