"""The loop program as fused loop nests: what is computed inside of which loop, and what is stored.

NumPy computes every register as an array.  Compiled code runs each loop one time for all registers
that can share it, keeps what is used at once in machine registers, and stores only what one loop
hands to another.

A nest is a sequence of `Run` (statements, one after the other) and `Loop` (over an axis).  The
batch of points is not among the axes: a printer puts it inside of every run (lanes) or around the
whole (one point at a time).
"""

from __future__ import annotations

from numerics.loops import Loop, Nest, Node, Run, Section
from numerics.program import Program
from numerics.schedule import READS, Scheduler
from numerics.unshared import unshared

__all__ = ["Loop", "Nest", "Node", "Run", "Section", "nest"]


def nest(program: Program, uniform: frozenset[int], halved: bool = True) -> Nest:
    """The loops of a program, given the inputs that do not vary along the batch.

    Of sums over two axes that are symmetric in them one half is computed if they are to be
    `halved`; short innermost loops are better left whole where they become vectors.

    Examples
    --------
    >>> from sympy import Symbol, tanh
    >>> import derive as dv
    >>> from numerics.lower import lower
    >>> from numerics.nest import nest
    >>> from numerics.signature import inputs_of
    >>> i = dv.Index("i", 3)
    >>> V, a = dv.Given("V", i), Symbol("a")
    >>> made = lower([("y", dv.total(tanh(a*V[i]), i))], inputs_of([a, V[i]]))
    >>> (loop, run) = nest(made, frozenset()).block.body
    >>> loop.axis.name, [made.lets[k - 2].op for k in loop.body[0].registers]
    ('i', ['view', 'multiply', 'tanh', 'sum'])
    """
    program = unshared(program)
    varies = program.varying(uniform)
    count = len(program.inputs)
    stores = count + len(program.lets)
    own = range(count, stores)
    outputs = range(stores, stores + len(program.outputs))
    read = [k for k in own if k not in varies and program.lets[k - count].op in READS]
    varying = [k for k in own if k in varies]
    block = Scheduler(program, [*read, *varying, *outputs], frozenset(), halved)
    shared = block.read_outside()
    once = Scheduler(program, [k for k in own if k not in varies], shared, halved)
    return Nest(program, once.section(), block.section(), varies, stores)
