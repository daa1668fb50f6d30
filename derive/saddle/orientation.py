"""Signs of products as they are read: ``-beta*(V**2 - 1)`` as ``beta*(1 - V**2)``."""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Add, Expr, Mul, S, cancel, factor_terms, fraction

__all__ = ["joined", "oriented"]


def oriented(term: Expr) -> Expr:
    """A product with every addition in it turned to the sign of its number, or of most terms.

    Denominators are cancelled first, so that ``-N/(N*V**2 - N)`` is ``1/(1 - V**2)``.

    Examples
    --------
    >>> from sympy import symbols
    >>> b, N, V = symbols("beta N V")
    >>> oriented(-b*(V**2 - 1)), oriented(-N/(N*V**2 - N))
    (beta*(1 - V**2), 1/(1 - V**2))
    """
    above, below = fraction(term)
    if below.atoms(Add):
        above, below = fraction(cancel(above / below))
    sign = S.One
    parts = []
    for product, power in ((above, 1), (below, -1)):
        for factor in Mul.make_args(product):
            base, exponent = factor.as_base_exp()
            if base.is_Add and exponent.is_Integer and _is_turned(base):
                base, sign = -base, sign * (-1) ** exponent
            parts.append(base ** (exponent * power))
    return sign * Mul(*parts)


def joined(pieces: Iterable[Expr]) -> Expr:
    """The sum of some expressions, with the factors that all of them share in front.

    Examples
    --------
    >>> from sympy import symbols
    >>> b, x, V = symbols("b x V")
    >>> joined([1 - V**2, -x*(V**2 - 1)])
    (1 - V**2)*(x + 1)
    """
    products = [oriented(factor_terms(piece)) for piece in pieces if piece != 0]
    if not products:
        return S.Zero
    common = set.intersection(*(set(Mul.make_args(product)) for product in products))
    shared = Mul(*(factor for factor in common if not factor.is_number))
    return shared * Add(*(product / shared for product in products))


def _is_turned(addition: Expr) -> bool:
    number, rest = addition.as_coeff_Add()
    if number != 0:
        return bool(number.is_negative)
    signs = [term.as_coeff_Mul()[0].is_negative is True for term in Add.make_args(rest)]
    return 2 * sum(signs) > len(signs)
