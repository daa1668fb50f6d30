"""When two models of the same spins agree: the bias of a network absorbed in a bordered matrix.

With a unit V_0 = 1 beside the spins, -1/(2N) sum_ij W_ij V_i V_j holds a field if the border does.
Here the unit is number 1 of the N + 1, and the spins are the others.
"""

from itertools import product

import pytest
from sympy import Eq, Rational, Symbol, symbols, tanh

import derive as dv
from derive import CouplingError, MoveError, total

N = dv.size("N")
i, j = dv.indices("i j", N)
k, l = dv.indices("k l", N + 1)
rest = dv.IndexRange(N - 1, "rest")
p, q = dv.indices("p q", rest)
beta = Symbol("beta", positive=True)
h, corner = symbols("h W00", real=True)
V, W, w = dv.Ising("V", i), dv.Given("W", k, l), dv.Given("w", i, j)
row, column = dv.Given("r", i), dv.Given("c", i)


def network(field=h):
    energy = -total(w[i, j] * V[i] * V[j], i, j) / (2 * N) - field * total(V[i], i)
    return dv.Ensemble(trace=V, beta=beta, hamiltonian=energy).derive()


def bordered(*entries):
    u = dv.Ising("V", k)
    energy = -total(W[k, l] * u[k] * u[l], k, l) / (2 * N)
    model = dv.Ensemble(trace=u, beta=beta, hamiltonian=energy).derive()
    return model.split(k, [1, i], {"V": [1, "V"], "W": [[entries[0], entries[1]], [entries[2], w]]})


def test_a_border_is_a_field_if_row_and_column_add_up_to_twice_it():
    found = dv.agree(bordered(corner, row, column), network())
    (equation,) = found.equations
    assert equation == Eq(column[_site(equation)] + row[_site(equation)], 2 * N * h)
    assert found.constant == beta * corner / (2 * N)


def _site(equation):
    """The index of a condition, whose name is free."""
    return min(equation.atoms(dv.Element), key=str).slots[0]


@pytest.mark.parametrize("border", [(N * h, N * h), (2 * N * h, 0), (0, 2 * N * h)])
def test_symmetric_and_one_sided_borders_of_one_sign_agree(border):
    first, second = bordered(corner, *border), network()
    assert dv.agree(first, second).equations == ()
    at = {"N": 2, "beta": "0.7", "h": "0.4", "w": [["0.1", "1.3"], ["-0.8", "0.6"]]}
    one = first.state.log_partition(**at, W00="0.9")
    difference = Rational("0.7") * Rational("0.9") / 4
    assert abs(one - second.state.log_partition(**at) - difference) < 1e-24


def printed(sign):
    """The first column 2Nh, ..., 2Nh with an entry of the given sign for the last unit."""
    u = dv.Ising("V", k)
    energy = -total(W[k, l] * u[k] * u[l], k, l) / (2 * N)
    model = dv.Ensemble(trace=u, beta=beta, hamiltonian=energy).derive()
    inner, last = dv.Given("inner", p, q), dv.Given("last", p)
    border, bottom = 2 * N * h, dv.Given("bottom", p)
    table = [[border, 0, 0], [border, inner, last], [sign * border, bottom, 0]]
    first = model.split(k, [1, p, 1], {"V": [1, "V", "v"], "W": table})
    return first, network().split(i, [p, 1], {"V": ["V", "v"], "w": [[inner, last], [bottom, 0]]})


def test_a_border_with_one_sign_turned_agrees_without_field_only():
    first, second = printed(-1)
    assert dv.agree(first, second).equations == (Eq(h, 0),)
    assert dv.agree(*printed(1)).equations == ()
    assert first.check(N=3).holds
    assert second.check(N=3).holds


def test_its_energies_are_off_by_two_different_amounts():
    first, second = (d.state.expand(N=3) for d in printed(-1))
    offsets = set()
    difference = -(first - second) / beta
    spins = sorted((e for e in difference.atoms(dv.Element) if e.name in "Vv"), key=str)
    for values in product((-1, 1), repeat=len(spins)):
        offset = difference.xreplace(dict(zip(spins, values, strict=True))).expand()
        offsets.add(offset.subs(h, Rational(1, 5)))
    assert offsets == {Rational(-3, 5), Rational(1, 5)}


def test_gradients_carry_the_symmetric_part():
    one_sided, symmetric = bordered(0, 0, 2 * N * h), bordered(0, N * h, N * h)
    assert one_sided.exponent == symmetric.exponent
    for model in (one_sided, symmetric, network()):
        d = model.constrain("M", V[i], "U").trace("V").saddle_point(N)
        M = dv.Real("M", i)
        both = total(w[i, j] * M[j], j) + total(w[j, i] * M[j], j)
        means, fields = d.saddle_equations
        assert means == Eq(M[i], tanh(dv.Real("U", i)[i]))
        # the border 2Nh on one side gives the field beta h, not 2 beta h
        assert (fields.rhs - beta * h - beta * both / (2 * N)).expand() == 0


# -- other spins, other conditions --


def test_fields_and_couplings_are_compared_after_reduction():
    a, g = dv.Binary("a", i), dv.Given("g", i)
    square = dv.Ensemble(trace=a, exponent=total(g[i] * a[i] ** 2, i) + h)
    line = dv.Ensemble(trace=a, exponent=beta * total(a[i], i))
    found = dv.agree(square, line)
    (equation,) = found.equations
    assert equation == Eq(g[_site(equation)], beta)
    assert found.constant == h


def test_powers_of_spin_one_are_independent():
    S, K = dv.Spin("S", i), Symbol("K", real=True)
    first = dv.Ensemble(trace=S, exponent=total(S[i] ** 2 + S[i], i))
    second = dv.Ensemble(trace=S, exponent=K * total(S[i] ** 2, i) + h * total(S[i] ** 3, i))
    assert dv.agree(first, second).equations == (Eq(1 - h, 0), Eq(1 - K, 0))
    assert dv.agree(first, first) == dv.Agreement((), 0)


def test_couplings_agree_up_to_their_antisymmetric_part():
    flat = dv.Ensemble(trace=V, beta=beta, hamiltonian=-(total(V[i], i) ** 2) / N)
    found = dv.agree(network(0), flat)
    (equation,) = found.equations
    x, y = min(equation.atoms(dv.Element), key=str).slots
    assert equation == Eq(w[x, y] + w[y, x], 4)
    diagonal = total(w[i, i], i)
    assert (found.constant - beta * (diagonal / (2 * N) - 1)).expand() == 0


def test_what_cannot_be_compared_is_refused():
    other = dv.Ising("t", i)
    stranger = dv.Ensemble(trace=other, exponent=total(other[i], i))
    with pytest.raises(MoveError, match="different variables, V and t"):
        dv.agree(network(), stranger)
    with pytest.raises(MoveError, match="compare models before their saddle point"):
        dv.agree(network().hubbard_stratonovich, network())
    triples = dv.Ensemble(trace=V, exponent=total(V[i], i) ** 3 / N**2)
    with pytest.raises(CouplingError, match="two spins only"):
        dv.agree(triples, network())
