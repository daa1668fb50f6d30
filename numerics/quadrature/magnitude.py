"""What the rounding of sums over nodes is relative to: the absolute values of what they add."""

from __future__ import annotations

from sympy import Add, Dummy, Expr, Float

from numerics.derivatives import derivatives
from numerics.node_sum import NodeSum
from numerics.quadrature.order import Size

__all__ = ["magnitude", "spread"]


def magnitude(integrand: Expr) -> Expr:
    """The terms whose rounding an integrand carries, as its inner sums may cancel."""
    return Size(integrand) + spread(integrand)


def spread(expr: Expr) -> Expr:
    """The sum over inner sums A of |df/dA| times what the error of A is relative to."""
    sums = sorted(expr.atoms(NodeSum), key=str)
    outermost = [s for s in sums if not any(s is not other and other.has(s) for other in sums)]
    symbols = {s: Dummy(f"A{k}", real=True) for k, s in enumerate(outermost)}
    if not symbols:
        return Float(0)
    values = {symbol: s for s, symbol in symbols.items()}
    slopes = derivatives([expr.xreplace(symbols)], list(values))[0]
    sizes = (NodeSum(Size(s.body) + spread(s.body), *s.indices) for s in symbols)
    return Add(*(Size(d.xreplace(values)) * size for d, size in zip(slopes, sizes, strict=True)))
