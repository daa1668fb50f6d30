"""The derivatives of a kernel: kernels of the same arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sympy import Expr

from derive.equations import Element, Equations, Index, free_indices
from numerics.derivatives import derivatives
from numerics.errors import UnknownParameterError
from numerics.hessian import gradients, hessians
from numerics.lower import Along
from numerics.signature import axes_of, fresh_indices, scalars_of

__all__ = ["Differentiable"]


class Differentiable:
    """What a kernel offers besides its values."""

    equations: Equations
    tolerance: float
    _order: tuple[Index, ...]
    _ranges: dict[Any, Any]
    _marked: dict[Index, Index]
    _stable: tuple[tuple[str, Expr], ...]
    _along: Along

    if TYPE_CHECKING:

        @property
        def backend(self) -> str: ...

        @property
        def inputs(self) -> tuple[Expr, ...]: ...

        @property
        def bound(self) -> dict[Expr, Any]: ...

    def jacobian(self, wrt: Expr | Sequence[Expr]) -> Any:
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
        every = range(len(self._stable))
        named = {marked: index for index, marked in self._marked.items()}
        rows = derivatives([expr for _, expr in self._stable], variables)
        expressions = tuple(
            (f"d{name}/d{variable}", entry.xreplace(named))
            for (name, _), row in zip(self._stable, rows, strict=True)
            for variable, entry in zip(variables, row, strict=True)
        )
        along = [
            (*self._over(number), *free_indices(variable))
            for number in every
            for variable in variables
        ]
        return self._derived(expressions, extra, along)

    def gradient(self, wrt: Sequence[Expr] | None = None) -> Any:
        """The kernel of the gradient of every output: an array with one more axis, the last.

        The derivatives share their intermediates, and all of them together cost a few times what
        the output does.

        Parameters
        ----------
        wrt : sequence of Expr, optional
            Scalar parameters of this kernel, by default all of them, in order of position.
            Derivatives by the entries of an array are those of `jacobian`.

        Examples
        --------
        >>> from sympy import symbols, tanh
        >>> import numerics as nm
        >>> x, y = symbols("x y")
        >>> nm.compile(y*tanh(x)).gradient([x, y])(x=0.0, y=2.0)
        array([2., 0.])
        """
        variables = scalars_of(self.inputs, wrt)
        (axis,) = axes_of(variables, 1, self._stable)
        made = gradients([expr for _, expr in self._stable], variables, axis)
        return self._arrays("d", made, (axis,))

    def hessian(self, wrt: Sequence[Expr] | None = None) -> Any:
        """The kernel of the Hessian of every output: an array with two more axes, the last ones.

        Each pair of parameters is computed once, so that the result is exactly symmetric.  The
        cost of deriving and of evaluating it grows with the number of distinct intermediates of
        all entries, not with the length of the entries.

        Parameters
        ----------
        wrt : sequence of Expr, optional
            Scalar parameters of this kernel, by default all of them, in order of position.  Second
            derivatives by the entries of arrays are ``jacobian(V).jacobian(V)``.

        Examples
        --------
        >>> from sympy import symbols
        >>> import numerics as nm
        >>> x, y = symbols("x y")
        >>> nm.compile(x*y**2).hessian([x, y])(x=3.0, y=2.0)
        array([[0., 4.],
               [4., 6.]])
        """
        variables = scalars_of(self.inputs, wrt)
        axes = axes_of(variables, 2, self._stable)
        made = hessians([expr for _, expr in self._stable], variables, *axes)
        return self._arrays("d2", made, axes)

    def _arrays(self, prefix: str, made: Sequence[Expr], axes: Sequence[Index]) -> Any:
        named = {marked: index for index, marked in self._marked.items()}
        expressions = tuple(
            (prefix + name, expr.xreplace(named))
            for (name, _), expr in zip(self._stable, made, strict=True)
        )
        along = [(*self._over(number), *axes) for number in range(len(self._stable))]
        return self._derived(expressions, axes, along)

    def _over(self, number: int) -> tuple[Index, ...]:
        """The indices that an output runs over."""
        kept = self._along[number] if self._along else ()
        return (*free_indices(self.equations.expressions[number][1]), *kept)

    def _derived(self, expressions: Any, axes: Sequence[Index], along: Along) -> Any:
        """A kernel of the same arguments, with these axes after those of the outputs."""
        first = {i for number in range(len(self._stable)) for i in self._over(number)}
        order = dict.fromkeys((*self._order, *sorted(first, key=str), *axes))
        equations = Equations(self.equations.unknowns, self.equations.parameters, expressions)
        kind: Any = type(self)
        settings = self.backend, tuple(order), self._ranges, self.tolerance
        return kind(equations, *settings, along=along).bind(self.bound)

    def _variable(self, wanted: Any) -> Expr:
        """The argument to differentiate by, an array's element with an index of its own."""
        for argument in self.inputs:
            if not (isinstance(argument, Element) and argument.slots):
                if wanted in (argument, argument.name):
                    return argument
            elif getattr(wanted, "label", wanted) == argument.label:
                marked = {i for _, e in self._stable for i in e.atoms(Index)}
                named = {index.name for index in self._marked}  # as the next derivative sees them
                taken = named | {i.name for i in marked}
                return argument.label[fresh_indices(argument.label.ranges, taken)]
        raise UnknownParameterError(
            f"{wanted} is no parameter of this kernel: {', '.join(map(str, self.inputs))}"
        )
