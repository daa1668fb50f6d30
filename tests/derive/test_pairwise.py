"""Fields, couplings and constant of a pairwise model, against the exponent that they add up to."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, KroneckerDelta, Mul, Ne, Rational, cosh, exp, log, symbols
from sympy.functions import Heaviside

import derive as dv
from derive.errors import CouplingError, DeclarationError, MoveError
from tests.derive.strategies import discrete_variables

N, K, L, P = (dv.size(name) for name in ("N", "K", "L", "P"))
i, j, m = dv.indices("i j m", N)
k, l, mu = dv.Index("k", K), dv.Index("l", L), dv.Index("mu", P)
beta, J, h, D = symbols("beta J h D", positive=True)
s, t, S, n = dv.Ising("s", i), dv.Ising("t", i), dv.Spin("S", i, spin=1), dv.Binary("n", i)
q = dv.Discrete("q", i, values=(-2, 0, 1, Rational(5, 2)), weights=(1, 2, 3, 4))
w, u = dv.Given("w", i, j, symmetric=True), dv.Given("u", i, j)
c, b, xi, v = dv.Given("c", i), dv.Given("b", l), dv.Given("xi", i, mu), dv.Given("v", k, l)
a, o = dv.Binary("a", k), dv.Binary("o", l)
g, r = dv.Ising("g", k, l), dv.Index("r", K)
M = dv.total(s[i], i)

MODELS = {
    "curie_weiss": (s, J / (2 * N) * M**2 + h * M),
    "symmetric": (s, dv.total(w[i, j] * s[i] * s[j], i, j) / (2 * N) + dv.total(c[i] * s[i], i)),
    "unsymmetric": (s, dv.total(u[i, j] * s[i] * s[j], i, j)),
    "each_pair_once": (s, dv.total(w[i, j] * s[i] * s[j], i < j)),
    "no_diagonal": (n, dv.total(u[i, j] * n[i] * n[j], Ne(i, j)) - h * dv.total(n[i], i)),
    "hopfield": (s, dv.total(dv.total(xi[i, mu] * s[i], i) ** 2, mu) / (2 * N)),
    "blume_capel": (S, J / (2 * N) * dv.total(S[i], i) ** 2 - D * dv.total(S[i] ** 2, i)),
    "uneven_values": (q, dv.total(u[i, j] * q[i] * q[j], i, j) + h * dv.total(q[i] ** 5, i)),
    "chain": (s, J * dv.total(s[i] * s[j] * KroneckerDelta(j, i + 1), i, j)),
    "named_sites": (S, h * S[1] + J * S[1] * S[3] + D * S[2] ** 2),
    "two_layers": ([a, o], dv.total(v[k, l] * a[k] * o[l], k, l) / N + dv.total(b[l] * o[l], l)),
    "on_one_site": ([s, S], J * dv.total(s[i] * S[i], i) + dv.total(w[i, j] * s[i] * S[j], i, j)),
    "sums_of_two": ([s, t], J / N * M * dv.total(t[i], i) + h * M),
    "lattice": (
        g,
        J * dv.total(g[k, l] * g[r, l] * KroneckerDelta(r, k + 1), k, l, r)
        + dv.total(v[k, l] * g[k, l], k, l),
    ),
    "no_coupling": (q, dv.total(c[i] * q[i], i)),
}


def added_up(read: dv.Pairwise):
    """The exponent that a pairwise model stands for."""
    exponent = read.constant
    for spins in read.spins:
        for power, field in enumerate(spins.fields, 1):
            exponent += dv.total(field * spins.site**power, *spins.site.slots)
    for one in read.couplings:
        apart = 1
        if one.row.label == one.column.label:
            ties = zip(one.row.slots, one.column.slots, strict=True)
            apart = (1 - Mul(*(KroneckerDelta(*tie) for tie in ties))) / 2
        pairs = one.value * one.row * one.column * apart
        exponent += dv.total(pairs, *one.row.slots, *one.column.slots)
    return exponent


@pytest.mark.parametrize("name", MODELS)
def test_the_pieces_add_up_to_the_exponent(name):
    variables, energy = MODELS[name]
    ensemble = dv.Ensemble(trace=variables, beta=beta, hamiltonian=-energy)
    sizes = {"N": 3, "K": 2, "L": 3, "P": 2}
    again = dv.Ensemble(trace=variables, exponent=added_up(ensemble.pairwise()))
    assert (again.expand(**sizes) - ensemble.expand(**sizes)).expand() == 0


def test_curie_weiss_and_a_network_in_index_notation():
    magnet = dv.Ensemble(trace=s, beta=beta, hamiltonian=-J / (2 * N) * M**2 - h * M).pairwise()
    assert magnet.coupling("s") == beta * J / N
    assert (magnet.field("s"), magnet.constant) == (beta * h, beta * J / 2)
    assert magnet.parameters == (J, beta, h)
    energy = -dv.total(u[i, j] * s[i] * s[j], i, j) / (2 * N)
    network = dv.Ensemble(trace=s, beta=beta, hamiltonian=energy).pairwise()
    assert network.coupling("s") == beta * u[i, j] / (2 * N) + beta * u[j, i] / (2 * N)
    assert network.constant == beta * dv.total(u[i, i], i) / (2 * N)
    assert network.parameters == (beta, u[i, j])


def test_units_of_two_layers_as_spins():
    """Couplings shrink by four, and row and column sums appear as fields."""
    x, y = dv.Ising("x", k), dv.Ising("y", l)
    firing, read_out = (1 + x[k]) / 2, (1 + y[l]) / 2
    energy = -dv.total(v[k, l] * firing * read_out, k, l) / (2 * N) - h * dv.total(read_out, l)
    read = dv.Ensemble(trace=[x, y], beta=beta, hamiltonian=energy).pairwise()
    assert read.coupling("x", "y") == read.coupling("y", "x") == beta * v[k, l] / (8 * N)
    assert (read.coupling("x"), read.coupling("y", "y")) == (0, 0)
    assert read.field("x") == beta * dv.total(v[k, l], l) / (8 * N)
    assert read.field("y") == beta * dv.total(v[k, l], k) / (8 * N) + beta * h / 2
    total = dv.total(v[k, l], k, l)
    assert read.constant.expand() == beta * total / (8 * N) + beta * L * h / 2


def test_powers_are_reduced_by_the_values():
    energy = -D * dv.total(S[i] ** 2, i) - J * dv.total(S[i], i) ** 2 - h * dv.total(S[i] ** 3, i)
    read = dv.Ensemble(trace=S, beta=beta, hamiltonian=energy).pairwise()
    assert (read.field("S"), read.field("S", 2)) == (beta * h, beta * D + beta * J)
    assert (read.field("S", 3), read.constant) == (0, 0)
    assert read.spins[0].values == (-1, 0, 1)


def test_functions_of_one_spin_are_polynomials_of_its_values():
    read = dv.Ensemble(trace=S, exponent=dv.total(exp(c[i] * S[i]), i)).pairwise()
    for value in (-1, 0, 1):
        polynomial = 1 + read.field("S") * value + read.field("S", 2) * value**2
        assert (polynomial - exp(c[i] * value)).expand() == 0
    assert read.constant == N


def test_weights_and_prefactor_are_kept():
    ensemble = dv.Ensemble(trace=q, exponent=h * dv.total(q[i], i), log_prefactor=log(N))
    read = ensemble.pairwise()
    assert read.spins[0].weights == (0, log(2), log(3), log(4))
    assert (read.constant, read.beta, read.couplings) == (log(N), None, ())


def test_a_derivation_gives_the_pairwise_form_of_its_state():
    ensemble = dv.Ensemble(trace=s, beta=beta, hamiltonian=-J / (2 * N) * M**2)
    assert ensemble.derive().pairwise() == ensemble.pairwise()


@pytest.mark.parametrize(
    ("variables", "energy", "said"),
    [
        (s, M**3 / N**2, r"Total\(s\[i\], i\)\*\*3/N\*\*2 is of higher order"),
        (S, dv.total(S[i] ** 2, i) ** 2 / N, r"couples S\[i'\]\*\*2 S\[i''\]\*\*2"),
        (s, dv.total(w[i, j] * s[i] * s[j] * s[m], i, j, m), "of higher order"),
        (s, log(cosh(M)), r"log\(cosh\(Total\(s\[i\], i\)\)\) .* no polynomial"),
        (s, dv.total(s[i] * s[i + 1], i), r"s\[i' \+ 1\] is no spin where i' \+ 1 leaves"),
        (s, dv.total(exp(s[i] * s[j]), i, j), r"the factor exp\(s\[i'\]\*s\[j'\]\)"),
    ],
)
def test_higher_orders_are_refused_by_name(variables, energy, said):
    with pytest.raises(CouplingError, match=said):
        dv.Ensemble(trace=variables, beta=beta, hamiltonian=energy).pairwise()


def test_other_variables_weights_and_disorder_are_refused_by_name():
    x, potts = dv.Real("x", i, weight=lambda x: exp(-(x**4))), dv.Potts("p", i, q=3)
    for variable in (x, potts):
        with pytest.raises(MoveError, match=f"{variable.name} does not take finitely many"):
            dv.Ensemble(trace=variable, exponent=0).pairwise()
    step = dv.product(Heaviside(dv.total(s[i] * xi[i, mu], i)), mu)
    with pytest.raises(MoveError, match="the weight IndexedProduct"):
        dv.Ensemble(trace=s, exponent=0, weight=step).pairwise()
    glass = dv.Gaussian("g", i, j, symmetric=True)
    with pytest.raises(MoveError, match=r"g is disorder: .* dv.Given\('g'"):
        dv.Ensemble(
            trace=s, disorder=glass, exponent=dv.total(glass[i, j] * s[i] * s[j], i, j)
        ).pairwise()
    with pytest.raises(MoveError, match="no variable left"):
        dv.Ensemble(exponent=beta).pairwise()


def test_unknown_variables_are_refused():
    read = dv.Ensemble(trace=s, exponent=h * M).pairwise()
    for call in (read.field, read.coupling):
        with pytest.raises(DeclarationError, match="no variable r in this model; there are: s"):
            call("r")


def test_every_pair_of_named_sites_counts_once():
    read = dv.Ensemble(trace=s, exponent=J * s[1] * s[2] + h * s[2]).pairwise()
    (one,) = read.couplings
    row, column = one.row.slots[0], one.column.slots[0]
    for x, y in product((1, 2, 3), repeat=2):
        value = one.value.xreplace({row: Integer(x), column: Integer(y)})
        assert value == (J if {x, y} == {1, 2} else 0)


@st.composite
def random_ensembles(draw):
    """Two kinds of spins of random values, on the same sites or not, with random terms."""
    same = draw(st.booleans())
    first, second = (
        draw(discrete_variables("x", i)),
        draw(discrete_variables("y", i if same else k)),
    )
    x, y = first[0], second[0]
    across = dv.Given("across", i, i if same else k)
    site, column = (i, j) if same else (k, k)
    menu = [
        J * dv.total(x[i], i) ** 2 / N,
        dv.total(w[i, j] * x[i] * x[j], i, j),
        dv.total(u[i, j] * x[i] * x[j], Ne(i, j)),
        dv.total(w[i, j] * x[i] * x[j], i < j),
        dv.total(c[i] * x[i] ** draw(st.integers(1, 5)), i),
        dv.total((x[i] - h) ** 2, i) * D,
        dv.total(across[i, column] * x[i] * y[column], i, column),
        (dv.total(x[i], i) + dv.total(y[site], site)) ** 2,
        h * x[1] * y[2] + D * y[1],
        *([dv.total(x[i] * y[i], i)] if same else []),
    ]
    chosen = draw(st.lists(st.sampled_from(menu), min_size=1, max_size=4, unique=True))
    return dv.Ensemble(trace=[x, y], beta=beta, hamiltonian=sum(chosen))


@given(random_ensembles())
@settings(max_examples=40)
def test_random_models_add_up_to_their_exponent(ensemble):
    again = dv.Ensemble(trace=ensemble.variables, exponent=added_up(ensemble.pairwise()))
    sizes = {"N": 3, "K": 2}
    assert (again.expand(**sizes) - ensemble.expand(**sizes)).expand() == 0
