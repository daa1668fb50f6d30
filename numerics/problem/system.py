"""Equations at numbers: states are rows of a matrix, each row belonging to one batch point."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Expr, Symbol

from derive.equations import Equations, GaussianAverage, Index, free_indices
from numerics.errors import MissingParameterError
from numerics.kernel import Kernel
from numerics.problem import forms
from numerics.problem.averaged import Averaged, breaks_of, spread
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given, is_array

__all__ = ["LARGE", "System", "holds_averages"]

LARGE = 200  # components beyond which no matrix (n, n) is formed: there it takes a second per point

Layout = tuple[Index | None, ...]


@lru_cache(maxsize=256)
def _kernel(
    equations: Equations,
    expressions: tuple[Expr, ...],
    order: tuple[Index, ...],
    leading: int | None = None,
    backend: str = "numpy",
) -> Kernel:
    """Compiled with unknowns of no declared domain: an iteration may leave it and come back."""
    free = {u: Symbol(u.name, real=True) for u in equations.unknowns if isinstance(u, Symbol)}
    named = tuple((f"f{k}", e.xreplace(free)) for k, e in enumerate(expressions))
    occurring = set().union(*(e.free_symbols for _, e in named))
    unknowns, parameters = (
        tuple(symbol for symbol in symbols if is_array(symbol) or symbol in occurring)
        for symbols in ([free.get(u, u) for u in equations.unknowns], equations.parameters)
    )
    breaks = (
        breaks_of(equations, free) if any(e.has(GaussianAverage) for e in expressions) else None
    )
    made = Equations(unknowns, parameters, named)
    return Kernel(made, backend, order=order, leading=leading, breaks=breaks)


@lru_cache(maxsize=4096)
def _free(expression: Expr) -> frozenset[Index]:
    return free_indices(expression)


@lru_cache(maxsize=256)
def holds_averages(equations: Equations) -> bool:
    """Whether there are Gaussian averages in what is solved."""
    held = (*equations.residuals, *equations.update, equations.potential)
    return any(e is not None and e.has(GaussianAverage) for e in held)


class System(Averaged):
    """The equations of a problem bound to given parameters.

    A state is an array ``(rows, n)`` of all components of all unknowns; `rows` says which batch
    point each row belongs to.

    Parameters
    ----------
    equations : Equations
        The problem.
    given : Given
        Its parameters, from `bind`.
    backend : {"numpy", "numba", "auto"}
        What kernels are compiled for, as `numerics.compile` has it.
    """

    def __init__(self, equations: Equations, given: Given, backend: str = "numpy") -> None:
        self.equations, self.given, self.backend = equations, given, backend
        self.lengths = tuple(_length(unknown, given) for unknown in equations.unknowns)
        ends = np.cumsum(self.lengths)
        self.slices = tuple(
            slice(int(e) - k, int(e)) for e, k in zip(ends, self.lengths, strict=True)
        )
        self.n = int(ends[-1])
        self._bound: dict[Any, Kernel] = {}
        self.averaged = holds_averages(equations)
        self._besides: dict[Equations, System] = {}
        self._sizes: dict[Index | None, int] = {}
        self._indices = tuple(_index(u) for u in equations.unknowns)
        self._columns = tuple(_index(u) for u in forms.columns_of(equations))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bound": {}, "_besides": {}}

    def beside(self, equations: Equations) -> System:
        """Other equations at the same parameters."""
        if equations not in self._besides:
            self._besides[equations] = System(equations, self.given, self.backend)
        return self._besides[equations]

    def residual(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The residuals ``(rows, n)``."""
        if self.averaged:
            return self.residual_and_magnitude(x, rows)[0]
        return self._vector(forms.residuals(self.equations), x, rows)

    def residual_slope(self, parameter: str, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The derivative of the residuals by a scalar parameter ``(rows, n)``."""
        symbol = next(p for p in self.equations.parameters if p.name == parameter)
        slopes = tuple(r.diff(symbol) for r in forms.residuals(self.equations))
        return self._vector(slopes, x, rows)

    def update(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The fixed-point map ``(rows, n)``."""
        if not self.equations.update:
            raise ProblemError("these equations have no fixed-point form: use method='newton'")
        return self._vector(self.equations.update, x, rows)

    def linear(self, x: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals ``(rows, n)`` and their Jacobian ``(rows, n, n)``, from one kernel."""
        if self.averaged:
            residual, jacobian, _ = self.linear_and_magnitude(x, rows)
            return residual, jacobian
        first, second = forms.residuals(self.equations), forms.jacobian(self.equations)
        layouts: list[Layout] = [*((i,) for i in self._indices), *self._pairs()]
        values = self.evaluate((*first, *(e for row in second for e in row)), layouts, x, rows)
        k = len(first)
        return np.concatenate(values[:k], axis=1), self._square(values[k:])

    def linear_and_magnitude(
        self, x: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Also the sum of the magnitudes of each residual's terms ``(rows, n)``.

        Averages in the Jacobian take the nodes of those in the residuals.
        """
        if not self.averaged:
            return *self.linear(x, rows), self.residual_magnitude(x, rows)
        first, second = forms.residuals(self.equations), forms.jacobian(self.equations)
        found = self._with_slopes(first, second, x, rows)
        return found[0], found[2], found[1]

    def hessian(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Second derivatives of the potential ``(rows, n, n)``."""
        if self.averaged:
            first, matrix = forms.gradient(self.equations), forms.hessian(self.equations)
            return self._with_slopes(first, matrix, x, rows)[2]
        second = tuple(e for row in forms.hessian(self.equations) for e in row)
        return self._square(self.evaluate(second, self._pairs(), x, rows))

    def potential(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The potential ``(rows,)``."""
        return self.evaluate((self.equations.potential,), [()], x, rows)[0]

    def residual_magnitude(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The sum of the magnitudes of each residual's terms ``(rows, n)``."""
        return self.residual_and_magnitude(x, rows)[1]

    def residual_and_magnitude(
        self, x: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The residuals, added up from their terms, and the sums of the terms' magnitudes."""
        parts = [forms.terms(r) for r in forms.residuals(self.equations)]
        layouts: list[Layout] = [(i,) for i in self._indices]
        terms = self._terms(parts, layouts, x, rows)
        residual = [np.sum(part, axis=0) for part in terms]
        magnitude = [np.sum(np.abs(part), axis=0) for part in terms]
        return np.concatenate(residual, axis=1), np.concatenate(magnitude, axis=1)

    def hessian_magnitude(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The sum of the magnitudes of the terms of each second derivative ``(rows, n, n)``."""
        if self.averaged:
            first, matrix = forms.gradient(self.equations), forms.hessian(self.equations)
            return self._with_slopes(first, matrix, x, rows)[3]
        parts = [forms.terms(e) for row in forms.hessian(self.equations) for e in row]
        return self._square(self._magnitudes(parts, self._pairs(), x, rows))

    def evaluate(
        self,
        expressions: tuple[Expr, ...],
        layouts: list[Layout],
        x: np.ndarray,
        rows: np.ndarray,
        leading: int | None = None,
    ) -> list[np.ndarray]:
        """Expressions at states, each with the axes that its layout asks for after the row axis.

        A layout lists the index of each axis; None is an axis of length one. Rows that are not
        finite, or where averages have no meaning, give nan. Rules for averages are chosen for the
        leading expressions, all of them by default.
        """
        if self.averaged:
            inside = self.inside(x, rows)
            if not inside.all():
                part = self._evaluated(expressions, layouts, x[inside], rows[inside], leading)
                return [spread(values, inside) for values in part]
        return self._evaluated(expressions, layouts, x, rows, leading)

    def _evaluated(
        self,
        expressions: tuple[Expr, ...],
        layouts: list[Layout],
        x: np.ndarray,
        rows: np.ndarray,
        leading: int | None = None,
    ) -> list[np.ndarray]:
        finite = np.isfinite(x).all(axis=1)
        if leading is not None:
            leading = sum(not e.is_number for e in expressions[:leading])
        varying = tuple(e for e in expressions if not e.is_number)
        usable = x if finite.all() else np.where(finite[:, None], x, 0.0)
        computed = iter(self._computed(varying, usable, rows, leading))
        return [
            self._arrange(e, float(e) if e.is_number else next(computed), layout, finite)
            for e, layout in zip(expressions, layouts, strict=True)
        ]

    def _computed(
        self,
        expressions: tuple[Expr, ...],
        x: np.ndarray,
        rows: np.ndarray,
        leading: int | None = None,
    ) -> tuple[np.ndarray, ...]:
        if not expressions:
            return ()
        if self.averaged and not len(x):  # nothing to choose rules for
            return (np.zeros(0),) * len(expressions)
        kernel = self.kernel(expressions, leading)
        alone = len(x) == 1 and self.backend != "numpy"
        if alone:  # of one row it is not to be seen what varies: it would be compiled by itself
            x, rows = np.repeat(x, 2, axis=0), np.repeat(rows, 2)
        known = self._unknowns(x) | self.given.take(rows)
        arguments = [known[symbol.name] for symbol in kernel.inputs]
        values = kernel.evaluate(arguments, nonfinite="keep")
        values = values if isinstance(values, tuple) else (values,)
        return tuple(v[:1] for v in values) if alone and self._vary(kernel) else values

    def kernel(self, expressions: tuple[Expr, ...], leading: int | None = None) -> Kernel:
        """The kernel of expressions; rules for averages are chosen for the leading ones."""
        if (expressions, leading) not in self._bound:
            self._bound[expressions, leading] = self._with_arrays(expressions, leading)
        return self._bound[expressions, leading]

    def _vary(self, kernel: Kernel) -> bool:
        """Whether anything that a kernel takes changes from row to row."""
        constant = {name for name, a in self.given.flat.items() if a.ndim == self.given.core[name]}
        return any(symbol.name not in constant for symbol in kernel.inputs)

    def _with_arrays(self, expressions: tuple[Expr, ...], leading: int | None) -> Kernel:
        """The kernel of expressions, with the arrays that are the same at every point bound."""
        order = dict.fromkeys((*self._indices, *self._columns))
        ordered = tuple(index for index in order if index is not None)
        kernel = _kernel(self.equations, expressions, ordered, leading, self.backend)
        core, flat = self.given.core, self.given.flat
        constant = {n: a for n, a in flat.items() if core[n] and a.ndim == core[n]}
        taken = {symbol.name for symbol in kernel.inputs}
        constant = {name: array for name, array in constant.items() if name in taken}
        return kernel.bind(constant) if constant else kernel

    def _unknowns(self, x: np.ndarray) -> dict[str, np.ndarray]:
        return {
            u.name: x[:, s] if is_array(u) else x[:, s.start]
            for u, s in zip(self.equations.unknowns, self.slices, strict=True)
        }

    def _arrange(
        self, expression: Expr, value: np.ndarray | float, layout: Layout, finite: np.ndarray
    ) -> np.ndarray:
        """Put a kernel's output on the axes ``(row, *layout)``, repeating what is constant."""
        free = _free(expression)
        missing = tuple(1 + k for k, i in enumerate(layout) if i is None or i not in free)
        shape = (len(finite), *(self._size(i) for i in layout))
        value = np.asarray(value)
        if value.ndim == len(layout) - len(missing):
            value = value[None]  # it depends on nothing that varies from row to row
        value = np.broadcast_to(np.expand_dims(value, missing), shape)
        if finite.all():
            return value
        return np.where(finite.reshape(-1, *(1,) * len(layout)), value, np.nan)

    def _size(self, index: Index | None) -> int:
        if index not in self._sizes:  # a substitution costs as much as a small product
            self._sizes[index] = 1 if index is None else _number(index.size, self.given)
        return self._sizes[index]

    def values(self, expressions: tuple[Expr, ...], x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """One expression for each unknown ``(rows, n)``."""
        return self._vector(expressions, x, rows)

    def _vector(self, expressions: tuple[Expr, ...], x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        layouts: list[Layout] = [(i,) for i in self._indices]
        values = self.evaluate(expressions, layouts, x, rows)
        return np.concatenate(values, axis=1) if values[1:] else np.ascontiguousarray(values[0])

    def _pairs(self) -> list[Layout]:
        return [(i, j) for i in self._indices for j in self._columns]

    def _square(self, blocks: list[np.ndarray]) -> np.ndarray:
        k = len(self.lengths)
        strips = [np.concatenate(blocks[a * k : (a + 1) * k], axis=2) for a in range(k)]
        return np.concatenate(strips, axis=1)

    def _magnitudes(
        self,
        parts: list[tuple[Expr, ...]],
        layouts: list[Layout],
        x: np.ndarray,
        rows: np.ndarray,
    ) -> list[np.ndarray]:
        terms = self._terms(parts, layouts, x, rows)
        return [np.sum([np.abs(t) for t in part], axis=0) for part in terms]

    def _terms(
        self,
        parts: list[tuple[Expr, ...]],
        layouts: list[Layout],
        x: np.ndarray,
        rows: np.ndarray,
        leading: int | None = None,
    ) -> list[list[np.ndarray]]:
        """The values of the terms of each sum."""
        flat = tuple(term for part in parts for term in part)
        spread = [lay for part, lay in zip(parts, layouts, strict=True) for _ in part]
        values = iter(self.evaluate(flat, spread, x, rows, leading))
        return [[next(values) for _ in part] for part in parts]


def _index(unknown: Expr) -> Index | None:
    free = free_indices(unknown)
    if len(free) > 1:
        raise ProblemError(f"{unknown}: unknowns with more than one index cannot be solved for yet")
    return next(iter(free), None)


def _length(unknown: Expr, given: Given) -> int:
    index = _index(unknown)
    return 1 if index is None else _number(index.size, given)


def _number(size: Expr, given: Given) -> int:
    value = size.subs(given.sizes)
    if not value.is_Integer:
        names = ", ".join(sorted(str(symbol) for symbol in value.free_symbols))
        raise MissingParameterError(
            f"{names} has no value: pass {names}=... or an array over that range"
        )
    return int(value)
