"""Rules for differences of roots and of logs that cancel in symbols, and for arc-cosine kernels."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Add, Expr, Mul, Pow, Rational, S, Symbol, cancel, log, sqrt

from numerics.polynomials import length, normal
from numerics.special import ArcCos, ArcCosineKernel, Log1p, LogRatio

__all__ = ["arc_cosine", "difference_of_logs", "difference_of_roots"]

_NOTHING = 1e-9

Split = tuple[Expr, Expr]  # coefficient and what is under a root or a log


def difference_of_roots(expr: Expr) -> Expr | None:
    """c sqrt(A) - c sqrt(B) = c (A - B)/(sqrt(A) + sqrt(B)), where terms of A - B cancel."""
    for first, (c, under) in _split(expr, _under_root):
        for second in expr.args:
            other = -second / c
            if second is first or not (other.is_positive or _is_root(other)):
                continue
            left = _shorter(under, other**2)
            if left is not None:
                rest = Add(*(t for t in expr.args if t is not first and t is not second))
                return rest + c * left / (sqrt(under) + other)
    return None


def difference_of_logs(expr: Expr) -> Expr | None:
    """c log(A) - c log(B) as the log of 1 + (A - B)/B, where terms of A - B cancel."""
    logs = list(_split(expr, _under_log))
    for first, (c, above) in logs:
        for second, (d, below) in logs:
            left = _shorter(above, below) if first is not second and c == -d else None
            if left is not None and not c.could_extract_minus_sign():
                rest = Add(*(t for t in expr.args if t is not first and t is not second))
                return rest + c * LogRatio(above, below, left)
    return None


def arc_cosine(expr: Expr) -> Expr | None:
    """c acos(-r) + (c/r) sqrt(1 - r**2) = c/r times the arc-cosine kernel at r."""
    for first, (c, turned) in _split(expr, _under_arc):
        r = -turned
        for second, (s, under) in _split(expr, _under_root):
            scale = c / r
            if scale.could_extract_minus_sign() != s.could_extract_minus_sign():
                continue
            if _vanishes(s**2 * under / scale**2 + r**2 - 1):
                rest = Add(*(t for t in expr.args if t is not first and t is not second))
                return rest + scale * ArcCosineKernel(r)
    return None


def _vanishes(expr: Expr) -> bool:
    """Whether an expression is zero; where it is not at one point, there is no need to cancel."""
    names = sorted(expr.free_symbols, key=lambda s: s.sort_key())
    at = {s: Rational(k + 2, 3 * k + 7) for k, s in enumerate(names) if isinstance(s, Symbol)}
    value = expr.xreplace(at).evalf(15)
    if value.is_number and value.is_finite and abs(value) > _NOTHING:
        return False
    return bool(cancel(expr) == 0)


def _split(expr: Expr, part: object) -> Iterator[tuple[Expr, Split]]:
    """Terms of a sum that have one factor of a kind, with their coefficient."""
    for term in expr.args if isinstance(expr, Add) else ():
        for factor in Mul.make_args(term):
            under = part(factor)  # type: ignore[operator]
            if under is not None:
                yield term, (term / factor, under)


def _under_root(factor: Expr) -> Expr | None:
    is_root = isinstance(factor, Pow) and factor.exp == S.Half and isinstance(factor.base, Add)
    return factor.base if is_root else None


def _is_root(factor: Expr) -> bool:
    return isinstance(factor, Pow) and factor.exp == S.Half


def _under_log(factor: Expr) -> Expr | None:
    if isinstance(factor, Log1p):
        return 1 + factor.args[0]
    return factor.args[0] if isinstance(factor, log) and not factor.is_number else None


def _under_arc(factor: Expr) -> Expr | None:
    return factor.args[0] if isinstance(factor, ArcCos) else None


def _shorter(first: Expr, second: Expr) -> Expr | None:
    """first - second, if terms of them cancel."""
    one, other = normal(first), normal(second)
    left = normal(one - other)
    return left if length(left) < length(one) + length(other) else None
