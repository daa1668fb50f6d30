"""Every exact move on random small ensembles: pointwise by `check`, and from end to end by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive import Kind
from tests.derive.strategies import FAMILIES

EXAMPLES = 24  # of each of the nine families


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_every_exact_move_holds_at_finite_size(family, data):
    case = data.draw(FAMILIES[family])
    report = case.derivation.check(seed=case.seed, **case.sizes)
    assert report.holds, report
    assert {row.kind for row in report.rows} == {Kind.EXACT}
    assert all(row.digits >= row.wanted >= 12 for row in report.rows)
