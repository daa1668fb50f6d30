"""The rewrite table, by families of functions.

The rows of `PATTERNS` are the rules: `before` is matched, also inside of longer sums and products.
The rows of `WORKED` show what the rules for sums of exponentials, products of tails and differences
make of an input; those rules are in `numerics.softmax`, `numerics.error_functions`,
`numerics.differences` and, for sums over an index, in `numerics.indexed`.
"""

from numerics.rows import differences, exponentials, tails
from numerics.rows.row import WILD, Row, a, b, x

__all__ = ["PATTERNS", "WILD", "WORKED", "Row", "a", "b", "x"]

PATTERNS = (*exponentials.PATTERNS, *tails.PATTERNS, *differences.PATTERNS)
WORKED = (*exponentials.WORKED, *tails.WORKED, *differences.WORKED)
