"""The NumPy backend: a loop program as readable NumPy source over blocks of points.

Three functions are printed.  `before` computes what depends on bound inputs alone, one time for all
calls; `once` what else does not vary along the batch, one time per call; `block` fills the outputs
of one block of points, into buffers that were allocated beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from numerics.backends.names import identifiers
from numerics.backends.products import Factor, print_contraction, rearranged
from numerics.program import REDUCTIONS, Axis, Let, Operand, Program

__all__ = ["Printed", "print_numpy"]

RESERVED = ("np", "special", "sparse", "dense", "before", "once", "block")
FROM_SCIPY = frozenset(("erf", "erfc", "gammaln"))
REDUCERS = {"sum": "np.add.reduce", "max": "np.maximum.reduce", "prod": "np.multiply.reduce"}
NOT_IN_PLACE = (*REDUCERS, "view", "positions", "select", "contract", "log_det", "stack")


@dataclass(frozen=True)
class Printed:
    """Source with what its caller has to provide.

    `buffers` are the axes of each buffer of `block`; `held` are the inputs of `before`, whose
    results `once` and `block` take; `carried` are the registers that `once` returns and `block`
    takes; `products` are the axes of matrices that `block` multiplies vectors with.
    """

    source: str
    held: tuple[int, ...]
    buffers: tuple[tuple[Axis, ...], ...]
    carried: tuple[int, ...]
    constant_outputs: tuple[int, ...]
    products: tuple[tuple[Axis, ...], ...]

    def compile(self) -> tuple[Callable[..., Any], ...]:
        """The functions `before`, `once` and `block`."""
        import numpy as np
        from scipy import special

        from numerics import dense, sparse

        space: dict[str, Any] = {"np": np, "special": special, "sparse": sparse, "dense": dense}
        exec(compile(self.source, "<numerics kernel>", "exec"), space)
        return space.get("before", _nothing), space["once"], space["block"]


def print_numpy(
    program: Program, uniform: frozenset[int], bound: frozenset[int] = frozenset()
) -> Printed:
    """Print a program, given the inputs that do not vary along the batch, or not even by call.

    Every name in the source is made by `identifiers`, so that no symbol's name can inject code.
    """
    return _Printer(program, uniform, bound).printed()


class _Printer:
    def __init__(self, program: Program, uniform: frozenset[int], bound: frozenset[int]) -> None:
        self.program = program
        self.count = len(program.inputs)
        self.held = tuple(sorted(bound))
        self.varies, self.called = program.varying(uniform), program.varying(bound)
        names = identifiers((given.name for given in program.inputs), RESERVED)
        self.names: dict[int, str] = dict(enumerate(names))
        self.buffers: list[tuple[Axis, ...]] = []
        self.free: dict[tuple[Axis, ...], list[str]] = {}
        self.targets = self._output_targets()
        self.stores = self._stores()
        self.last_use = self._last_uses()

    def printed(self) -> Printed:
        before, once, block = self._lines(held=True), self._lines(held=False), self._block()
        kept, carried = self._passed_on(held=True), self._passed_on(held=False)
        inputs = range(self.count)
        takes = [self.names[k] for k in inputs if k not in self.varies]
        varying = [self.names[k] for k in inputs if k in self.varies]
        outs = [f"o{k}" for k, o in enumerate(self.program.outputs) if self._is_varying(o.operand)]
        fixed = tuple(
            k for k, o in enumerate(self.program.outputs) if not self._is_varying(o.operand)
        )
        results = [self._uniform_output(k) for k in fixed]
        known, found = [f"u{k}" for k in kept], [f"u{k}" for k in carried]
        rooms = [f"t{k}" for k in range(len(self.buffers))]
        first = [self.names[k] for k in self.held]
        lines = _function("before", first, before, known) if before else []
        lines += _function("once", [*takes, *known], once, [*found, *results])
        taken = [*varying, *takes, *known, *found, *outs, *rooms]
        lines += [f"def block({', '.join(taken)}):", *(f"    {line}" for line in block or ["pass"])]
        source, buffers = "\n".join(lines) + "\n", tuple(self.buffers)
        return Printed(source, self.held, buffers, carried, fixed, self._products())

    def _products(self) -> tuple[tuple[Axis, ...], ...]:
        found = {
            self.program.axes_of(arg): None
            for register, let in enumerate(self.program.lets, self.count)
            if let.op == "contract" and register in self.varies
            for arg in let.args
            if arg not in self.varies and len(self.program.axes_of(arg)) == 2
        }
        return tuple(found)

    # -- what varies and what does not ---------------------------------------------------------

    def _is_varying(self, operand: Operand) -> bool:
        return isinstance(operand, int) and operand in self.varies

    def _lines(self, held: bool) -> list[str]:
        """Bindings that are computed one time for all calls, or one time per call."""
        lines = []
        for register, let in enumerate(self.program.lets, self.count):
            if register not in self.varies and (register not in self.called) == held:
                self.names[register] = f"u{register}"
                lines.append(f"u{register} = {self._expression(let)}")
        return lines

    def _passed_on(self, held: bool) -> tuple[int, ...]:
        """Bindings of `before` that `once` or `block` reads, or of `once` that `block` does."""
        later, own = (self.called, ()) if held else (self.varies, self.called)
        used = {
            arg
            for register, let in enumerate(self.program.lets, self.count)
            if register in later
            for arg in let.args
            if isinstance(arg, int) and arg >= self.count and arg not in later
        }
        if held:
            used |= {
                o.operand
                for o in self.program.outputs
                if isinstance(o.operand, int) and self.count <= o.operand not in self.called
            }
        return tuple(sorted(k for k in used if held or k in own))

    def _uniform_output(self, number: int) -> str:
        output = self.program.outputs[number]
        return self._transposed(self._operand(output.operand), output.operand, output.axes)

    # -- a block -------------------------------------------------------------------------------

    def _block(self) -> list[str]:
        lines = []
        for register, let in enumerate(self.program.lets, self.count):
            if register in self.varies:
                lines.extend(self._statement(register, let))
                lines.extend(self._stored(register))
        for number, output in enumerate(self.program.outputs):
            if self._is_varying(output.operand) and self.names[int(output.operand)] != f"o{number}":
                value = self._transposed(
                    self.names[int(output.operand)], output.operand, output.axes
                )
                lines.append(f"np.copyto(o{number}, {value})")
        return lines

    def _statement(self, register: int, let: Let) -> list[str]:
        """One binding into a buffer; a buffer whose last use this is may be written in place."""
        if let.op in ("view", "positions"):
            self.names[register] = f"v{register}"
            return [f"v{register} = {self._expression(let)}"]
        if let.op == "stack":
            return self._stack(register, let)
        early = let.op not in NOT_IN_PLACE
        arguments = [self._operand(arg, let) for arg in let.args]
        if early:
            self._release(register, let)
        target = self.targets.get(register) or self._buffer(let.axes)
        self.names[register] = target
        if not early:
            self._release(register, let)
        return self._into(target, let, arguments)

    def _buffer(self, axes: tuple[Axis, ...]) -> str:
        waiting = self.free.setdefault(axes, [])
        if waiting:
            return waiting.pop()
        self.buffers.append(axes)
        return f"t{len(self.buffers) - 1}"

    def _release(self, register: int, let: Let) -> None:
        for arg in dict.fromkeys(let.args):
            if isinstance(arg, int) and self.last_use.get(arg) == register:
                name = self.names[arg]
                if name.startswith("t") and arg >= self.count:
                    self.free[self.program.axes_of(arg)].append(name)

    def _last_uses(self) -> dict[int, int]:
        """Where a register is read last, also under the names that views give to its axes."""
        uses: dict[int, int] = {}
        viewed: dict[Operand, Operand] = {}
        for register, let in enumerate(self.program.lets, self.count):
            if let.op == "view":
                viewed[register] = viewed.get(let.args[0], let.args[0])
            for arg in let.args:
                if isinstance(arg, int) and not self._is_stored_early(register, arg):
                    uses[arg] = uses[int(viewed.get(arg, arg))] = register
        for output in self.program.outputs:
            if isinstance(output.operand, int):
                last = self.count + len(self.program.lets)
                uses[output.operand] = uses[int(viewed.get(output.operand, output.operand))] = last
        return uses

    def _output_targets(self) -> dict[int, str]:
        """Bindings that are written straight into an output."""
        targets: dict[int, str] = {}
        for number, output in enumerate(self.program.outputs):
            operand = output.operand
            if not self._is_varying(operand) or operand in targets or int(operand) < self.count:
                continue
            if self.program.axes_of(operand) == output.axes:
                targets[int(operand)] = f"o{number}"
        return targets

    # -- arrays of entries ---------------------------------------------------------------------

    def _stores(self) -> dict[int, list[tuple[int, int]]]:
        """Entries of outputs, put there as soon as they are known: of which array, which entry."""
        found: dict[int, list[tuple[int, int]]] = {}
        for register, let in enumerate(self.program.lets, self.count):
            if let.op == "stack" and register in self.targets:
                for number, arg in enumerate(let.args):
                    if self._is_varying(arg) and arg >= self.count:
                        found.setdefault(int(arg), []).append((register, number))
        return found

    def _is_stored_early(self, register: int, arg: int) -> bool:
        return any(stack == register for stack, _ in self.stores.get(arg, ()))

    def _stored(self, register: int) -> list[str]:
        lines = []
        for stack, number in self.stores.get(register, ()):
            let = self.program.lets[stack - self.count]
            lines.append(self._entry(self.targets[stack], let, number))
        if lines and register not in self.last_use and self.names[register].startswith("t"):
            self.free[self.program.axes_of(register)].append(self.names[register])
        return lines

    def _stack(self, register: int, let: Let) -> list[str]:
        target = self.names[register] = self.targets.get(register) or self._buffer(let.axes)
        late = [
            number
            for number, arg in enumerate(let.args)
            if isinstance(arg, float) or not self._is_stored_early(register, arg)
        ]
        lines = [self._entry(target, let, number) for number in late]
        self._release(register, let)
        return lines

    def _entry(self, target: str, let: Let, number: int) -> str:
        """What puts one entry in its place; along the slots the last one runs fastest."""
        places, left = {}, number
        for axis in reversed([slot for slot in let.slots if isinstance(slot, Axis)]):
            left, places[axis] = divmod(left, int(axis.over.size))
        place = ", ".join(str(places.get(axis, ":")) for axis in let.axes)
        return f"{target}[..., {place}] = {self._aligned_entry(let, let.args[number])}"

    def _aligned_entry(self, let: Let, arg: Operand) -> str:
        if isinstance(arg, float):
            return _constant(arg)
        kept = tuple(axis for axis in let.axes if axis not in let.slots)
        own = self.program.axes_of(arg)
        return self.names[arg] + self._alignment(own, kept, self._is_varying(arg))

    def _stacked(self, let: Let) -> str:
        entries = ", ".join(self._aligned_entry(let, arg) for arg in let.args)
        slots = [slot for slot in let.slots if isinstance(slot, Axis)]
        shape = tuple(int(axis.over.size) for axis in slots)
        places = tuple(let.axes.index(axis) - len(let.axes) for axis in slots)
        return f"dense.stacked(({entries},), {shape}, {places})"

    # -- one operation -------------------------------------------------------------------------

    def _into(self, target: str, let: Let, args: list[str]) -> list[str]:
        if let.op == "select":
            a, b, yes, no = args
            where = f"np.less({a}, {b})"
            return [f"np.copyto({target}, {no})", f"np.copyto({target}, {yes}, where={where})"]
        if let.op == "fill_zero":
            return [f"np.add({args[0]}, np.equal({args[0]}, 0.0), out={target})"]
        return [self._call(let, args, f", out={target}")]

    def _expression(self, let: Let) -> str:
        if let.op == "stack":
            return self._stacked(let)
        args = [self._operand(arg, let) for arg in let.args]
        if let.op == "view":
            return self._view(let)
        if let.op == "positions":
            return f"np.arange(1.0, {args[0]} + 1.0)"
        if let.op == "select":
            return "np.where(np.less({}, {}), {}, {})".format(*args)
        if let.op == "fill_zero":
            return f"np.add({args[0]}, np.equal({args[0]}, 0.0))"
        if let.op == "equal":
            return f"np.multiply(np.equal({args[0]}, {args[1]}), 1.0)"
        return self._call(let, args, "")

    def _call(self, let: Let, args: list[str], out: str) -> str:
        held = [isinstance(arg, int) and arg in self.program.sparse for arg in let.args]
        axes = self.program.axes_of(let.args[0])
        places = tuple(axes.index(a) - len(axes) for a in let.over if a in axes)
        if let.op == "log_det":
            return f"dense.log_det({args[0]}, {places}{out})"
        if let.op in REDUCERS:
            if any(held):
                return f"sparse.summed({args[0]}, {places})"
            return f"{REDUCERS[let.op]}({args[0]}, axis={places}{out})"
        if let.op == "contract":
            first, second = (
                self._factor(int(arg), text) for arg, text in zip(let.args, args, strict=True)
            )
            return print_contraction(first, second, let.axes, out)
        function = f"{'special' if let.op in FROM_SCIPY else 'np'}.{let.op}"
        if any(held):
            return self._on_sparse(let, function, args, held)
        return f"{function}({', '.join(args)}{out})"

    def _on_sparse(self, let: Let, function: str, args: list[str], held: list[bool]) -> str:
        if len(args) == 1 or let.op == "power":
            return f"sparse.elementwise({function}, {', '.join(args)})"
        if all(held):
            return f"sparse.combined({function}, {', '.join(args)})"
        first, second = args if held[0] else args[::-1]
        return f"sparse.scaled({function}, {first}, {second})"

    def _factor(self, register: int, text: str) -> Factor:
        return Factor(
            text,
            self.program.axes_of(register),
            register in self.varies,
            register in self.program.sparse,
            register in self.program.symmetric,
        )

    def _view(self, let: Let) -> str:
        """The array with fixed positions taken out and the axes in the program's order."""
        (register,) = let.args
        name, fixed = self.names[int(register)], [s for s in let.slots if isinstance(s, int)]
        if register in self.program.sparse and (fixed or len(let.axes) < 2):
            return f"sparse.line({name}, {', '.join(map(_slot, let.slots)).replace(':', 'None')})"
        if fixed:
            name = f"{name}[..., {', '.join(map(_slot, let.slots))}]"
        stored = tuple(slot for slot in let.slots if isinstance(slot, Axis))
        if self._is_symmetric_input(int(register)) and stored == let.axes[::-1]:
            stored = let.axes  # products with rows as they lie in memory are the faster ones
        given = replace(self._factor(int(register), name), axes=stored)
        return rearranged(given, let.axes)

    def _is_symmetric_input(self, register: int) -> bool:
        inputs = self.program.inputs
        label = getattr(inputs[register].symbol, "label", None) if register < len(inputs) else None
        return bool(getattr(label, "symmetric", False))

    def _transposed(self, name: str, operand: Operand, axes: tuple[Axis, ...]) -> str:
        """A register as the output wants it: its axes are the output's or fewer."""
        own = self.program.axes_of(operand)
        return f"{name}{self._alignment(own, axes, self._is_varying(operand))}"

    def _operand(self, arg: Operand, let: Let | None = None) -> str:
        if isinstance(arg, float):
            return _constant(arg)
        name = self.names[arg]
        if let is None or let.op in REDUCTIONS or let.op in ("view", "positions"):
            return name
        return name + self._alignment(self.program.axes_of(arg), let.axes, self._is_varying(arg))

    @staticmethod
    def _alignment(own: tuple[Axis, ...], wanted: tuple[Axis, ...], varies: bool) -> str:
        """Indexing that gives a register new axes of length one where it has none."""
        if own == wanted or (not own and not varies):
            return ""
        if not varies and own == wanted[len(wanted) - len(own) :]:
            return ""
        return f"[..., {', '.join(':' if a in own else 'None' for a in wanted)}]"


def _function(name: str, takes: list[str], body: list[str], gives: list[str]) -> list[str]:
    results = "".join(f"{result}, " for result in gives)
    lines = [f"def {name}({', '.join(takes)}):", *(f"    {line}" for line in body)]
    return [*lines, f"    return ({results})", "", ""]


def _nothing(*_held: Any) -> tuple[()]:
    """What is computed in advance where nothing depends on bound values alone but sizes."""
    return ()


def _slot(slot: Axis | int) -> str:
    return str(slot) if isinstance(slot, int) else ":"


def _constant(number: float) -> str:
    if number != number or number in (float("inf"), float("-inf")):
        return {"inf": "np.inf", "-inf": "-np.inf"}.get(str(number), "np.nan")
    return repr(number)
