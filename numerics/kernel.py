"""Kernels: compiled equations that are called like a NumPy function."""

from __future__ import annotations

import html
import inspect
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from sympy import Expr, Symbol

from derive.equations import Element, Equations, Index, free_indices
from numerics.arguments import Batch, arrange, bind
from numerics.backends.names import identifiers
from numerics.backends.numpy import print_numpy
from numerics.blocks import BLOCK, Runner
from numerics.derivatives import derivatives
from numerics.errors import (
    NumericsError,
    OutputError,
    UnknownParameterError,
    UnsupportedExpressionError,
)
from numerics.handover import as_equations, as_expression, marked
from numerics.lower import lower, range_of
from numerics.program import Input, Program
from numerics.site_integrals import open_integrals
from numerics.stable import stabilise

__all__ = ["Kernel", "compile"]


def compile(obj: Any, backend: str = "numpy", arguments: Sequence[Expr] | None = None) -> Kernel:
    """Compile equations or expressions to a fast, numerically stable function of arrays.

    Parameters
    ----------
    obj : Equations, Expr, Eq, a sequence of these, or an object with ``equations()``
        What to evaluate.  An ``Eq`` is compiled as its right-hand side.
    backend : str
        ``"numpy"``.
    arguments : sequence of Expr, optional
        The order of the arguments; by default unknowns, then parameters.  Of a bare expression the
        parameters are its symbols by name, then its arrays.

    Returns
    -------
    Kernel
        Called by position or keyword; parameters broadcast, scalars give scalars.

    Raises
    ------
    UnsupportedExpressionError
        If something in the expression has no real numeric meaning.

    Examples
    --------
    >>> import numpy as np
    >>> from sympy import symbols, tanh
    >>> import numerics as nm
    >>> m, beta = symbols("m beta")
    >>> f = nm.compile(m - tanh(beta*m))
    >>> float(f(m=0.5, beta=0.0)), f(beta=np.zeros(3), m=1).shape
    (0.5, (3,))
    """
    if backend != "numpy":
        raise NumericsError(f'there is no backend {backend!r}: choose backend="numpy"')
    return Kernel(as_equations(obj, arguments), backend)


class Kernel:
    """Compiled expressions.  Made by `compile`.

    Attributes
    ----------
    equations : Equations
        What was compiled.
    inputs : tuple of Expr
        The arguments in order of position: symbols, and one element of each array.
    outputs : tuple of str
        The names of the results.  One result is returned as it is, several as a tuple.
    source : str
        The generated code, for parameters that all vary along the batch.
    signature : inspect.Signature
        The arguments by name.

    Notes
    -----
    A symbol's declaration is its domain: a value that is not positive for ``Symbol("T",
    positive=True)`` is refused.  An infinite or nan result of finite parameters is never returned
    silently: calling raises `NonFiniteError`; `evaluate` can keep such values.
    """

    def __init__(
        self, equations: Equations, backend: str = "numpy", order: Sequence[Index] = ()
    ) -> None:
        self.equations = equations
        self.backend = backend
        self._order = tuple(order)
        self._runners: dict[frozenset[int], Runner] = {}
        checked = [(name, as_expression(expr)) for name, expr in equations.expressions]
        found = set(self._order).union(*(free_indices(expr) for _, expr in checked))
        self._marked = {index: marked(index) for index in found}
        opened = (open_integrals(expr.xreplace(self._marked)) for _, expr in checked)
        stable = stabilise(*opened)
        self._stable = tuple((name, e) for (name, _), e in zip(checked, stable, strict=True))
        given = _distinct((*equations.unknowns, *equations.parameters))
        self._axes = tuple(self._marked[index] for index in self._order)
        self._program = lower(self._stable, _inputs(given), self._axes)
        self._arguments = tuple(g for g in self._program.inputs if not g.is_size)

    @property
    def inputs(self) -> tuple[Expr, ...]:
        """The arguments: symbols, and one element of each array."""
        return tuple(given.symbol for given in self._arguments)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the results."""
        return tuple(output.name for output in self._program.outputs)

    @property
    def arguments(self) -> tuple[Input, ...]:
        """The arguments with the ranges of arrays, in order of position."""
        return self._arguments

    def output_indices(self, number: int) -> tuple[Index, ...]:
        """The free indices of an output, in the order of its axes."""
        own = {(m.name, m.range.name): index for index, m in self._marked.items()}
        return tuple(own[a.name, a.over.name] for a in self._program.outputs[number].axes)

    @property
    def program(self) -> Program:
        """The loop program that a backend prints."""
        return self._program

    @cached_property
    def signature(self) -> inspect.Signature:
        """Arguments by name, as Python identifiers."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = identifiers(given.name for given in self._arguments)
        return inspect.Signature([inspect.Parameter(name, kind) for name in names])

    @cached_property
    def source(self) -> str:
        """The NumPy source for a batch in which every scalar varies, and arrays do not."""
        fixed = frozenset(k for k, g in enumerate(self._program.inputs) if g.ranges)
        return print_numpy(self._program, fixed).source

    def __call__(self, *args: Any, out: Any = None, **named: Any) -> Any:
        """Evaluate; parameters by position, by keyword, or as one mapping by symbol or name.

        Raises
        ------
        NumericsError
            Of the kind that fits: a parameter that is missing, unknown, complex, nan or outside of
            its domain; shapes that do not broadcast; an ``out`` that cannot take the result; a
            result that is not finite.
        """
        return self.evaluate(args, named, out=out)

    def evaluate(
        self,
        args: Sequence[Any] = (),
        named: Mapping[Any, Any] | None = None,
        out: Any = None,
        nonfinite: str = "raise",
        block: int = BLOCK,
    ) -> Any:
        """Evaluate, with a choice of what becomes of results that are not finite.

        Parameters
        ----------
        args : sequence
            Values by position.
        named : mapping, optional
            Values by name or symbol.
        out : array or tuple of arrays, optional
            Where results are written: float64, of the shape of the result.
        nonfinite : {"raise", "keep"}
            Raise `NonFiniteError` for an infinite or nan result, or return it.
        block : int
            Elements per block; results do not depend on it.

        Examples
        --------
        >>> from sympy import Symbol
        >>> import numerics as nm
        >>> x = Symbol("x")
        >>> float(nm.compile(1/x).evaluate([0.0], nonfinite="keep"))
        inf
        """
        if nonfinite not in ("raise", "keep"):
            raise NumericsError(f'nonfinite is "raise" or "keep", not {nonfinite!r}')
        batch = arrange(self._arguments, bind(self._arguments, args, named or {}))
        shapes = [
            batch.shape + tuple(batch.length(axis.over) for axis in output.axes)
            for output in self._program.outputs
        ]
        given = self._given_outs(out, shapes)
        targets = [
            self._target(array, shape, batch) for array, shape in zip(given, shapes, strict=True)
        ]
        self._runner(batch.uniform).run(batch, targets, block, finite=nonfinite == "raise")
        results = []
        for array, target in zip(given, targets, strict=True):
            if array is not None and array is not target:
                np.copyto(array, target)
            results.append(target[()] if array is None else array)
        return results[0] if len(results) == 1 else tuple(results)

    def jacobian(self, wrt: Expr | Sequence[Expr]) -> Kernel:
        """The kernel of the derivatives of every output, output by output.

        Parameters
        ----------
        wrt : Expr or sequence of Expr
            Parameters of this kernel; of an array, any of its elements.  The derivative of
            ``f[i]`` by ``V[j]`` is an array over i and j.

        Examples
        --------
        >>> from sympy import symbols, tanh
        >>> import numerics as nm
        >>> x, y = symbols("x y")
        >>> df = nm.compile(y*tanh(x)).jacobian([x, y])
        >>> [float(d) for d in df(x=0.0, y=2.0)]
        [2.0, 0.0]
        """
        wanted = list(wrt) if isinstance(wrt, list | tuple) else [wrt]
        variables = [self._variable(v) for v in wanted]
        extra = tuple(i for v in variables for i in sorted(free_indices(v), key=str))
        first = sorted({i for _, e in self.equations.expressions for i in free_indices(e)}, key=str)
        named = {marked: index for index, marked in self._marked.items()}
        rows = derivatives([expr for _, expr in self._stable], variables)
        expressions = tuple(
            (f"d{name}/d{variable}", entry.xreplace(named))
            for (name, _), row in zip(self._stable, rows, strict=True)
            for variable, entry in zip(variables, row, strict=True)
        )
        order = dict.fromkeys((*self._order, *first, *extra))
        equations = Equations(self.equations.unknowns, self.equations.parameters, expressions)
        return Kernel(equations, self.backend, tuple(order))

    def _variable(self, wanted: Any) -> Expr:
        """The argument to differentiate by, an array's element with an index of its own."""
        for argument in self.inputs:
            if not (isinstance(argument, Element) and argument.slots):
                if wanted in (argument, argument.name):
                    return argument
            elif getattr(wanted, "label", wanted) == argument.label:
                taken = {i.name for _, e in self._stable for i in e.atoms(Index)}
                return argument.label[_fresh_indices(argument.label.ranges, taken)]
        raise UnknownParameterError(
            f"{wanted} is no parameter of this kernel: {', '.join(map(str, self.inputs))}"
        )

    def _runner(self, uniform: frozenset[int]) -> Runner:
        if uniform not in self._runners:
            inputs = self._program.inputs
            fixed = uniform | {k for k, given in enumerate(inputs) if given.is_size}
            program = lower(self._stable, inputs, self._axes, fixed)
            self._runners[uniform] = Runner(program, print_numpy(program, fixed))
        return self._runners[uniform]

    def _given_outs(self, out: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
        if out is None:
            return [None] * len(shapes)
        given = list(out) if isinstance(out, tuple | list) else [out]
        if len(given) != len(shapes):
            raise OutputError(f"out has {len(given)} arrays, the results are {self.outputs}")
        for name, array, shape in zip(self.outputs, given, shapes, strict=True):
            if not isinstance(array, np.ndarray) or array.dtype != np.float64:
                kind = getattr(array, "dtype", type(array).__name__)
                raise OutputError(f"out for {name} is {kind}: give an array of float64")
            if array.shape != shape:
                raise OutputError(f"out for {name} has shape {array.shape}, the result {shape}")
            if not array.flags.writeable:
                raise OutputError(f"out for {name} is read-only")
        return given

    def _target(self, array: Any, shape: tuple[int, ...], batch: Batch) -> Any:
        """Where a block writes: the caller's array unless it overlaps a parameter or has gaps."""
        if array is None or not array.flags.c_contiguous:
            return np.empty(shape)
        overlaps = any(np.may_share_memory(array, given) for given in batch.arrays)
        return np.empty(shape) if overlaps else array

    def __getstate__(self) -> dict[str, Any]:
        return {"equations": self.equations, "backend": self.backend, "order": self._order}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["equations"], state["backend"], state["order"])  # type: ignore[misc]

    def __repr__(self) -> str:
        arguments = ", ".join(given.name for given in self._arguments)
        return f"<Kernel ({arguments}) -> {', '.join(self.outputs)}; {self.backend}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{html.escape(str(expr))}</td></tr>"
            for name, expr in self.equations.expressions
        )
        code = html.escape(self.source)
        return (
            f"<div><code>{html.escape(repr(self))}</code><table>{rows}</table>"
            f"<details><summary>source</summary><pre>{code}</pre></details></div>"
        )


def _distinct(given: Sequence[Expr]) -> list[Expr]:
    """Arguments once each; two elements of one array are one argument."""
    found: dict[Any, Expr] = {}
    for expr in given:
        if not isinstance(expr, Symbol | Element):
            raise UnsupportedExpressionError(f"{expr} is no symbol and no element of an array")
        if expr.is_real is False:
            raise UnsupportedExpressionError(f"{expr} was declared not to be real")
        found.setdefault(expr.label if isinstance(expr, Element) else expr, expr)
    return list(found.values())


def _inputs(given: Sequence[Expr]) -> list[Input]:
    """Scalars and arrays as the caller gives them, then the sizes that arrays make known."""
    arrays = [expr for expr in given if isinstance(expr, Element) and expr.slots]
    ranges = {over: None for expr in arrays for over in map(range_of, expr.label.ranges)}
    sizes = {over.size for over in ranges}
    inputs = []
    for expr in given:
        own = expr.label.ranges if isinstance(expr, Element) else ()
        if expr not in sizes:
            name = expr.name if isinstance(expr, Symbol | Element) else str(expr)
            inputs.append(Input(name, expr, tuple(range_of(r) for r in own)))
    named = [over for over in ranges if not over.size.is_Integer]
    return inputs + [Input(f"size_{o.name}", o.size, (o,), is_size=True) for o in named]


def _fresh_indices(ranges: Sequence[Any], taken: set[str]) -> tuple[Index, ...]:
    names: list[str] = []
    count = 0
    while len(names) < len(ranges):
        count += 1
        if f"k{count}" not in taken:
            names.append(f"k{count}")
    return tuple(Index(name, over) for name, over in zip(names, ranges, strict=True))
