"""Feed-forward networks with a symbol for every parameter, and the same by mpmath."""

from itertools import pairwise

from mpmath import mp
from sympy import Symbol, exp, log

XOR = (((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0))


def esp(h):
    """x times the logistic function of x."""
    return h / (1 + exp(-h))


def parameters(*widths):
    """The weights, then the biases of each layer, output by output."""
    found = []
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        found += [
            Symbol(f"w{layer}_{a}_{b}", real=True) for a in range(outputs) for b in range(inputs)
        ]
        found += [Symbol(f"b{layer}_{a}", real=True) for a in range(outputs)]
    return found


def batched(items, size):
    """Rows of a matrix from its entries."""
    return [items[k : k + size] for k in range(0, len(items), size)]


def outputs(theta, x, widths, activation):
    """The output of the network, in whatever numbers the parameters and the data are."""
    left, values = list(theta), list(x)
    for layer, (a, b) in enumerate(pairwise(widths)):
        weights, biases, left = left[: a * b], left[a * b : (a + 1) * b], left[(a + 1) * b :]
        fields = [
            sum(w * v for w, v in zip(weights[k * a : (k + 1) * a], values, strict=True))
            + biases[k]
            for k in range(b)
        ]
        values = [activation(h) for h in fields] if layer < len(widths) - 2 else fields
    return values[0]


def logistic_loss(theta, widths, activation, rows=XOR):
    """The mean of log(1 + e^o) - y o over the rows, as an expression."""
    found = [(outputs(theta, x, widths, activation), y) for x, y in rows]
    return sum(log(1 + exp(o)) - y * o for o, y in found) / len(rows)


def logistic_loss_in_mpmath(theta, widths, activation, rows=XOR):
    """The same in mpmath numbers, for an activation in mpmath."""
    found = [(outputs(theta, x, widths, activation), y) for x, y in rows]
    return sum(mp.log(1 + mp.exp(o)) - y * o for o, y in found) / len(rows)
