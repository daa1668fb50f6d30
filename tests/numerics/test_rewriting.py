"""What passes over a program share: copies that mean the same, nothing twice, nothing unused."""

from sympy import symbols

from numerics.native.iterations.steering import steered
from numerics.program import Let, Output, Program
from numerics.signature import inputs_of


def test_a_register_is_not_the_constant_of_its_number():
    inputs = tuple(inputs_of(symbols("a b")))
    lets = (Let("add", (0, 1), ()), Let("add", (0, 1.0), ()), Let("add", (0, 1), ()))
    outputs = tuple(Output(name, 2 + k, ()) for k, name in enumerate("xyz"))
    made = steered(Program(inputs, lets, outputs, ()), 3)
    kinds = [[type(arg) for arg in let.args] for let in made.lets]
    assert kinds == [[int, int], [int, float]]
    assert [output.operand for output in made.outputs] == [2, 3, 2]


def test_what_nothing_reads_is_left_out():
    inputs = tuple(inputs_of(symbols("a b")))
    lets = (Let("exp", (0,), ()), Let("tanh", (1,), ()))
    made = Program(inputs, lets, (Output("y", 3, ()),), ()).used()
    assert made.lets == (lets[1],)
    assert made.outputs[0].operand == 2
