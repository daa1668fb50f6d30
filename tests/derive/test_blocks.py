"""Ranges taken apart and put together: sums, arrays, measures, and what is refused."""

import pickle
from dataclasses import replace

import pytest
from sympy import KroneckerDelta, Rational, Symbol, exp, log, symbols

import derive as dv
from derive import DeclarationError, Derivation, IndexRangeError, MoveError, ParameterError, total
from derive.models import two_layer_network

N, M = dv.size("N"), dv.size("M")
i, j = dv.indices("i j", N)
p, q = dv.indices("p q", dv.IndexRange(M, "out"))
k, l = dv.indices("k l", N + 1)
beta = Symbol("beta", positive=True)
h, W00 = symbols("h W00", real=True)
W, w = dv.Given("W", k, l), dv.Given("w", i, j)
row, column = dv.Given("r", i), dv.Given("c", i)


def bordered(variable=None, **options):
    V = variable or dv.Ising("V", k)
    energy = -total(W[k, l] * V[k] * V[l], k, l) / (2 * N)
    return dv.Ensemble(trace=V, beta=beta, hamiltonian=energy, **options).derive()


def opened(**options):
    return bordered(**options).split(k, [1, i], {"V": [1, "V"], "W": [[W00, row], [column, w]]})


# -- split --


def test_a_bordered_matrix_is_fields_couplings_and_a_corner():
    d = opened()
    V = dv.Ising("V", i)
    pairs, border = total(w[i, j] * V[i] * V[j], i, j), total((row[i] + column[i]) * V[i], i)
    assert d.exponent == (beta * (pairs + border + W00) / (2 * N)).expand()
    assert d.state.variables == (V,)
    assert d.steps[0].assumptions == ("V[1] = 1 is held, not summed over",)
    assert d.steps[0].kind == dv.Kind.EXACT
    report = d.check(N=4)
    assert report.holds
    assert report.worst_digits > 25


def test_the_held_sum_is_that_part_of_the_whole_one():
    at = {"N": 2, "beta": "0.7"}
    big = [["0.3", "1.1", "-0.4"], ["0.2", "0.9", "-1.3"], ["0.8", "0.5", "0.6"]]
    blocks = {"r": big[0][1:], "c": [big[1][0], big[2][0]], "w": [b[1:] for b in big[1:]]}
    up = opened().state.log_partition(**at, W00=big[0][0], **blocks)
    # an even exponent: both values of the held unit contribute alike
    whole = bordered().state.log_partition(**at, W=big)
    assert abs(whole - up - log(2)) < 1e-24


def test_a_unit_that_is_not_held_becomes_a_variable_without_index():
    d = bordered().split(k, [1, i], {"V": ["v", "V"], "W": [[W00, row], [column, w]]})
    assert [v.name for v in d.state.variables] == ["v", "V"]
    assert d["v"].label.ranges == ()
    assert d.check(N=3).holds
    at = {"N": 1, "beta": 1, "W": [[1, 2], [3, 4]]}
    parts = {"W00": 1, "r": [2], "c": [3], "w": [[4]]}
    one, two = (bordered().state.log_partition(**at), (parts, d.state))
    assert abs(one - two[1].log_partition(N=1, beta=1, **two[0])) < 1e-24


def test_the_weight_of_a_held_value_is_kept():
    V = dv.Discrete("V", k, values=(0, 1), weights=(2, 5))
    d = opened(variable=V)
    assert d.log_prefactor == log(5)
    assert d.check(N=3).holds


def test_entries_may_be_transposes_functions_and_scalars():
    entries = [[0, lambda i: N * h], [N * h, lambda i, j: 2 * w.T[i, j]]]
    d = bordered().split(k, [1, i], {"V": [1, "V"], "W": entries})
    V = dv.Ising("V", i)
    expected = beta * total(w[i, j] * V[i] * V[j], i, j) / N + beta * h * total(V[i], i)
    assert (d.exponent - expected).expand() == 0
    assert d.check(N=3).holds


def test_deltas_functions_weights_and_other_slots_are_opened():
    a = dv.Index("a", 2)
    x, y = dv.Real("x", k, a, weight=exp(-(Symbol("x") ** 2))), dv.Real("y", k)
    off_diagonal = total((1 - KroneckerDelta(k, l)) * y[k] * y[l] * x[k, a], k, l, a)
    model = dv.Ensemble(
        trace=[x, y],
        exponent=off_diagonal + log(1 + total(y[k] ** 2, k)) + total(x[1, a], a),
        weight=dv.product(1 + y[k] ** 2, k),
        log_prefactor=total(log(1 + W[k, k] ** 2), k),
    ).derive()
    blocks = {"x": ["x1", "x2"], "y": ["y1", "y2"], "W": [[2, 0], [0, w]]}
    d = model.split(k, [1, i], blocks)
    y1, y2, x1 = d["y1"].element, d["y2"], d["x1"]
    assert d.weight == (1 + y1**2) * dv.product(1 + y2[i] ** 2, i)
    assert d.log_prefactor == log(5) + total(log(1 + w[i, i] ** 2), i)
    beside = total(x1[a], a) * total(y2[i], i) + total(y2[i] * d["x2"][i, a], i, a)
    assert d.exponent.coeff(y1) == beside
    assert d.check(N=2).holds


def test_a_range_is_split_again():
    rest = dv.IndexRange(N - 1, "rest")
    r, t = dv.indices("r t", rest)
    last, inner = dv.Given("u", r), dv.Given("v", r, t)
    again = opened().split(
        i,
        [r, 1],
        {
            "V": ["V1", "V2"],
            "w": [[inner, last], [0, 3]],
            "r": [last, h],
            "c": [lambda r: last[r] / 2, 0],
        },
    )
    assert again.check(N=4).holds
    assert [v.name for v in again.state.variables] == ["V1", "V2"]
    assert again.state.names >= {"u", "v", "h", "W00", "beta"}


# -- join --


def layers(first=dv.Ising, second=dv.Ising, fields=0):
    a, b, K = first("a", i), second("b", p), dv.Given("K", i, p)
    energy = -total(K[i, p] * a[i] * b[p], i, p) / (2 * N)
    return dv.Ensemble(trace=[a, b], beta=beta, hamiltonian=energy - fields).derive(), (a, b, K)


def test_two_layers_of_different_sizes_are_one_network():
    bias, f = dv.Given("f", i), dv.Given("f", i)
    a, b = dv.Ising("a", i), dv.Ising("b", p)
    d, (_, _, K) = layers(fields=h * total(b[p], p) + total(f[i] * a[i], i))
    e = d.join("s", [a, b], {"J": [[0, K], [K.T, 0]], "H": [bias, h]}, over="all")
    union = dv.IndexRange(N + M, "all")
    x, y = dv.indices("x y", union)
    s, J, H = dv.Ising("s", x), dv.Given("J", x, y, symmetric=True), dv.Given("H", x)
    pairs = total(J[x, y] * s[x] * s[y], x, y)
    assert e.state.variables == (s,)
    assert e.exponent == (beta * pairs / (4 * N) + beta * total(H[x] * s[x], x)).expand()
    report = e.check(N=2, M=3)
    assert report.holds
    assert report.worst_digits > 25
    with pytest.raises(ParameterError, match="J is made of K here: pass those"):
        e.check(J=[[1]])


def test_what_all_parts_share_needs_no_array():
    a, b = dv.Spin("a", i), dv.Spin("b", p)
    everything = total(a[i], i) + total(b[p], p)
    squares = total(a[i] ** 2, i) + total(b[p] ** 2, p)
    model = dv.Ensemble(trace=[a, b], exponent=beta * everything**2 / N - h * squares).derive()
    d = model.join("S", ["a", "b"])
    x = dv.Index("x", N + M)
    S = dv.Spin("S", x)
    assert d.exponent == beta * total(S[x], x) ** 2 / N - h * total(S[x] ** 2, x)
    assert d.check(N=2, M=2).holds


def test_split_undoes_join():
    d, (a, b, K) = layers()
    joined = d.join("s", [a, b], {"J": [[0, K], [K.T, 0]]})
    x = dv.Index("x", N + M)
    back = joined.split(x, [i, p], {"s": ["a", "b"], "J": [[0, K], [K.T, 0]]})
    assert back.state == d.state
    assert back.check(N=2, M=2).holds


def test_a_chain_of_three_layers():
    third = dv.IndexRange(2 * N, "third")
    r = dv.Index("r", third)
    a, b, c = dv.Ising("a", i), dv.Ising("b", p), dv.Ising("c", r)
    A, B = dv.Given("A", i, p), dv.Given("B", p, r)
    exponent = total(A[i, p] * a[i] * b[p], i, p) + 3 * total(B[p, r] * b[p] * c[r], p, r)
    chain = dv.Ensemble(trace=[a, b, c], exponent=beta * exponent / N).derive()
    blocks = [[0, A, 0], [A.T, 0, lambda p, r: 3 * B[p, r]], [0, lambda r, p: 3 * B[p, r], 0]]
    d = chain.join("s", ["a", "b", "c"], {"K": blocks})
    x, y = dv.indices("x y", 3 * N + M)
    s, K = dv.Ising("s", x), dv.Given("K", x, y, symmetric=True)
    assert d.exponent == beta * total(K[x, y] * s[x] * s[y], x, y) / (2 * N)
    assert d.check(N=1, M=2).holds


def test_the_spin_form_of_two_layers_is_one_network():
    weights = dv.Given("w", i, j)
    both = {"K": [[0, weights], [weights.T, 0]], "H": [0, h]}
    d = two_layer_network.spin_form().join("u", ["s", "t"], both)
    assert d["u"].label.ranges[0].size == 2 * N
    assert d.check(N=2).holds
    assert {e.name for e in d.exponent.atoms(dv.Element)} == {"u", "K", "H", "w"}


def test_arrays_that_are_no_transposes_are_not_declared_symmetric():
    d, (a, b, K) = layers()
    e = d.join("s", [a, b], {"J": [[0, K], [0, 0]]})
    (label,) = {x.label for x in e.exponent.atoms(dv.Element)} - {e["s"].label}
    assert not label.symmetric
    assert e.check(N=2, M=2).holds


# -- log Z against numbers of 25 digits by enumeration --

COUPLINGS = [["1", "2", "-1"], ["0.5", "1", "3"], ["0", "-2", "1"]]
BIPARTITE = "4.622996513666040087580132733"
SAME_COUPLINGS_FULLY_CONNECTED = "2.893314656642117077925451323"


def test_two_layers_of_three():
    model = two_layer_network.spin_ensemble()
    found = model.log_partition(N=3, beta="1.3", W=COUPLINGS, digits=28)
    assert abs(found - Rational(BIPARTITE)) < 1e-26


def test_the_block_form_has_the_same_partition_function():
    block = [["0"] * 3 + r for r in COUPLINGS]
    block += [[r[m] for r in COUPLINGS] + ["0"] * 3 for m in range(3)]
    model = two_layer_network.block_form().state
    found = model.log_partition(N=3, beta="1.3", K=block, digits=28)
    assert abs(found - Rational(BIPARTITE)) < 1e-26


def test_one_layer_with_the_same_couplings_has_another():
    s, weights = dv.Ising("s", i), dv.Given("W", i, j)
    exponent = beta * total(weights[i, j] * s[i] * s[j], i, j) / (2 * N)
    model = dv.Ensemble(trace=s, exponent=exponent)
    found = model.log_partition(N=3, beta="1.3", W=COUPLINGS, digits=28)
    assert abs(found - Rational(SAME_COUPLINGS_FULLY_CONNECTED)) < 1e-26


# -- the objects --


def test_steps_survive_pickle_and_show_themselves():
    d = opened()
    copied = pickle.loads(pickle.dumps(d))
    assert copied.state == d.state
    assert copied.steps[0].details == d.steps[0].details
    (blocks,) = d.steps[0].details
    assert blocks.func(*blocks.args) == blocks
    assert str(d.steps[0]).startswith("split(k, [1, i], {'V': [1, 'V'], 'W': [[W00, r], [c, w]]})")
    assert str(w.T) == "w.T"


SLIPS = {
    "a transposed block": lambda e: e.replaced(
        exponent=e.exponent.xreplace({total(row[i] * dv.Ising("V", i)[i], i): h})
    ),
    "a corner": lambda e: e.replaced(exponent=e.exponent + Rational(1, 10**9) * W00),
    "a prefactor": lambda e: e.replaced(log_prefactor=log(2)),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found(slip):
    d = opened()
    wrong = Derivation(d.start, (replace(d.steps[0], after=SLIPS[slip](d.state)),))
    assert wrong.check(N=3).rows[0].verdict == "FAILS"


def test_a_wrong_join_is_found():
    d, (a, b, K) = layers()
    joined = d.join("s", [a, b], {"J": [[0, K], [K.T, 0]]})
    (step,) = joined.steps
    wrong = Derivation(
        d.start, (replace(step, after=step.after.replaced(exponent=2 * step.after.exponent)),)
    )
    assert wrong.check(N=2, M=2).rows[0].verdict == "FAILS"


# -- what is refused --

FULL = {"V": [1, "V"], "W": [[W00, row], [column, w]]}
BAD_SPLIT = {
    "sizes that do not add up": (k, [2, i], FULL, MoveError, r"N \+ 2 members together"),
    "an array that is not mentioned": (k, [1, i], {"V": [1, "V"]}, MoveError, "W also runs over"),
    "an array that is not there": (k, [1, i], FULL | {"A": [0, 0]}, MoveError, "A does not run"),
    "nothing over the range": (p, [1, i], FULL, MoveError, "has M"),
    "too few entries": (k, [1, i], FULL | {"V": ["V"]}, DeclarationError, "one entry for each"),
    "lists not nested": (k, [1, i], FULL | {"W": [0, w]}, DeclarationError, "nested lists"),
    "lists too deep": (
        k,
        [1, i],
        FULL | {"W": [[[0], row], [column, w]]},
        DeclarationError,
        "nested deeper",
    ),
    "a block of the wrong shape": (
        k,
        [1, i],
        FULL | {"W": [[W00, w], [column, w]]},
        IndexRangeError,
        "w takes 2",
    ),
    "a name taken": (k, [1, i], FULL | {"V": [1, "beta"]}, DeclarationError, "beta is used twice"),
    "a name twice": (k, [1, i], FULL | {"V": ["v", "v"]}, DeclarationError, "v is used twice"),
    "a value on many members": (k, [1, i], FULL | {"V": ["v", 1]}, MoveError, "single unit"),
    "a value that is none": (k, [1, i], FULL | {"V": [2, "V"]}, MoveError, "none of its values"),
    "parts that are no list": (k, i, FULL, MoveError, "the parts are i: list them"),
    "pieces without names": (k, [1, i], [[1, "V"]], MoveError, "give them by name"),
    "an empty name": (k, [1, i], FULL | {"V": [1, ""]}, DeclarationError, "is no name"),
    "a free index": (
        k,
        [1, i],
        FULL | {"W": [[W00, row[j]], [column, w]]},
        DeclarationError,
        "free index j",
    ),
}


@pytest.mark.parametrize("case", BAD_SPLIT)
def test_bad_split(case):
    over, parts, pieces, error, words = BAD_SPLIT[case]
    with pytest.raises(error, match=words):
        bordered().split(over, parts, pieces)


def test_more_that_split_refuses():
    s = dv.Ising("s", k)
    numbered = dv.Ensemble(trace=s, exponent=total(k * s[k], k)).derive()
    with pytest.raises(MoveError, match="the position k itself enters"):
        numbered.split(k, [1, i], {"s": ["u", "t"]})
    far = dv.Ensemble(trace=s, exponent=s[3] * h + total(s[k], k)).derive()
    with pytest.raises(MoveError, match="member 3 belongs to depends on the sizes"):
        far.split(k, [i, 1], {"s": ["u", "t"]})
    sphere = dv.Sphere("x", k)
    with pytest.raises(MoveError, match="joint measure"):
        dv.Ensemble(trace=sphere, exponent=total(sphere[k], k)).derive().split(
            k, [1, i], {"x": ["u", "t"]}
        )
    symmetric = dv.Given("W", k, l, symmetric=True)
    model = dv.Ensemble(trace=s, exponent=total(symmetric[k, l] * s[k] * s[l], k, l)).derive()
    with pytest.raises(DeclarationError, match=r"w beside w\.T"):
        model.split(k, [1, i], {"s": [1, "t"], "W": [[0, row], [column, w]]})
    g = dv.Gaussian("g", k)
    quenched = dv.Ensemble(trace=s, disorder=g, exponent=total(g[k] * s[k], k)).derive()
    with pytest.raises(MoveError, match="disorder runs over"):
        quenched.split(k, [1, i], {"s": [1, "t"], "g": [0, "f"]})


def test_what_join_refuses():
    d, (a, b, K) = layers()
    blocks = {"J": [[0, K], [K.T, 0]]}
    for names, arrays, error, words in [
        (("a",), blocks, MoveError, "two or more"),
        (("a", "a"), blocks, MoveError, "two or more different"),
        (("a", "b"), {}, MoveError, "is not made up by the blocks given"),
        (("a", "b"), {"J": [[0, 0], [K, 0]]}, IndexRangeError, "K"),
        (("a", "b"), {"J": K}, DeclarationError, "says nothing of the parts"),
        (("a", "b"), [K], MoveError, "give them by name"),
        ("ab", blocks, MoveError, "the variables are 'ab': list them"),
        (("a", "b"), {"beta": blocks["J"]}, DeclarationError, "beta is used twice"),
        (("a", "b"), {"s": blocks["J"]}, DeclarationError, "s is used twice"),
    ]:
        with pytest.raises(error, match=words):
            d.join("s", names, arrays)
    with pytest.raises(DeclarationError, match="a is used twice"):
        d.join("a", [a, b], blocks)
    with pytest.raises(MoveError, match="change_variable first"):
        layers(second=dv.Binary)[0].join("s", ["a", "b"], blocks)
    with pytest.raises(IndexRangeError, match="slots, not 2"):
        _ = row.T
