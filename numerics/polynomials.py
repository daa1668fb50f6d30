"""Expressions multiplied out, so that what is equal looks equal and what cancels does so."""

from __future__ import annotations

from sympy import Add, Dummy, Expr, Function, Pow, expand

__all__ = ["length", "normal", "primitive"]


def primitive(expr: Expr) -> Expr:
    """Numbers taken out of powers of sums, whose sign is made one: 1/(2 - 2 q) = 1/(2 (1 - q)).

    The sign is that under a root, if there is one.
    """
    sums = [p for p in expr.atoms(Pow) if isinstance(p.base, Add) and p.exp.is_Rational]
    rooted = {p.base.primitive()[1] for p in sums if not p.exp.is_Integer}
    changed = {}
    for power in sums:
        number, base = power.base.primitive()
        turned = -base in rooted if rooted & {base, -base} else base.could_extract_minus_sign()
        if power.exp.is_Integer and turned:
            number, base = -number, -base
        changed[power] = number**power.exp * base**power.exp
    changed = {p: q for p, q in changed.items() if p != q}
    return expr.xreplace(changed) if changed else expr


def normal(expr: Expr) -> Expr:
    """Multiplied out, with functions and with sums in denominators and under roots kept whole."""
    expr = primitive(expr)
    kept = [p for p in expr.atoms(Pow) if isinstance(p.base, Add) and _is_kept(p.exp)]
    whole = {p.base: Dummy(positive=True) for p in kept}
    masked = {p: whole[p.base] ** p.exp for p in kept}
    functions = {f: Dummy() for f in expr.atoms(Function)}
    opened = expand(expr.xreplace(masked | functions))
    back = {dummy: node for node, dummy in (whole | functions).items()}
    return opened.xreplace(back)


def _is_kept(power: Expr) -> bool:
    return not (power.is_Integer and power > 0)


def length(expr: Expr) -> int:
    """The number of terms of a sum; none of zero."""
    return 0 if expr == 0 else len(Add.make_args(expr))
