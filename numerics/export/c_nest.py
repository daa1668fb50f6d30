"""Loop nests as C99: one section of a nest, for several points side by side or for none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr

from numerics.errors import UnsupportedExpressionError
from numerics.export.c_text import bracketed, indented, reads
from numerics.nest import Loop, Nest, Node, Run, Section
from numerics.program import Axis, Let, Operand

__all__ = ["HELPERS", "Places", "constant", "helpers", "printed"]

INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
STARTS = {"sum": "0.0", "contract": "0.0", "prod": "1.0", "max": "-HUGE_VAL"}
LIBRARY = {
    **{name: name for name in ("ceil", "cos", "cosh", "erf", "erfc", "exp", "expm1", "floor")},
    **{name: name for name in ("log", "log1p", "sin", "sinh", "sqrt", "tan", "tanh")},
    **{f"arc{name}": f"a{name}" for name in ("cos", "cosh", "sin", "sinh", "tan", "tanh")},
    "absolute": "fabs",
    "gammaln": "lgamma",
    "power": "pow",
    "maximum": "larger",
    "minimum": "smaller",
    "sign": "sign_of",
}
CHOICES = {
    "select": "{} < {} ? {} : {}",
    "equal": "{} == {} ? 1.0 : 0.0",
    "fill_zero": "{0} == 0.0 ? 1.0 : {0}",
}
# What C99 has not; of nan they give nan.
HELPERS = {
    "larger": """\
static double larger(double a, double b) { return a >= b || a != a ? a : b; }""",
    "smaller": """\
static double smaller(double a, double b) { return a <= b || a != a ? a : b; }""",
    "sign_of": """\
static double sign_of(double a) { return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a; }""",
    "log_det": """\
/* log det by LU decomposition in place; NaN where the determinant is negative. */
static double log_det(double *m, size_t n, size_t stride)
{
    double result = 0.0;
    int negative = 0;
    for (size_t k = 0; k < n; ++k) {
        size_t row = k;
        for (size_t i = k + 1; i < n; ++i) {
            if (fabs(m[(i * n + k) * stride]) > fabs(m[(row * n + k) * stride])) row = i;
        }
        for (size_t j = 0; j < n; ++j) {
            const double above = m[(k * n + j) * stride];
            m[(k * n + j) * stride] = m[(row * n + j) * stride];
            m[(row * n + j) * stride] = above;
        }
        const double pivot = m[(k * n + k) * stride];
        negative ^= (pivot < 0.0) ^ (row != k);
        result += log(fabs(pivot));
        for (size_t i = k + 1; i < n && pivot != 0.0; ++i) {
            const double factor = m[(i * n + k) * stride] / pivot;
            for (size_t j = k + 1; j < n; ++j) {
                m[(i * n + j) * stride] -= factor * m[(k * n + j) * stride];
            }
        }
    }
    return negative ? (double)NAN : result;
}""",
}


@dataclass(frozen=True)
class Places:
    """How inputs are called, which vary along the batch, and how long index ranges are."""

    names: Sequence[str]
    varying: frozenset[int]
    outputs: Sequence[str]
    lengths: Mapping[Expr, str]

    def entry(self, sizes: Sequence[Expr], slots: Sequence[str]) -> str:
        """Where an entry stands in an array of these sizes, the last slot fastest."""
        result = ""
        for size, slot in zip(sizes, slots, strict=True):
            result = f"{bracketed(result)} * {self.lengths[size]} + {slot}" if result else slot
        return result

    def count(self, sizes: Sequence[Expr]) -> str:
        """How many entries an array of these sizes has."""
        return " * ".join(self.lengths[size] for size in sizes) or "1"

    def given(self, name: str, sizes: Sequence[Expr], slots: Sequence[str], varies: bool) -> str:
        """An entry of an argument: point after point, if it varies."""
        place = self.entry(sizes, slots)
        if not varies:
            return f"{name}[{place}]"
        if not sizes:
            return f"{name}[lane]"
        return f"{name}[{self.entry_of_point(sizes)} + {place}]"

    def entry_of_point(self, sizes: Sequence[Expr]) -> str:
        """Where the entries of a point begin."""
        return f"lane * {bracketed(self.count(sizes))}"


def printed(nest: Nest, section: Section, places: Places) -> list[str]:
    """The statements of a section: those of the block run over the lanes."""
    return _Body(nest, section, places).nodes(section.body)


class _Body:
    def __init__(self, nest: Nest, section: Section, places: Places) -> None:
        self.nest, self.section, self.places = nest, section, places
        self.mirrored = section.mirrored
        self.laned = section is nest.block
        self.count = len(nest.program.inputs)
        self.loops = {axis: f"i{k}" for k, axis in enumerate(nest.program.axes)}

    def nodes(self, nodes: Sequence[Node]) -> list[str]:
        lines: list[str] = []
        for node in nodes:
            lines += self._run(node) if isinstance(node, Run) else self._loop(node)
        return lines

    def _loop(self, loop: Loop) -> list[str]:
        name, length = self.loops[loop.axis], self.places.lengths[loop.axis.over.size]
        ops = {k: self.nest.let(k).op for k in loop.begun}
        starts = [f"{self._stored(k)} = {STARTS[op]};" for k, op in ops.items() if op in STARTS]
        ends = [self._determinant(k) for k, op in ops.items() if op not in STARTS]
        ends += [f"{self._mirror(k)} = {self._stored(k)};" for k in ops if k in self.mirrored]
        first = "0" if loop.first is None else self.loops[loop.first]
        return [
            *(self._scope(starts) if starts else []),
            f"for (size_t {name} = {first}; {name} < {length}; ++{name}) {{",
            *indented(self.nodes(loop.body)),
            "}",
            *(self._scope(ends) if ends else []),
        ]

    def _determinant(self, number: int) -> str:
        """Of the matrix that the loop has filled."""
        size = self.places.lengths[self.nest.let(number).over[0].over.size]
        matrix, stride = (f"m{number} + lane", "LANES") if self.laned else (f"m{number}", "1")
        return f"{self._stored(number)} = log_det({matrix}, {size}, {stride});"

    def _scope(self, lines: list[str]) -> list[str]:
        head = "for (size_t lane = 0; lane < lanes; ++lane) {" if self.laned else "{"
        return [head, *indented(lines), "}"]

    def _run(self, run: Run) -> list[str]:
        known: set[int] = set()
        lines: list[str] = []
        for number in run.registers:
            let = self.nest.let(number)
            lines += self._statement(number, let, known)
            if not let.over and let.op not in ("store", "stack"):
                known.add(number)
        return self._scope(lines)

    # -- statements ----------------------------------------------------------------------------

    def _statement(self, number: int, let: Let, known: set[int]) -> list[str]:
        args = [] if let.op == "view" else [self._operand(arg, known) for arg in let.args]
        if let.op == "store":
            output = number - self.nest.stores
            sizes, slots = [a.over.size for a in let.axes], [self.loops[a] for a in let.axes]
            target = self.places.given(self.places.outputs[output], sizes, slots, True)
            return [f"{target} = {args[0]};"]
        if let.op == "stack":
            return self._stack(number, let, args)
        if let.op == "log_det":
            slots = [self.loops[axis] for axis in let.over]
            return [f"{self._cell(number, let.over, slots, 'm')} = {args[0]};"]
        if let.over:
            return [self._added(self._stored(number), let.op, [*args, *self._weights(number)])]
        lines = [f"const double r{number} = {self._expression(let, args)};"]
        if number in self.section.stored:
            lines.append(f"{self._stored(number)} = r{number};")
        return lines

    @staticmethod
    def _added(total: str, op: str, args: list[str]) -> str:
        term = " * ".join(args)
        if op == "max":
            return f"{total} = larger({total}, {term});"
        return f"{total} {'*=' if op == 'prod' else '+='} {term};"

    def _weights(self, number: int) -> list[str]:
        """Terms off a diagonal stand for two."""
        pairs = self.section.doubled.get(number, ())
        return [f"({self.loops[a]} == {self.loops[b]} ? 1.0 : 2.0)" for a, b in pairs]

    def _stack(self, number: int, let: Let, args: list[str]) -> list[str]:
        slots = [slot for slot in let.slots if isinstance(slot, Axis)]
        lines = []
        for count, arg in enumerate(args):
            left, at = count, dict[Axis, int]()
            for axis in reversed(slots):
                left, at[axis] = divmod(left, int(axis.over.size))
            names = [str(at[a]) if a in at else self.loops[a] for a in let.axes]
            lines.append(f"{self._cell(number, let.axes, names)} = {arg};")
        return lines

    # -- where numbers are ---------------------------------------------------------------------

    def _stored(self, number: int) -> str:
        axes = self.section.stored[number]
        return self._cell(number, axes, [self.loops[axis] for axis in axes])

    def _mirror(self, number: int) -> str:
        """Where the same number stands for two exchanged indices."""
        one, other = self.mirrored[number]
        names = {**self.loops, one: self.loops[other], other: self.loops[one]}
        axes = self.section.stored[number]
        return self._cell(number, axes, [names[axis] for axis in axes])

    def _cell(
        self, number: int, axes: Sequence[Axis], names: Sequence[str], kind: str = "s"
    ) -> str:
        """An entry of what is stored: of a register that varies, point beside point."""
        name, place = f"{kind}{number}", self.places.entry([a.over.size for a in axes], names)
        if number in self.nest.varies:
            return f"{name}[{bracketed(place)} * LANES + lane]" if place else f"{name}[lane]"
        return f"{name}[{place}]" if place else name

    def _operand(self, arg: Operand, known: set[int]) -> str:
        if isinstance(arg, float):
            return constant(arg)
        if arg in known:
            return f"r{arg}"
        if arg >= self.count:
            home = self.nest.block if arg in self.nest.varies else self.nest.once
            axes = home.stored[arg]
            return self._cell(arg, axes, [self.loops[axis] for axis in axes])
        given = self.nest.program.inputs[arg]
        if given.symbol in self.places.lengths:
            return f"(double){self.places.lengths[given.symbol]}"
        name = self.places.names[arg]
        return f"{name}[lane]" if arg in self.places.varying else name

    def _view(self, let: Let) -> str:
        root = int(let.args[0])
        slots = [self.loops[s] if isinstance(s, Axis) else str(s) for s in let.slots]
        if root >= self.count:
            home = self.nest.block if root in self.nest.varies else self.nest.once
            names = dict(zip(self.nest.let(root).axes, slots, strict=True))
            return self._cell(root, home.stored[root], [names[a] for a in home.stored[root]])
        sizes = [over.size for over in self.nest.program.inputs[root].ranges]
        return self.places.given(self.places.names[root], sizes, slots, root in self.places.varying)

    def _expression(self, let: Let, args: list[str]) -> str:
        if let.op == "view":
            return self._view(let)
        if let.op == "positions":
            return f"(double){self.loops[let.axes[0]]} + 1.0"
        if let.op in INFIX:
            return f" {INFIX[let.op]} ".join(args)
        if let.op in CHOICES:
            return CHOICES[let.op].format(*args)
        if let.op == "negative":
            return f"-{args[0]}"
        if let.op == "square":
            return f"{args[0]} * {args[0]}"
        if let.op in LIBRARY:
            return f"{LIBRARY[let.op]}({', '.join(args)})"
        raise UnsupportedExpressionError(
            f"{let.op} has no form in C: save the kernel as a Python module, to a file ending "
            "with .py"
        )


def helpers(code: str) -> list[str]:
    """Those functions that the code calls."""
    return [text for name, text in HELPERS.items() if reads(code, name)]


def constant(number: float) -> str:
    """A number as C writes it; every digit that a double needs."""
    if math.isnan(number):
        return "NAN"
    text = repr(number) if math.isfinite(number) else f"{'-' if number < 0 else ''}HUGE_VAL"
    return f"({text})" if text.startswith("-") else text
