"""Stability where real and imaginary directions of the fields are mixed by one quadratic form."""

import numpy as np
import pytest
from sympy import symbols

import derive as dv
import numerics as nm

T, J, K = symbols("T J K", positive=True)
H, G = symbols("H G", real=True)


def two_sublattices(signature):
    """Sublattices coupled by -J between and K within: form eigenvalues (K - J)/T, (K + J)/T."""
    N = dv.size("N")
    i, j = dv.Index("i", dv.IndexRange(N, "even")), dv.Index("j", dv.IndexRange(N, "odd"))
    s, u = dv.Ising("s", i), dv.Ising("u", j)
    a, b = dv.total(s[i], i), dv.total(u[j], j)
    hamiltonian = J / N * a * b - K / (2 * N) * (a**2 + b**2) - H * (a + b) - G * (a - b)
    model = dv.Ensemble(trace=[s, u], beta=1 / T, hamiltonian=hamiltonian)
    moves = model.derive().hubbard_stratonovich("m", "n").trace(s).trace(u)
    return moves.saddle_point(N, signature=signature)


@pytest.mark.parametrize(("within", "signature"), [(0.2, (1, 1)), (1.7, (2, 0))])
def test_stability_is_that_of_the_magnetisations(within, signature):
    """Against the free energy as a function of the magnetisations, with its mixing entropy.

    Its Hessian is 1/(1 - m^2) on the diagonal minus the form: a branch is stable where that is
    positive, whatever contours the fields had.
    """
    temperatures = np.linspace(0.25, 3, 23)
    solution = nm.solve(two_sublattices(signature), T=temperatures, J=1, K=within, H=0.3, G=0.05)
    form = np.array([[within, -1], [-1, within]])
    seen = set()
    for point, t in enumerate(temperatures):
        for m, n, stable in zip(
            solution["m"][point].compressed(),
            solution["n"][point].compressed(),
            solution.stable[point].compressed(),
            strict=True,
        ):
            entropic = np.diag([1 / (1 - m * m), 1 / (1 - n * n)])
            assert stable == (np.linalg.eigvalsh(entropic - form / t)[0] > 0)
            seen.add(bool(stable))
    assert seen == {True, False}
