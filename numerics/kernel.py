"""Kernels: compiled equations that are called like a NumPy function."""

from __future__ import annotations

import html
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sympy import Expr

from derive.equations import Equations, Index, free_indices
from numerics.arguments import Batch, bind
from numerics.backends.choice import NUMPY, Runs, backend_named, fits_numba
from numerics.backends.names import identifiers
from numerics.binding import Binding
from numerics.blocks import BLOCK
from numerics.differentiable import Differentiable
from numerics.errors import NumericsError
from numerics.exported import Exported
from numerics.handover import as_equations, as_expression, marked
from numerics.judged import Judged
from numerics.lower import Along
from numerics.outputs import given_outs, handed_back, written_to
from numerics.parameter_box import checked_tolerance, declared_box
from numerics.parts import run_part
from numerics.plans import Plans, Ready
from numerics.program import Program
from numerics.signature import distinct, inputs_of
from numerics.site_integrals import open_integrals

__all__ = ["Kernel", "compile"]


def compile(
    obj: Any,
    backend: str = "numpy",
    arguments: Sequence[Expr] | None = None,
    ranges: Mapping[Any, Any] | None = None,
    tolerance: float = 1e-13,
    threads: int = 1,
) -> Kernel:
    """Compile equations or expressions to a fast, numerically stable function of arrays.

    Parameters
    ----------
    obj : Equations, Expr, Eq, a sequence of these, or an object with ``equations()``
        What to evaluate.  An ``Eq`` is compiled as its right-hand side.
    backend : {"numpy", "numba", "jax", "auto"}
        ``"numpy"`` starts at once and takes everything.  ``"numba"`` compiles to machine code, in a
        second or two, and from a cache on disk later; it is several times faster on large batches.
        ``"jax"`` runs where JAX runs.  ``"auto"`` is numba where it is installed and the expression
        is not too long, and NumPy elsewhere.
    arguments : sequence of Expr, optional
        The order of the arguments; by default unknowns, then parameters.  Of a bare expression the
        parameters are its symbols by name, then its arrays.
    ranges : mapping, optional
        By symbol or name, the interval ``(low, high)`` that each parameter stays in.  Rules for
        averages are chosen for it once, and values outside are refused.  Without it a rule is
        chosen for the values of a call, rounded outwards, and kept for further calls.
    tolerance : float
        The error asked of each Gaussian average, relative to the average of the integrand's
        absolute value.
    threads : int
        Over how many threads the numba backend spreads a large batch.

    Returns
    -------
    Kernel
        Called by position or keyword; parameters broadcast, scalars give scalars.

    Raises
    ------
    UnsupportedExpressionError
        If something in the expression has no real numeric meaning, or none on this backend.
    MissingBackendError
        If the backend is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from sympy import symbols, tanh
    >>> import numerics as nm
    >>> m, beta = symbols("m beta")
    >>> f = nm.compile(m - tanh(beta*m))
    >>> float(f(m=0.5, beta=0.0)), f(beta=np.zeros(3), m=1).shape
    (0.5, (3,))

    An average without closed form is evaluated by a rule that is chosen for it:

    >>> import derive as dv
    >>> a, z = symbols("a z", real=True)
    >>> f = nm.compile(dv.GaussianAverage(tanh(a*z)**2, z))
    >>> print(f"{f(a=2**0.5):.12f}")
    0.519975745664
    """
    equations = as_equations(obj, arguments)
    return Kernel(equations, backend, (), ranges, tolerance, threads=threads)


class Kernel(Binding, Differentiable, Judged, Exported):
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
    plans : Plans
        The programs for the boxes of the parameters met so far, with the rules of averages.

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
        self,
        equations: Equations,
        backend: str = "numpy",
        order: Sequence[Index] = (),
        ranges: Mapping[Any, Any] | None = None,
        tolerance: float = 1e-13,
        leading: int | None = None,
        breaks: Mapping[Any, Sequence[float]] | None = None,
        threads: int = 1,
        along: Along = (),
    ) -> None:
        self.equations = equations
        self._backend = backend_named(backend, threads)
        self.tolerance = checked_tolerance(tolerance)
        self._order = tuple(order)
        checked = [(name, as_expression(expr)) for name, expr in equations.expressions]
        found = set(self._order).union(*(free_indices(expr) for _, expr in checked))
        self._marked = {index: marked(index) for index in found}
        opened = [(name, open_integrals(e.xreplace(self._marked))) for name, e in checked]
        given = distinct((*equations.unknowns, *equations.parameters))
        axes = tuple(self._marked[index] for index in self._order)
        kept = tuple(tuple(self._marked[index] for index in own) for own in along)
        self._inputs = tuple(inputs_of(given))
        self._ranges = dict(ranges or {})
        declared = declared_box(self._inputs, self._ranges)
        self._planning, self._along = (leading, breaks), tuple(along)
        plan = (opened, given, axes, self.tolerance, declared, leading, breaks)
        self.plans = Plans(*plan, self._backend, kept)
        if backend == "auto" and not fits_numba(self.plans.skeleton.program):
            self._backend = NUMPY
            self.plans = Plans(*plan, NUMPY, kept)
        self._results = self.plans.skeleton.program.outputs
        self._stable = self.plans.differentiable
        self._fix({})

    @property
    def inputs(self) -> tuple[Expr, ...]:
        """The arguments: symbols, and one element of each array."""
        return tuple(given.symbol for given in self.arguments)

    @property
    def backend(self) -> str:
        """The name of the backend: of ``"auto"``, the one that was chosen."""
        return self._backend.name

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the results."""
        return tuple(name for name, _ in self.equations.expressions)

    def output_indices(self, number: int) -> tuple[Index, ...]:
        """The free indices of an output, in the order of its axes."""
        own = {(m.name, m.range.name): index for index, m in self._marked.items()}
        return tuple(own[a.name, a.over.name] for a in self._results[number].axes)

    @property
    def program(self) -> Program:
        """The loop program that a backend prints, with the averages as planned last."""
        return self.plans.latest.compiled.program

    @property
    def ranges(self) -> dict[Any, tuple[float, float]]:
        """The ranges that the kernel was compiled for, by symbol, or by label of an array."""
        return dict(self.plans.declared)

    @cached_property
    def signature(self) -> inspect.Signature:
        """Arguments by name, as Python identifiers."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = identifiers(given.name for given in self.arguments)
        return inspect.Signature([inspect.Parameter(name, kind) for name in names])

    @property
    def source(self) -> str:
        """The source for a batch in which every scalar varies, and arrays do not."""
        return self.plans.latest.compiled.source(frozenset(self._bound))

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
        return self._evaluated(args, named, out, nonfinite, block, lambda ready: ready)

    def _evaluated(
        self,
        args: Sequence[Any],
        named: Mapping[Any, Any] | None,
        out: Any,
        nonfinite: str,
        block: int,
        program: Callable[[Ready], Ready],
    ) -> Any:
        if nonfinite not in ("raise", "keep"):
            raise NumericsError(f'nonfinite is "raise" or "keep", not {nonfinite!r}')
        batch = self.arranged(bind(self.arguments, args, named or {}))
        shapes = [
            batch.shape + tuple(batch.length(axis.over) for axis in output.axes)
            for output in self._results
        ]
        given = given_outs(out, self.outputs, shapes)
        targets = [
            written_to(array, shape, batch.arrays)
            for array, shape in zip(given, shapes, strict=True)
        ]
        strict = nonfinite == "raise"
        for ready, rows in self.plans.covering(batch, self.taken, strict):

            def run(part: Batch, outs: list[Any], made: Ready = ready) -> None:
                chosen = program(made)
                whole = chosen.with_tables(part)
                self.runner(chosen, whole).run(whole, outs, block, finite=strict)

            run_part(run, batch, self.taken, rows, targets)
        return handed_back(given, targets)

    def runner(self, ready: Ready, batch: Batch) -> Runs:
        """What runs a batch: made once for each choice of what varies, with what is bound."""
        key = id(ready), batch.uniform, batch.sparse
        if key not in self._runners:
            self._runners[key] = ready.compiled.runner(batch, self._bound)
        return self._runners[key]

    def __getstate__(self) -> dict[str, Any]:
        settings = (self.backend, self._order, self._ranges, self.tolerance, *self._planning)
        made = (self.equations, *settings, self._backend.threads, self._along)
        return {"made": made, "bound": self._bound}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(*state["made"])  # type: ignore[misc]
        self._fix(state["bound"])

    def __repr__(self) -> str:
        arguments = ", ".join(given.name for given in self.arguments)
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
