"""Where an integrand is not analytic on the real axis, found from its form.

Each function that has such points says by which expression: a step by its argument, a maximum by
the differences of its arguments, a root or a logarithm by what stands under it.  The points are the
roots of these expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

import sympy as sp
from sympy import Add, Expr, Max, Mul, Piecewise, Pow, S, Symbol, exp, log, sqrt
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from derive.errors import KinkError
from derive.gaussian.ranges import never_zero, positive, values

__all__ = ["kinks", "real_roots", "switches"]

# Analytic on the whole real axis.
ANALYTIC = (
    exp,
    sp.sin,
    sp.cos,
    sp.sinh,
    sp.cosh,
    sp.tanh,
    sp.sech,
    sp.atan,
    sp.asinh,
    sp.erf,
    sp.erfc,
    sp.erfi,
    sp.Si,
    sp.besselj,
    sp.besseli,
    sp.airyai,
    sp.airybi,
    sp.re,
    sp.im,
    sp.conjugate,
)
# Each of these is singular where the expressions beside it vanish.
SINGULAR: dict[Any, Callable[[Expr], Iterable[Expr]]] = {
    sp.Heaviside: lambda x: (x,),
    sp.sign: lambda x: (x,),
    sp.Abs: lambda x: (x,),
    sp.DiracDelta: lambda x: (x,),
    log: lambda x: (x,),
    sp.coth: lambda x: (x,),
    sp.csch: lambda x: (x,),
    sp.acosh: lambda x: (x - 1, x + 1),
    sp.asin: lambda x: (x - 1, x + 1),
    sp.acos: lambda x: (x - 1, x + 1),
    sp.atanh: lambda x: (x - 1, x + 1),
    sp.acoth: lambda x: (x - 1, x + 1),
    sp.Ei: lambda x: (x,),
    sp.Ci: lambda x: (x,),
}
ON_POSITIVE = (log, sp.gamma, sp.loggamma, sp.digamma, sp.polygamma, sp.LambertW, sp.Ei, sp.Ci)
# Odd and rising: they vanish where their argument does.
ODD = (sp.tanh, sp.sinh, sp.erf, sp.erfi, sp.atan, sp.asinh, sp.sign)
INVERSE: dict[Any, Callable[[Expr], Expr]] = {
    exp: log,
    log: exp,
    sp.tanh: sp.atanh,
    sp.sinh: sp.asinh,
    sp.atan: sp.tan,
    sp.asinh: sp.sinh,
    sp.erf: sp.erfinv,
    sp.erfc: sp.erfcinv,
}
# What a function with kinks may be, on one side or another.
BRANCHES: dict[Any, Callable[[Any], Iterable[Expr]]] = {
    sp.Abs: lambda node: (node.args[0], -node.args[0]),
    sp.sign: lambda _: (S.One, S.NegativeOne),
    sp.Heaviside: lambda _: (S.One, S.Zero),
    Max: lambda node: node.args,
    sp.Min: lambda node: node.args,
    Piecewise: lambda node: [value for value, _ in node.args],
}


def kinks(integrand: Expr, variable: Symbol) -> tuple[Expr, ...]:
    """The real points where an integrand is not analytic in a variable.

    Parameters
    ----------
    integrand : Expr
        An expression; its other symbols stand for real numbers.
    variable : Symbol
        The variable, on the real axis.

    Returns
    -------
    tuple of Expr
        Points in the other symbols, without repetition, ascending if they are numbers.  A point
        may be superfluous, but none is missing: where a quadratic form has roots for some values
        of the symbols only, both points are its vertex for the others.  A coefficient of the
        variable that is not known to vanish is taken to differ from zero.

    Raises
    ------
    KinkError
        If a point cannot be found, the points are without number, or a function is not known.

    Examples
    --------
    >>> from sympy import Abs, Heaviside, Max, sqrt, symbols
    >>> a, b, z = symbols("a b z", real=True)
    >>> kinks(Heaviside(a*z - b), z)
    (b/a,)
    >>> kinks(Max(1, z)*sqrt(Abs(z + 2)), z)
    (-2, 1)
    """
    found = {p for form in switches(integrand, variable) for p in real_roots(form, variable)}
    if all(point.is_comparable for point in found):
        return tuple(sorted(found, key=lambda point: point.evalf(50)))
    return tuple(sorted(found, key=sp.default_sort_key))


def switches(expr: Any, variable: Symbol) -> Iterator[Expr]:
    """The expressions at whose roots something in an expression is not analytic."""
    if variable not in expr.free_symbols:
        return
    yield from _own(expr, variable)
    if not isinstance(expr, Piecewise):
        inner = getattr(expr, "variables", ())  # a kink in what an average binds is smoothed by it
        for arg in expr.args:
            for form in switches(arg, variable):
                if form.free_symbols.isdisjoint(inner):
                    yield form


def _own(expr: Any, variable: Symbol) -> Iterator[Expr]:
    """What a node itself contributes."""
    kind = type(expr)
    if getattr(expr, "kinked", False):
        raise KinkError(f"where {expr} is not analytic in {variable} is not known: doit may tell")
    if kind in (Max, sp.Min):
        yield from (a - b for a, b in combinations(expr.args, 2))
    elif kind is Piecewise:
        yield from _of_pieces(expr, variable)
    elif kind is Pow:
        yield from _of_power(expr, variable)
    elif isinstance(expr, sp.Function) and not isinstance(expr, ANALYTIC):
        yield from _of_function(expr, variable)
    elif kind in (sp.Mod, sp.Derivative, sp.Integral, sp.Subs):
        raise KinkError(f"where {expr} is not analytic in {variable} is not known")


def _of_pieces(expr: Piecewise, variable: Symbol) -> Iterator[Expr]:
    for value, condition in expr.args:
        yield from switches(value, variable)
        for relation in condition.atoms(Relational):
            difference = relation.lhs - relation.rhs
            yield difference
            yield from switches(difference, variable)
        if condition.is_Symbol:
            raise KinkError(f"the condition {condition} of {expr} is no inequality")


def _of_power(expr: Pow, variable: Symbol) -> Iterator[Expr]:
    base, power = expr.args
    if variable in power.free_symbols and not positive(base):
        raise KinkError(f"{expr} is not real for every real {variable}")
    entire = power.is_integer and power.is_nonnegative
    moves = not entire and variable in base.free_symbols
    if moves and not never_zero(base) and not _is_stiffness(base):
        yield base


def _is_stiffness(base: Expr) -> bool:
    """Whether it is 1 + w l'' at a minimum, which is positive."""
    nodes = (n for n in sp.preorder_traversal(base) if hasattr(n, "stiffness") and not n.kinked)
    return any(sp.expand(base - node.stiffness) == 0 for node in nodes)


def _of_function(expr: Any, variable: Symbol) -> Iterator[Expr]:
    kind = type(expr)
    if kind in ON_POSITIVE and positive(expr.args[-1]):
        return
    if kind in SINGULAR:
        yield from SINGULAR[kind](expr.args[0])
    elif isinstance(expr, AppliedUndef) or not getattr(kind, "analytic_on_reals", False):
        raise KinkError(
            f"it is not known where {kind.__name__} is analytic, which occurs as {expr}: write it "
            "in functions of SymPy that are analytic, steps, absolute values, maxima or Piecewise"
        )


def real_roots(form: Expr, variable: Symbol) -> tuple[Expr, ...]:
    """Where a form may vanish on the real axis.

    Raises
    ------
    KinkError
        If its roots are not found.

    Examples
    --------
    >>> from sympy import exp, symbols
    >>> z = symbols("z", real=True)
    >>> real_roots(z*(exp(2*z) - 3), z)
    (0, log(3)/2)
    """
    if variable not in form.free_symbols or never_zero(form):
        return ()
    polynomial = form.as_poly(variable)
    if polynomial is not None:
        return _of_polynomial(polynomial, form, variable)
    factors = Mul.make_args(form)
    if len(factors) > 1:
        return tuple(dict.fromkeys(p for f in factors for p in real_roots(f, variable)))
    if isinstance(form, Pow) and variable not in form.exp.free_symbols:
        return () if form.exp.is_negative else real_roots(form.base, variable)
    if isinstance(form, (*ODD, sp.Abs)):
        return real_roots(form.args[0], variable)
    kinked = [n for n in form.atoms(*BRANCHES) if variable in n.free_symbols]
    if kinked:
        node = min(kinked, key=sp.default_sort_key)
        sides = (form.xreplace({node: branch}) for branch in BRANCHES[type(node)](node))
        return tuple(dict.fromkeys(p for side in sides for p in real_roots(side, variable)))
    return _by_inverse(form, variable)


def _of_polynomial(polynomial: Any, form: Expr, variable: Symbol) -> tuple[Expr, ...]:
    coefficients = [sp.factor_terms(c) for c in polynomial.all_coeffs()]
    if len(coefficients) == 2:
        slope, constant = coefficients
        return (-constant / slope,)
    if len(coefficients) == 3:
        a, b, c = coefficients
        square = sp.expand(b**2 - 4 * a * c)
        if square.is_negative:
            return ()
        spread = sqrt(square if square.is_nonnegative else Max(0, square))
        return tuple(dict.fromkeys((-b + sign * spread) / (2 * a) for sign in (-1, 1)))
    if polynomial.gen == variable and not polynomial.free_symbols_in_domain:
        return tuple(dict.fromkeys(polynomial.real_roots()))
    factors = [f for f, _ in polynomial.factor_list()[1]]
    if len(factors) > 1:
        return tuple(p for f in factors for p in real_roots(f.as_expr(), variable))
    raise KinkError(f"the roots of {form} in {variable} are not found: its degree is above two")


def _by_inverse(form: Expr, variable: Symbol) -> tuple[Expr, ...]:
    """The root of constant + c f(argument) with an f that rises or falls all the way."""
    constant, rest = form.as_independent(variable, as_Add=True)
    factor, function = rest.as_independent(variable, as_Add=False)
    if isinstance(function, Add) or type(function) not in INVERSE:
        raise KinkError(f"the roots of {form} in {variable} are not found")
    level = -constant / factor
    reached = values(function)
    if level.is_comparable and not reached.contains(level):
        return ()
    if reached.contains(level) is not S.true and not (reached.start == 0 and level.is_positive):
        raise KinkError(f"whether {form} vanishes for a real {variable} is not known")
    return real_roots(function.args[0] - INVERSE[type(function)](level), variable)
