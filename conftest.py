"""A doctest shows what a fresh session prints."""

import os

import pytest
from sympy.core.cache import clear_cache

os.environ["MPLBACKEND"] = "Agg"


@pytest.fixture(autouse=True)
def _fresh_session(request):
    """Empty SymPy's cache before a doctest, and before tests of what is printed or typeset.

    Sums are equal up to the name of their index, and the cache hands back the name seen first.
    """
    printed = ("test_docs", "test_frame", "test_latex", "test_html", "test_document")
    if isinstance(request.node, pytest.DoctestItem) or request.path.name.startswith(printed):
        clear_cache()
