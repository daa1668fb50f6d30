"""Fields and their conjugates are written with one index, whatever sums looked like before."""

from sympy import Symbol, cosh, log

import derive as dv
from derive.field_indices import slots_of_fields

N = dv.size("N")
i, j, k = dv.indices("i j k", N)
x, y, z = dv.Real("x", i), dv.Real("y", i), dv.Real("z", i)


def test_the_letters_of_the_sums_do_not_matter():
    primed = dv.Index("i''", N)
    meeting = dv.total(x[k] * y[k], k)
    for letter in (i, j, primed):
        alone = dv.total(x[letter] ** 4, letter) + dv.total(y[j] ** 4, j)
        slots = slots_of_fields(dv.Ensemble(trace=[x, y], exponent=meeting + alone))
        assert slots[x.label] == slots[y.label]
        assert all(index.name.isalnum() for index in slots[x.label])


def test_fields_that_do_not_meet_keep_their_letters():
    apart = dv.Ensemble(trace=[x, y], exponent=dv.total(x[i] ** 4, i) + dv.total(y[j] ** 4, j))
    assert slots_of_fields(apart) == {x.label: (i,), y.label: (j,)}


def test_a_chain_of_meetings_is_one_group():
    exponent = dv.total(x[i] * y[i], i) + dv.total(y[j] * z[j], j) + dv.total(z[k] ** 4, k)
    assert len(set(slots_of_fields(dv.Ensemble(trace=[x, y, z], exponent=exponent)).values())) == 1


def test_the_saddle_equations_do_not_depend_on_what_was_named_before():
    """SymPy's cache hands back sums under the names that they had first."""
    beta, w = Symbol("beta", positive=True), dv.Given("w", i, j, symmetric=True)
    primed = dv.Index("i''", N)
    for letter in (primed, dv.Index("i'", N), k):
        other = dv.Index("j'" if letter is k else "k", N)
        _ = dv.total(x[letter] * w[letter, other] * x[other], letter, other)
        _ = dv.total(y[letter] * x[letter], letter), dv.total(log(2 * cosh(y[other])), other)
        s = dv.Ising("s", i)
        energy = -dv.total(w[i, j] * s[i] * s[j], i, j) / (2 * N)
        network = dv.Ensemble(trace=s, beta=beta, hamiltonian=energy).derive()
        d = network.constrain("x", s[i], "y").trace("s").saddle_point(N)
        assert d.natural_form is not None
        assert d.on_shell("y").natural_form is not None
