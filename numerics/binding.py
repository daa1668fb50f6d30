"""Kernels some arguments of which are fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from sympy import Expr

from numerics.arguments import Batch, arrange, matched
from numerics.backends.choice import Runs
from numerics.program import Input

__all__ = ["Binding"]


class Binding:
    """Which arguments a kernel still takes, and the values of the others."""

    _inputs: tuple[Input, ...]  # of the equations, in order of position; sizes come last
    _runners: dict[Any, Runs]
    _forms: dict[str, Any]  # ufuncs and the like

    @property
    def arguments(self) -> tuple[Input, ...]:
        """The arguments with the ranges of arrays, in order of position."""
        return self._arguments

    def bind(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> Self:
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
        for k, given in enumerate(inputs):
            batch.check(k, given)
        fixed = {
            number: batch.whole(k, len(given.ranges))
            for k, (number, given) in enumerate(zip(numbers, inputs, strict=True))
        }
        other = object.__new__(type(self))  # copy() would lower everything again
        other.__dict__.update(self.__dict__)
        other._fix({**self._bound, **fixed})
        return other

    @property
    def bound(self) -> dict[Expr, Any]:
        """The values that `bind` fixed, by symbol, or by one element of an array."""
        return {self._inputs[k].symbol: value for k, value in self._bound.items()}

    @property
    def bound_arguments(self) -> tuple[Input, ...]:
        """The arguments that `bind` fixed, with the ranges of arrays, in the order of `bound`."""
        return tuple(self._inputs[k] for k in self._bound)

    def arranged(self, values: Sequence[Any]) -> Batch:
        """The batch of a call: values of the arguments, in order, with what is bound."""
        free = iter(values)
        merged = [self._bound[k] if k in self._bound else next(free) for k in range(self._count)]
        return arrange(self.taken, merged)

    @property
    def taken(self) -> tuple[Input, ...]:
        """The arguments of the equations, free and bound, in the order of `arranged`."""
        return self._inputs[: self._count]

    def _fix(self, bound: dict[int, Any]) -> None:
        given = self._inputs
        self._bound, self._runners, self._forms = bound, {}, {}
        self._count = sum(not g.is_size for g in given)
        self._arguments = tuple(given[k] for k in self._free_numbers())
        self.__dict__.pop("signature", None)

    def _free_numbers(self) -> list[int]:
        return [k for k in range(self._count) if k not in self._bound]
