r"""How expressions are typeset: SymPy's printer with the habits of statistical physics.

* A product reads: number, imaginary unit, sizes (N), inverse temperature, capitals (J), Greek,
  lower case (h, m), deltas, given arrays, components, brackets, functions, sums.  What stands over
  a simple denominator is its part up to Greek: ``\frac{\beta J}{2 N} m^{2}``.
* Brackets appear only where needed, and change their shape with depth: ``\ln\{2 \cosh[\beta (J m +
  h)]\}``.  A sum is bracketed if it is raised to a power or if a factor follows it.
* A leading minus is avoided where a positive term can stand first.
* The logarithm is ``\ln``, the imaginary unit is upright (i is an index), d is upright.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

from sympy import E, Expr, Function, I, KroneckerDelta, Mul, Pow, S, Symbol, exp, log
from sympy.printing.latex import LatexPrinter, accepted_latex_functions

from derive.dummy_names import index_names, legible
from derive.gaussian_norm import GaussianNorm
from derive.indices import Element, Index, free_indices
from derive.nested import Expect, LogZ
from derive.symbol_names import is_greek, latex_name, subscripted
from derive.total import IndexedProduct, Total, components, rename_bound

__all__ = ["Typesetter", "bracketed"]

_TALL = (r"\frac", r"\sum", r"\prod", r"\int", r"\left", r"\begin", r"\sqrt", r"\binom")
_SHAPES = (("[", r"\{", r"\}"), ("(", "[", "]"), ("", "(", ")"))
_LONG_EXPONENT = 48  # characters of LaTeX from which e^x is written exp(x)

# The places in a product, in order.
_NUMBER, _SIZE, _BETA, _CAPITAL, _GREEK, _LOWER, _DELTA, _GIVEN, _COMPONENT = range(9)
_BRACKET, _FUNCTION, _OTHER, _POWER_OF_SUM, _SUM = range(9, 14)


def bracketed(text: str) -> str:
    r"""Text in brackets, of a shape that differs from the brackets in it.

    Examples
    --------
    >>> bracketed("a + f(x)"), bracketed(r"\frac{a}{b}")
    ('[a + f(x)]', '\\left(\\frac{a}{b}\\right)')
    """
    inside = "".join("[" if text[k : k + 2] == r"\{" else c for k, c in enumerate(text))
    _, left, right = next(shape for shape in _SHAPES if shape[0] in inside)
    if any(command in text for command in _TALL):
        return rf"\left{left}{text}\right{right}"
    return f"{left}{text}{right}"


def _opens_to_the_right(factor: Any) -> bool:
    """Whether what follows would be read as part of it: sums, products, logarithms of integrals."""
    return isinstance(factor, Total | IndexedProduct | LogZ | GaussianNorm)


class Typesetter(LatexPrinter):
    """Prints SymPy expressions and this package's nodes."""

    printmethod = "_typeset"  # the nodes' own methods serve SymPy's printer

    def __init__(self, scope: Any = ()) -> None:
        """`scope`: expressions beside which something is printed, whose indices are taken."""
        super().__init__({"imaginary_unit": "ri", "mat_delim": "(", "mat_str": "matrix"})
        self._scope = frozenset().union(*(index_names(expr) for expr in scope))

    def doprint(self, expr: Any) -> str:
        outer, self._scope = self._scope, self._scope | index_names(expr)
        try:
            return str(super().doprint(expr))
        finally:
            self._scope = outer

    # -- names ----------------------------------------------------------------------------------

    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:
        return latex_name(expr.name)

    _print_Dummy = _print_Symbol
    _print_Label = _print_Symbol
    _print_Index = _print_Symbol

    def _print_Str(self, expr: Any) -> str:
        return latex_name(str(expr))

    def _print_Element(self, expr: Element) -> str:
        return subscripted(expr.name, self._slots(expr.slots))

    def _slots(self, slots: tuple[Any, ...]) -> str:
        """Subscripts side by side, with commas where they could be misread."""
        texts = [str(self._print(slot)) for slot in slots]
        plain = all(slot.is_Atom and not re.search(r"\d\d|-", t) for slot, t in zip(slots, texts, strict=True))
        return (" " if plain else ", ").join(texts)

    def _print_KroneckerDelta(self, expr: Any, exp: str | None = None) -> str:
        delta = rf"\delta_{{{self._slots(expr.args[:2])}}}"
        return delta if exp is None else rf"{delta}^{{{exp}}}"

    def _print_Basic(self, expr: Any) -> str:
        if hasattr(expr, "_latex"):
            return str(expr._latex(self))
        return rf"\mathrm{{{latex_name(type(expr).__name__)}}}" + bracketed(
            ", ".join(self._print(arg) for arg in expr.args)
        )

    # -- sums of terms --------------------------------------------------------------------------

    def _print_Add(self, expr: Any, order: Any = None) -> str:
        (sign, text), *rest = self.signed_terms(expr)
        head = f"- {text}" if sign == "-" else text
        return head + "".join(f" {s} {t}" for s, t in rest)

    def signed_terms(self, expr: Any) -> list[tuple[str, str]]:
        """The terms in the order of printing, as (sign, text)."""
        ordered = list(self._as_ordered_terms(expr))
        signed = [self.signed_term(term) for term in ordered]
        if signed[0][0] == "-":
            first = next((k for k, (sign, _) in enumerate(signed) if sign == "+"), 0)
            signed.insert(0, signed.pop(first))
        return signed

    def signed_term(self, term: Any) -> tuple[str, str]:
        """A term as (sign, text of its modulus)."""
        number, factors = _number_and_factors(term)
        if number.is_extended_real and number.is_negative:
            return "-", self._product(-number, factors)
        return "+", self._product(number, factors)

    def _add_parens(self, s: str) -> str:
        return bracketed(s)

    # -- products -------------------------------------------------------------------------------

    def _print_Mul(self, expr: Any) -> str:
        sign, text = self.signed_term(expr)
        return f"- {text}" if sign == "-" else text

    def _product(self, number: Any, factors: list[Any]) -> str:
        above, below = _split_fraction(_with_one_root(factors))
        numerator, denominator = (number.p, number.q) if number.is_Rational else (S.One, S.One)
        if not number.is_Rational:
            above.insert(0, number)
        if denominator == 1 and not below:
            return self._row(numerator, above)
        inside, outside = _over_the_line(above, simple=all(map(_is_simple, below)))
        top = self._row(numerator, inside, outer=False)
        bottom = self._row(denominator, below, outer=False)
        fraction = rf"\frac{{{top}}}{{{bottom}}}"
        return f"{fraction} {self._row(1, outside)}" if outside else fraction

    def _row(self, number: Any, factors: list[Any], outer: bool = True) -> str:
        """A number and factors side by side; brackets around what would be misread."""
        alone = number == 1 and len(factors) == 1
        texts = [] if number == 1 and factors else [str(number)]
        for k, factor in enumerate(factors):
            last = k == len(factors) - 1
            text = self._factor(factor, last, alone and not outer)
            digits = texts and texts[-1][-1].isdigit() and text[0].isdigit()
            texts.append(rf"\cdot {text}" if digits else text)
        return " ".join(texts)

    def _factor(self, factor: Any, last: bool, bare: bool) -> str:
        if bare:
            return str(self._print(factor))
        if factor.is_Add or factor.is_Relational or (factor.is_Piecewise and not last):
            return bracketed(self._print(factor))
        if _opens_to_the_right(factor) and not last:
            return bracketed(self._print(factor))
        if isinstance(factor, Function) and not last and len(factor.args) == 1:
            return str(
                self._print(factor, closed=True) if _is_named(self, factor) else self._print(factor)
            )
        if factor.is_Mul:
            return bracketed(self._print(factor))
        return str(self._print(factor))

    # -- powers, exponentials, functions --------------------------------------------------------

    def _print_Pow(self, expr: Any) -> str:
        base, power = expr.as_base_exp() if expr.base is E else (expr.base, expr.exp)
        if (power.is_Rational and power.is_negative) or (
            power.could_extract_minus_sign() and power.is_Mul
        ):
            return self._product(S.One, [expr])
        if power == S.Half:
            return rf"\sqrt{{{self._print(base)}}}"
        above = f"{power.p}/{power.q}" if power.is_Rational and power.q != 1 else self._print(power)
        if isinstance(base, Function) and _is_named(self, base):
            return str(self._print(base, exp=above))
        return f"{self._base(base)}^{{{above}}}"

    def _base(self, base: Any) -> str:
        text = str(self._print(base))
        if base.is_Symbol or isinstance(base, Element | Index) or (base.is_Integer and base >= 0):
            return f"{{{text}}}" if text.endswith("'") else text
        if base.is_NumberSymbol:
            return text
        return bracketed(text)

    def _print_exp(self, expr: Any, exp: str | None = None) -> str:
        above = str(self._print(expr.args[0]))
        if exp is not None:
            return rf"{bracketed(self._print_exp(expr))}^{{{exp}}}"
        if any(command in above for command in _TALL) or len(above) > _LONG_EXPONENT:
            return rf"\exp{bracketed(above)}"
        return f"e^{{{above}}}"

    _print_ExpBase = _print_exp

    def _print_log(self, expr: Any, exp: str | None = None, closed: bool = False) -> str:
        return self._named(r"\ln", expr.args[0], exp, closed)

    def _print_Heaviside(self, expr: Any, exp: str | None = None) -> str:
        theta = r"\theta" + bracketed(self._print(expr.args[0]))
        return theta if exp is None else rf"{bracketed(theta)}^{{{exp}}}"

    def _print_Function(self, expr: Any, exp: str | None = None, closed: bool = False) -> str:
        if hasattr(expr, "_latex") and exp is None:
            return str(expr._latex(self))
        name = type(expr).__name__
        if name in accepted_latex_functions and len(expr.args) == 1:
            return self._named(rf"\{name}", expr.args[0], exp, closed)
        name = latex_name(name)
        if word := re.fullmatch(r"\\mathrm(\{[A-Za-z]+\})", name):
            name = rf"\operatorname{word[1]}"
        raised = "" if exp is None else rf"^{{{exp}}}"
        return name + raised + bracketed(", ".join(self._print(arg) for arg in expr.args))

    def _named(self, name: str, argument: Any, exp: str | None, closed: bool) -> str:
        r"""``\tanh x``, ``\tanh(a + b)``; closed: brackets in any case, as a factor follows."""
        text = str(self._print(argument))
        raised = "" if exp is None else rf"^{{{exp}}}"
        atom = argument.is_Symbol or isinstance(argument, Element) or argument.is_Integer
        atom = atom or argument.is_NumberSymbol
        bare = atom or _opens_to_the_right(argument)
        if closed or not bare or text.startswith("-"):
            return name + raised + bracketed(text)
        return f"{name}{raised} {text}"

    # -- sums over indices ----------------------------------------------------------------------

    def _print_Total(self, expr: Total) -> str:
        return self._big(r"\sum", expr)

    def _print_IndexedProduct(self, expr: IndexedProduct) -> str:
        return self._big(r"\prod", expr)

    def _big(self, operator: str, binder: Any) -> str:
        renamed = legible(binder, self._scope)
        square = _as_square(renamed) if isinstance(binder, Total) else None
        body, bound = square or (renamed.body, renamed.indices)
        outer, self._scope = self._scope, self._scope | {i.name for i in bound}
        text, names = str(self._print(body)), " ".join(map(self._print, bound))
        self._scope = outer
        text = bracketed(text) if body.is_Add or text.startswith("-") else text
        return rf"{operator}_{{{names}}} {text}"

    def _print_LogZ(self, expr: LogZ) -> str:
        from derive.latex_ensemble import partition_function

        return r"\ln " + partition_function(expr.ensemble, self)

    def _print_Expect(self, expr: Expect) -> str:
        from derive.latex_ensemble import site_density

        density = site_density(expr.ensemble, self)
        return rf"\left\langle {self._print(expr.observable)} \right\rangle_{{{density}}}"

    def _print_GaussianNorm(self, expr: GaussianNorm) -> str:
        return rf"\ln \sqrt{{{self.determinant(expr)}}}"

    def determinant(self, norm: GaussianNorm) -> str:
        """The product of the non-zero eigenvalues of the form over 2 pi, in modulus."""
        form = norm.form / (2 * S.Pi)
        return rf"\det{{}}' \left|{self._print(form)}\right|"


def _number_and_factors(term: Any) -> tuple[Any, list[Any]]:
    """The numerical coefficient and the other factors, in the order of printing."""
    factors = list(Mul.make_args(term))
    number = Mul(*(f for f in factors if f.is_Rational or f.is_Float))
    others = [f for f in factors if not (f.is_Rational or f.is_Float)]
    return number, sorted(others, key=_place)


def _is_named(printer: Typesetter, expr: Any) -> bool:
    """Whether the printer sets this function as name and argument, so that the name may be raised."""
    if isinstance(expr, exp) or hasattr(expr, "_latex"):
        return False
    own = (hasattr(printer, f"_print_{cls.__name__}") and cls for cls in type(expr).__mro__)
    return next(cls for cls in own if cls) in (Function, log)


def _split_fraction(factors: list[Any]) -> tuple[list[Any], list[Any]]:
    """Factors above and below the line; exponentials stay above."""
    above, below = [], []
    for factor in factors:
        power = factor.exp if isinstance(factor, Pow) and factor.base is not E else S.One
        negative = power.is_Rational and power.is_negative
        if negative or (power.is_Mul and power.could_extract_minus_sign()):
            below.append(Pow(factor.base, -power))
        else:
            above.append(factor)
    return above, below


def _with_one_root(factors: list[Any]) -> list[Any]:
    """sqrt(a) sqrt(p)/sqrt(q) as sqrt(a p/q), which holds for positive p and q."""
    roots = [f for f in factors if isinstance(f, Pow) and abs(f.exp) == S.Half]
    positive = [f for f in roots if f.base.is_positive]
    open_ = [f for f in roots if not f.base.is_positive and f.exp == S.Half][:1]
    joined = [*positive, *open_]
    if len(joined) < 2:
        return factors
    radicand = Mul(*(f.base ** (2 * f.exp) for f in joined))
    root = Pow(radicand, S.Half, evaluate=False)
    return sorted([*(f for f in factors if f not in joined), root], key=_place)


def _over_the_line(above: list[Any], simple: bool) -> tuple[list[Any], list[Any]]:
    """What stands in the numerator, and what follows the fraction."""
    inside, outside = [], []
    for factor in above:
        (inside if _stands_above(factor, simple) else outside).append(factor)
    short = all(_place(f)[0] <= _COMPONENT for f in above)  # m^2/2 rather than (1/2) m^2
    short = short or (len(above) == 1 and above[0].is_Add and not above[0].has(Function, Total))
    return (outside, []) if not inside and (short or not simple) else (inside, outside)


def _stands_above(factor: Any, simple: bool) -> bool:
    """Whether a factor stands over the line, given whether the denominator is simple."""
    if not simple:
        return _place(factor)[0] < _POWER_OF_SUM
    return _place(factor)[0] < _LOWER + (not isinstance(factor, Pow))


def _is_simple(factor: Any) -> bool:
    return _place(factor)[0] < _DELTA


def _place(factor: Any) -> tuple[int, Any]:
    """The place of a factor in a product, then alphabetically."""
    base = factor.base if isinstance(factor, Pow) else factor
    if base.is_Number or base.is_NumberSymbol or base == I:
        return _NUMBER, (base == I, str(factor))
    key = (getattr(base, "name", ""), str(factor))
    if isinstance(base, Symbol) or (isinstance(base, Element) and not base.slots):
        return _letter_place(base), key
    if isinstance(base, Element):
        return (_GIVEN if base.label.given else _COMPONENT), key
    if isinstance(base, Total | IndexedProduct | LogZ | GaussianNorm):
        return (_SUM if base is factor else _POWER_OF_SUM), (isinstance(base, Total), base.count_ops(), key)
    if isinstance(base, KroneckerDelta):
        return _DELTA, key
    if base.is_Add:
        return _BRACKET, (base is not factor, str(factor))
    if isinstance(base, Function):
        return _FUNCTION, (not isinstance(base, exp), str(factor))
    return _OTHER, key


def _letter_place(symbol: Any) -> int:
    name = symbol.name
    if isinstance(symbol, Symbol) and symbol.is_integer and symbol.is_positive:
        return _SIZE
    if name in ("beta", "β"):
        return _BETA
    if is_greek(name):
        return _GREEK
    return _CAPITAL if name[:1].isupper() else _LOWER


def _as_square(total: Total) -> tuple[Any, tuple[Index, ...]] | None:
    """sum_{a i i'} c_ia c_i'a as sum_a (sum_i c_ia)^2: (the summand, the indices left outside)."""
    factors = Mul.make_args(total.body)
    for count in range(1, len(total.indices) - 1):
        for shared in combinations(total.indices, count):
            held = tuple(i for i in total.indices if i not in shared)
            inner = [f for f in factors if free_indices(f) & set(held)]
            groups = components(inner, held)
            parts = {Expr.__new__(Total, Mul(*own), *indices) for own, indices in groups}
            if len(groups) > 1 and len(parts) == 1:
                part = min(parts, key=str)
                indices = min((i for _, i in groups), key=lambda own: str(own).count("'"))
                part = rename_bound(part, dict(zip(part.indices, indices, strict=True)))
                return Mul(*(f for f in factors if f not in inner), part ** len(groups)), shared
    return None
