"""Kernels: compiled equations that are called like a NumPy function."""

from __future__ import annotations

import copy
import html
import inspect
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sympy import Expr

from derive.equations import Element, Equations, Index, free_indices
from numerics.arguments import Batch, arrange, bind, check_values, matched
from numerics.backends.names import identifiers
from numerics.backends.numpy import print_numpy
from numerics.blocks import BLOCK, Runner
from numerics.derivatives import derivatives
from numerics.errors import (
    NumericsError,
    UnknownParameterError,
)
from numerics.handover import as_equations, as_expression, marked
from numerics.lower import lower
from numerics.outputs import given_outs, handed_back, written_to
from numerics.program import Input, Program
from numerics.signature import distinct, fresh_indices, inputs_of
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

    An array with two indices may be any SciPy sparse array or matrix; results are dense, and what
    would make a sparse array dense is refused.  One that was declared symmetric must be so up to
    rounding.  These checks read every coupling at every call: `bind` makes them once.
    """

    def __init__(
        self, equations: Equations, backend: str = "numpy", order: Sequence[Index] = ()
    ) -> None:
        self.equations = equations
        self.backend = backend
        self._order = tuple(order)
        self._bound: dict[int, Any]
        self._runners: dict[Any, Runner]
        checked = [(name, as_expression(expr)) for name, expr in equations.expressions]
        found = set(self._order).union(*(free_indices(expr) for _, expr in checked))
        self._marked = {index: marked(index) for index in found}
        opened = (open_integrals(expr.xreplace(self._marked)) for _, expr in checked)
        stable = stabilise(*opened)
        self._stable = tuple((name, e) for (name, _), e in zip(checked, stable, strict=True))
        given = distinct((*equations.unknowns, *equations.parameters))
        self._axes = tuple(self._marked[index] for index in self._order)
        self._program = lower(self._stable, inputs_of(given), self._axes)
        self._fix({})

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
        bound = frozenset(self._bound)
        fixed = bound.union(k for k, g in enumerate(self._program.inputs) if g.ranges)
        return print_numpy(self._program, fixed, bound).source

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
        values = bind(self._arguments, args, named or {})
        free = iter(values)
        merged = [self._bound[k] if k in self._bound else next(free) for k in range(self._count)]
        batch = arrange(self._program.inputs[: self._count], merged)
        shapes = [
            batch.shape + tuple(batch.length(axis.over) for axis in output.axes)
            for output in self._program.outputs
        ]
        given = given_outs(out, self.outputs, shapes)
        targets = [
            written_to(array, shape, batch.arrays)
            for array, shape in zip(given, shapes, strict=True)
        ]
        self._runner(batch).run(batch, targets, block, finite=nonfinite == "raise")
        return handed_back(given, targets)

    def bind(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> Kernel:
        """The same kernel with some arguments fixed: what depends on these alone is computed once.

        Checks of the values (finite, in their domain, symmetric where declared so) are made here
        and not at every call; powers and sums of couplings are kept.  Made for iterations, in which
        a state changes and couplings do not.

        Parameters
        ----------
        values : mapping, optional
            Values by symbol or name.
        **named
            Values by name.  Arrays are kept, not copied: do not change them while the kernel is
            in use.

        Returns
        -------
        Kernel
            It takes the arguments that are left, in their order, under the same conventions.  A
            value with batch axes broadcasts against those of the call.  What is bound stays so.

        Raises
        ------
        NumericsError
            As calling does.

        Examples
        --------
        >>> import numpy as np
        >>> import derive as dv, numerics as nm
        >>> i, j = dv.indices("i j", dv.size("N"))
        >>> w, V = dv.Given("w", i, j), dv.Given("V", i)
        >>> field = nm.compile(dv.total(w[i, j]**2 * V[j], j)).bind(w=np.array([[0, 2], [1, 0]]))
        >>> field
        <Kernel (V) -> value; numpy>
        >>> field([1.0, 3.0])
        array([12.,  1.])
        """
        known = {**(values or {}), **named}
        placed = dict(zip(self._free_numbers(), self._arguments, strict=True))
        chosen = matched(self._arguments, known)
        numbers = [number for k, number in enumerate(placed) if k in chosen]
        inputs = [placed[number] for number in numbers]
        batch = arrange(inputs, [chosen[k] for k in sorted(chosen)])
        for k, (given, array) in enumerate(zip(inputs, batch.arrays, strict=True)):
            check_values(given, array, unit=batch.units.get(k))
        fixed = {
            number: batch.whole(k, len(given.ranges))
            for k, (number, given) in enumerate(zip(numbers, inputs, strict=True))
        }
        other = copy.copy(self)
        other._fix({**self._bound, **fixed})
        return other

    @property
    def bound(self) -> dict[Expr, Any]:
        """The values that `bind` fixed, by symbol, or by one element of an array."""
        return {self._program.inputs[k].symbol: value for k, value in self._bound.items()}

    @property
    def bound_arguments(self) -> tuple[Input, ...]:
        """The arguments that `bind` fixed, with the ranges of arrays, in the order of `bound`."""
        return tuple(self._program.inputs[k] for k in self._bound)

    def _fix(self, bound: dict[int, Any]) -> None:
        given = self._program.inputs
        self._bound, self._runners = bound, {}
        self._count = sum(not g.is_size for g in given)
        self._arguments = tuple(given[k] for k in self._free_numbers())
        for cached in ("signature", "source"):
            self.__dict__.pop(cached, None)

    def _free_numbers(self) -> list[int]:
        return [k for k in range(self._count) if k not in self._bound]

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
        return Kernel(equations, self.backend, tuple(order)).bind(self.bound)

    def _variable(self, wanted: Any) -> Expr:
        """The argument to differentiate by, an array's element with an index of its own."""
        for argument in self.inputs:
            if not (isinstance(argument, Element) and argument.slots):
                if wanted in (argument, argument.name):
                    return argument
            elif getattr(wanted, "label", wanted) == argument.label:
                taken = {i.name for _, e in self._stable for i in e.atoms(Index)}
                return argument.label[fresh_indices(argument.label.ranges, taken)]
        raise UnknownParameterError(
            f"{wanted} is no parameter of this kernel: {', '.join(map(str, self.inputs))}"
        )

    def _runner(self, batch: Batch) -> Runner:
        """Printed once for each choice of what varies; what is bound is computed then."""
        key = batch.uniform, batch.sparse
        if key not in self._runners:
            inputs = self._program.inputs
            held = [k for k in self._bound if k in batch.uniform]
            known = {over.size for k in held for over in inputs[k].ranges}
            sizes = [k for k, given in enumerate(inputs) if given.is_size]
            bound = frozenset([*held, *(k for k in sizes if inputs[k].symbol in known)])
            uniform = batch.uniform.union(sizes)
            program = lower(self._stable, inputs, self._axes, uniform, bound, batch.sparse)
            runner = Runner(program, print_numpy(program, uniform, bound), frozenset(self._bound))
            runner.prepare(batch)
            self._runners[key] = runner
        return self._runners[key]

    def __getstate__(self) -> dict[str, Any]:
        state = {"equations": self.equations, "backend": self.backend, "order": self._order}
        return {**state, "bound": self._bound}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["equations"], state["backend"], state["order"])  # type: ignore[misc]
        self._fix(state["bound"])

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
