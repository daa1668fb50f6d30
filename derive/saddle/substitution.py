"""Replace a product such as exp(x)/Z inside other products: exp(x + y)/Z**2 holds exp(x)/Z once.

SymPy's own substitution for products tries every denesting of powers, which takes seconds on the
derivatives of a free entropy, and does not take apart exp(x + y).
"""

from __future__ import annotations

from sympy import Add, Expr, Integer, Mul, S, exp

from derive.total import Total

__all__ = ["substitute"]

Powers = dict[Expr, Expr]


def substitute(expr: Expr, old: Expr, new: Expr) -> Expr:
    """Replace `old` by `new`, also where `old` is part of a product or of a power of it.

    Sums over an index are left as they are.

    Examples
    --------
    >>> from sympy import exp, symbols
    >>> x, y, m = symbols("x y m")
    >>> Z = exp(x) + exp(y)
    >>> substitute(exp(x)*exp(y)/Z**2, exp(x)/Z, m)
    m*exp(y)/(exp(x) + exp(y))
    """
    if not old.is_Mul:
        return _without_sums(expr, old, new)
    return _rebuilt(expr, _powers(old), new, {})


def _without_sums(expr: Expr, old: Expr, new: Expr) -> Expr:
    if expr == old:
        return new
    if isinstance(expr, Total) or not expr.args or not expr.has(old):
        return expr
    return expr.func(*(_without_sums(arg, old, new) for arg in expr.args))


def _rebuilt(expr: Expr, pattern: Powers, new: Expr, done: dict[Expr, Expr]) -> Expr:
    if expr in done:
        return done[expr]
    if isinstance(expr, Total) or not expr.args:
        return expr
    args = [_rebuilt(arg, pattern, new, done) for arg in expr.args]
    result = expr if args == list(expr.args) else expr.func(*args)
    if result.is_Mul:
        result = _divided(result, pattern, new)
    done[expr] = result
    return result


def _divided(product: Expr, pattern: Powers, new: Expr) -> Expr:
    """Take out the pattern as often as it is contained."""
    powers = _powers(product)
    times = min((_quotient(powers.get(base, S.Zero), e) for base, e in pattern.items()), default=0)
    if times < 1:
        return product
    for base, e in pattern.items():
        powers[base] -= times * e
    return Mul(new**times, *(_power(base, e) for base, e in powers.items() if e != 0))


def _powers(product: Expr) -> Powers:
    """{base: exponent}; exp(2 x + y) counts as the bases exp(x) and exp(y)."""
    powers: Powers = {}
    for factor in Mul.make_args(product):
        if isinstance(factor, exp):
            for term in Add.make_args(factor.args[0].expand()):
                coefficient, rest = term.as_coeff_Mul()
                powers[exp(rest)] = powers.get(exp(rest), S.Zero) + coefficient
        else:
            base, e = factor.as_base_exp()
            if not e.is_Rational:
                base, e = factor, S.One
            powers[base] = powers.get(base, S.Zero) + e
    return powers


def _power(base: Expr, e: Expr) -> Expr:
    return exp(e * base.args[0]) if isinstance(base, exp) else base**e


def _quotient(available: Expr, needed: Expr) -> int:
    """How often `needed` goes into `available`, both of one sign."""
    if available * needed <= 0:
        return 0
    return int(Integer(available / needed)) if (available / needed) >= 1 else 0
