"""A derived response of vectors, handed over with its saddle and solved."""

import numpy as np
import pytest

import numerics as nm
from tests.derive.networks import COUPLINGS, SADDLES, constrained


@pytest.mark.parametrize("point", SADDLES)
def test_responses_are_solved_with_the_saddle(point):
    temperature, field = map(float, point)
    reference = SADDLES[point]
    chi = constrained().on_shell("U").susceptibility("h")
    couplings = np.array(COUPLINGS, dtype=float)
    solution = nm.solve(chi, beta=1 / temperature, h=field, w=couplings)
    states = np.asarray(solution["V"]).reshape(-1, 4)
    (branch,) = np.flatnonzero(np.nanmin(states, axis=1) > 0)
    expected = np.array(reference["V"], dtype=float)
    np.testing.assert_allclose(states[branch], expected, rtol=1e-12)
    responses = np.asarray(solution["dV"]).reshape(-1, 4)[branch]
    np.testing.assert_allclose(responses, np.array(reference["dV"], dtype=float), rtol=1e-10)
    value = np.asarray(solution.observable("value")).reshape(-1)[branch]
    assert value == pytest.approx(float(reference["chi"]), rel=1e-10)
