"""The JAX backend: a loop program as readable source in `jax.numpy`, for one point of a batch.

Three functions are printed.  `before` computes what depends on bound inputs alone, `once` what else
does not vary along the batch, and `point` the rest at one point: `jax.vmap` makes it a batch.  All
are pure, and none depends on the number of points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from string import ascii_letters
from typing import Any

from numerics.backends.names import identifiers
from numerics.program import Axis, Let, Operand, Program, Range

__all__ = ["Printed", "Stage", "print_jax", "printed"]

STAGES = ("before", "once", "point")
RESERVED = ("jnp", "functions", *STAGES)
INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
REDUCERS = {"sum": "jnp.sum", "max": "jnp.max", "prod": "jnp.prod"}
# What `numerics.backends.jax_functions` has in place of `jax.numpy`, or beside it.
OWN = frozenset(("arctanh", "erf", "erfc", "expm1", "gammaln", "log", "log1p", "tanh"))


@dataclass(frozen=True)
class Stage:
    """A printed function: the registers it takes and gives, and the outputs it gives after these.

    Before the registers it takes the sizes of the ranges in `counts`, numbers that must be known
    when it is traced.
    """

    name: str
    counts: tuple[Range, ...]
    takes: tuple[int, ...]
    gives: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Printed:
    """Source with the functions in it, in the order in which they are called."""

    source: str
    stages: tuple[Stage, ...]

    def compile(self) -> tuple[Callable[..., Any], ...]:
        """The functions, to be traced by JAX."""
        import jax.numpy as jnp

        from numerics.backends import jax_functions

        space: dict[str, Any] = {"jnp": jnp, "functions": jax_functions}
        exec(compile(self.source, "<numerics kernel>", "exec"), space)
        return tuple(space[stage.name] for stage in self.stages)


def printed(
    program: Program, uniform: frozenset[int], bound: frozenset[int] = frozenset()
) -> Printed:
    """A program as functions, given the inputs that do not vary along the batch, or by call.

    Every name in the source is made by `identifiers`, so that no symbol's name can inject code.
    """
    return _Printer(program, uniform, bound).printed()


def print_jax(
    program: Program,
    uniform: frozenset[int] = frozenset(),
    bound: frozenset[int] = frozenset(),
) -> str:
    """The source of a program.

    Examples
    --------
    >>> from sympy import Symbol, exp
    >>> from numerics.lower import lower
    >>> from numerics.program import Input
    >>> x = Symbol("x")
    >>> print(print_jax(lower([("y", exp(2*x))], [Input("x", x)])))
    def point(x):
        r1 = 2.0 * x
        r2 = jnp.exp(r1)
        return (r2,)
    """
    return printed(program, uniform, bound).source


class _Printer:
    def __init__(self, program: Program, uniform: frozenset[int], bound: frozenset[int]) -> None:
        self.program = program
        self.count = len(program.inputs)
        self.varies, self.called = program.varying(uniform), program.varying(bound)
        names = identifiers((given.name for given in program.inputs), RESERVED)
        self.names = [*names, *(f"r{self.count + k}" for k in range(len(program.lets)))]

    def printed(self) -> Printed:
        made = [self._function(number) for number in range(len(STAGES))]
        kept = [(stage, lines) for stage, lines in made if stage.gives or stage.outputs]
        source = "\n\n\n".join("\n".join(lines) for _, lines in kept) + "\n"
        return Printed(source, tuple(stage for stage, _ in kept))

    # -- which function computes what ----------------------------------------------------------

    def _stage(self, operand: Operand) -> int:
        if isinstance(operand, float):
            return 0
        return 2 if operand in self.varies else 1 if operand in self.called else 0

    def _own(self, number: int) -> list[tuple[int, Let]]:
        """The bindings of a function, by register."""
        lets = enumerate(self.program.lets, self.count)
        return [(register, let) for register, let in lets if self._stage(register) == number]

    def _outputs(self, number: int) -> tuple[int, ...]:
        """Outputs that a function gives; what is known before a call is given at a call."""
        outputs = enumerate(self.program.outputs)
        return tuple(k for k, o in outputs if max(self._stage(o.operand), 1) == number)

    def _reads(self, number: int) -> set[int]:
        """What a function reads, its own bindings included."""
        read = [arg for _, let in self._own(number) for arg in let.args if let.op != "positions"]
        read += [self.program.outputs[k].operand for k in self._outputs(number)]
        return {arg for arg in read if isinstance(arg, int)}

    def _function(self, number: int) -> tuple[Stage, list[str]]:
        own = dict(self._own(number))
        later = set().union(*(self._reads(k) for k in range(number + 1, len(STAGES))))
        takes = tuple(sorted(self._reads(number) - set(own)))
        gives, outputs = tuple(sorted(later & set(own))), self._outputs(number)
        counted = {k: let.axes[0].over for k, let in own.items() if let.op == "positions"}
        stage = Stage(STAGES[number], tuple(counted.values()), takes, gives, outputs)
        head = ", ".join([*(f"n{k}" for k in counted), *(self.names[k] for k in takes)])
        body = [f"{self.names[k]} = {self._expression(k, let)}" for k, let in own.items()]
        results = [*(self.names[k] for k in gives), *map(self._output, outputs)]
        lines = [*body, f"return ({', '.join(results)}{',' * (len(results) == 1)})"]
        return stage, [f"def {stage.name}({head}):", *(f"    {line}" for line in lines)]

    def _output(self, number: int) -> str:
        output = self.program.outputs[number]
        return self._text(output.operand) + self._alignment(output.operand, output.axes)

    # -- one binding ---------------------------------------------------------------------------

    def _expression(self, register: int, let: Let) -> str:
        special = getattr(self, f"_{let.op}", None)
        if special is not None:
            return str(special(let))
        if let.op in REDUCERS:
            axes = self.program.axes_of(let.args[0])
            places = tuple(axes.index(axis) for axis in let.over)
            return f"{REDUCERS[let.op]}({self._text(let.args[0])}, axis={places})"
        if let.op == "positions":
            return f"jnp.arange(1.0, n{register} + 1.0)"
        args = [self._aligned(arg, let.axes) for arg in let.args]
        if let.op in INFIX:
            return f" {INFIX[let.op]} ".join(args)
        return f"{'functions' if let.op in OWN else 'jnp'}.{let.op}({', '.join(args)})"

    def _negative(self, let: Let) -> str:
        return f"-{self._aligned(let.args[0], let.axes)}"

    def _select(self, let: Let) -> str:
        a, b, yes, no = (self._aligned(arg, let.axes) for arg in let.args)
        return f"jnp.where({a} < {b}, {yes}, {no})"

    def _fill_zero(self, let: Let) -> str:
        x = self._aligned(let.args[0], let.axes)
        return f"jnp.where({x} == 0.0, 1.0, {x})"

    def _equal(self, let: Let) -> str:
        a, b = (self._aligned(arg, let.axes) for arg in let.args)
        return f"jnp.where({a} == {b}, 1.0, 0.0)"

    def _view(self, let: Let) -> str:
        """The array with fixed positions taken out and the axes in the program's order."""
        fixed = [str(slot) if isinstance(slot, int) else ":" for slot in let.slots]
        stored = [slot for slot in let.slots if isinstance(slot, Axis)]
        text = self._text(let.args[0])
        if len(stored) < len(fixed):
            text += f"[{', '.join(fixed)}]"
        return text if tuple(stored) == let.axes else self._einsum([stored], [text], let.axes)

    def _contract(self, let: Let) -> str:
        axes = [self.program.axes_of(arg) for arg in let.args]
        return self._einsum(axes, [self._text(arg) for arg in let.args], let.axes)

    def _log_det(self, let: Let) -> str:
        axes = self.program.axes_of(let.args[0])
        places = tuple(axes.index(axis) for axis in let.over)
        return f"functions.log_det({self._text(let.args[0])}, {places})"

    def _stack(self, let: Let) -> str:
        kept = tuple(axis for axis in let.axes if axis not in let.slots)
        entries = "".join(f"{self._aligned(arg, kept)}, " for arg in let.args)
        slots = [slot for slot in let.slots if isinstance(slot, Axis)]
        shape = tuple(int(axis.over.size) for axis in slots)
        places = tuple(map(let.axes.index, slots))
        return f"functions.stacked(({entries}), {shape}, {places})"

    @staticmethod
    def _einsum(inputs: Iterable[Iterable[Axis]], texts: list[str], kept: Iterable[Axis]) -> str:
        listed = [tuple(axes) for axes in inputs]
        letters = dict(
            zip(dict.fromkeys(a for axes in listed for a in axes), ascii_letters, strict=False)
        )
        spec = ",".join("".join(letters[a] for a in axes) for axes in listed)
        return f"jnp.einsum('{spec}->{''.join(letters[a] for a in kept)}', {', '.join(texts)})"

    # -- operands ------------------------------------------------------------------------------

    def _aligned(self, arg: Operand, wanted: tuple[Axis, ...]) -> str:
        return self._text(arg) + self._alignment(arg, wanted)

    def _text(self, arg: Operand) -> str:
        return _constant(arg) if isinstance(arg, float) else self.names[arg]

    def _alignment(self, arg: Operand, wanted: tuple[Axis, ...]) -> str:
        """Indexing that gives a register new axes of length one after its first; the rest align."""
        own = self.program.axes_of(arg)
        if own == wanted[len(wanted) - len(own) :]:
            return ""
        return f"[{', '.join(':' if axis in own else 'None' for axis in wanted)}]"


def _constant(number: float) -> str:
    if number != number or number in (float("inf"), float("-inf")):
        return {"inf": "jnp.inf", "-inf": "(-jnp.inf)"}.get(str(number), "jnp.nan")
    return repr(number) if number >= 0 else f"({number!r})"
