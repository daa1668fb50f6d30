"""The change of a kernel's results with its arguments, from a kernel of its derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import TYPE_CHECKING, Any

from sympy import Expr

from derive.equations import Element, Index
from numerics.derivatives import derivatives
from numerics.signature import fresh_indices

if TYPE_CHECKING:
    from numerics.kernel import Kernel

__all__ = ["Slope", "slopes"]


@dataclass(frozen=True)
class Slope:
    """The derivative of an output by an argument, both by number; an output of its own kernel.

    `axes` are the indices of the derivative, `summed` those of the argument, `kept` those of the
    output.  Of a symmetric argument an entry stands for its mirror image too.
    """

    output: int
    argument: int
    axes: tuple[Index, ...]
    summed: tuple[Index, ...]
    kept: tuple[Index, ...]
    symmetric: bool

    def times(self, derivative: Any, change: Any) -> Any:
        """The part of the change of the output, axes of points in front."""
        import jax.numpy as jnp

        if self.symmetric:
            change = change * (0.5 + 0.5 * jnp.eye(change.shape[-1]))
        letter = dict(zip(dict.fromkeys((*self.axes, *self.summed)), ascii_letters, strict=False))
        left, right = ("".join(letter[i] for i in own) for own in (self.axes, self.summed))
        own = "".join(letter[i] for i in self.kept if i in self.axes)
        product = jnp.einsum(f"...{left},...{right}->...{own}", derivative, change)
        missing = (n - len(self.kept) for n, i in enumerate(self.kept) if i not in self.axes)
        return jnp.expand_dims(product, tuple(missing))


def slopes(kernel: Kernel, numbers: Sequence[int]) -> tuple[Kernel, tuple[Slope, ...]]:
    """The kernel of the derivatives of every output by these arguments, output by output.

    Like `Kernel.jacobian`, with names of the new indices that no free index has, so that
    derivatives of derivatives have all their axes.
    """
    taken = {i.name for index, m in kernel._marked.items() for i in (index, m)}
    taken |= {i.name for _, expr in kernel._stable for i in expr.atoms(Index)}
    chosen = []
    for number in numbers:
        chosen.append(_variable(kernel.inputs[number], taken))
        taken |= {index.name for index in _slots(chosen[-1])}
    named = {marked: index for index, marked in kernel._marked.items()}
    rows = derivatives([expr for _, expr in kernel._stable], chosen)
    expressions = tuple(
        (f"d{name}/d{variable}", entry.xreplace(named))
        for (name, _), row in zip(kernel._stable, rows, strict=True)
        for variable, entry in zip(chosen, row, strict=True)
    )
    every = range(len(kernel._stable))
    along = [(*kernel._over(k), *_slots(variable)) for k in every for variable in chosen]
    made = kernel._derived(expressions, [i for v in chosen for i in _slots(v)], along)
    count = len(numbers)
    return made, tuple(
        Slope(
            place // count,
            numbers[place % count],
            made.output_indices(place),
            _slots(chosen[place % count]),
            kernel.output_indices(place // count),
            bool(_slots(chosen[place % count]) and chosen[place % count].label.symmetric),
        )
        for place in range(len(expressions))
    )


def _variable(argument: Expr, taken: set[str]) -> Expr:
    """A scalar, or the element of an array at indices of its own."""
    if not _slots(argument):
        return argument
    return argument.label[fresh_indices(argument.label.ranges, taken)]


def _slots(argument: Expr) -> tuple[Index, ...]:
    return tuple(argument.slots) if isinstance(argument, Element) else ()
