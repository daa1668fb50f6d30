r"""How expressions are typeset: SymPy's printer with the habits of statistical physics.

* Products are ordered as `derive.typesetting.factor_order` says: ``\frac{\beta J}{2 N} m^{2}``.
* Brackets appear only where needed, and change their shape with depth: ``\ln\{2 \cosh[\beta (J m +
  h)]\}``.  A sum is bracketed if it is raised to a power or if a factor follows it.
* A leading minus is avoided where a positive term can stand first.
* The logarithm is ``\ln``, the imaginary unit is upright (i is an index), d is upright.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

from sympy import E, Expr, Function, Mul, S, erf, erfc, exp, factor_terms, log
from sympy.printing.latex import LatexPrinter, accepted_latex_functions

from derive.gaussian.average import GaussianAverage
from derive.gaussian_norm import GaussianNorm
from derive.indices import Element, Index, free_indices
from derive.nested import Expect, LogZ
from derive.total import IndexedProduct, Total, components, rename_bound
from derive.typesetting.averages import average_latex, is_standard
from derive.typesetting.dummy_names import index_names, legible
from derive.typesetting.factor_order import (
    is_simple,
    number_and_factors,
    over_the_line,
    root_of_two_below,
    split_fraction,
    with_one_root,
)
from derive.typesetting.replica_notation import replicas_apart
from derive.typesetting.symbol_names import latex_name, subscripted

__all__ = ["Typesetter", "bracketed"]

_TALL = (r"\frac", r"\sum", r"\prod", r"\int", r"\left", r"\begin", r"\sqrt", r"\binom")
_SHAPES = (("[", r"\{", r"\}"), ("(", "[", "]"), ("", "(", ")"))
_LONG_EXPONENT = 48  # characters of LaTeX from which e^x is written exp(x)


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
    if isinstance(factor, GaussianAverage):
        return is_standard(factor)
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
        above, below = replicas_apart(expr)
        text = subscripted(expr.name, self._slots(below))
        return rf"{text}^{{{self._slots(above)}}}" if above else text

    def _slots(self, slots: tuple[Any, ...]) -> str:
        """Subscripts side by side, with commas where they could be misread."""
        texts = [str(self._print(slot)) for slot in slots]
        misread = any(re.search(r"\d\d|[-+]", text) for text in texts)
        return (", " if misread else " ").join(texts)

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
        number, factors = number_and_factors(term)
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
        above, below = split_fraction(with_one_root(factors))
        number, above, below = root_of_two_below(number, above, below)
        numerator, denominator = (number.p, number.q) if number.is_Rational else (S.One, S.One)
        if not number.is_Rational:
            above.insert(0, number)
        if denominator == 1 and not below:
            return self._row(numerator, above)
        inside, outside = over_the_line(above, simple=all(map(is_simple, below)))
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
        if isinstance(base, Element) and replicas_apart(base)[0]:
            return bracketed(text)
        if base.is_Symbol or isinstance(base, Element | Index) or (base.is_Integer and base >= 0):
            return f"{{{text}}}" if text.endswith("'") else text
        if base.is_NumberSymbol:
            return text
        return bracketed(text)

    def _print_erfc(self, expr: Any, exp: str | None = None, closed: bool = False) -> str:
        return self._print_Function(expr.func(_compact(expr.args[0]), evaluate=False), exp, closed)

    _print_erf = _print_erfc

    def _print_exp(self, expr: Any, exp: str | None = None) -> str:
        above = str(self._print(_compact(expr.args[0])))
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

    def _print_LogDet(self, expr: Any) -> str:
        renamed = legible(expr, self._scope)
        outer, self._scope = self._scope, self._scope | {i.name for i in renamed.indices}
        names = " ".join(sorted(map(self._print, renamed.indices)))
        text = self._print(renamed.body)
        self._scope = outer
        return rf"\ln \det_{{{names}}} {bracketed(text)}"

    def _print_GaussianAverage(self, expr: GaussianAverage) -> str:
        return average_latex(expr, self)

    def _print_LogZ(self, expr: LogZ) -> str:
        from derive.typesetting.latex_ensemble import partition_function

        return r"\ln " + partition_function(expr.ensemble, self)

    def _print_Expect(self, expr: Expect) -> str:
        from derive.typesetting.latex_ensemble import site_density

        density = site_density(expr.ensemble, self)
        return rf"\left\langle {self._print(expr.observable)} \right\rangle_{{{density}}}"

    def _print_GaussianNorm(self, expr: GaussianNorm) -> str:
        return rf"\ln \sqrt{{{self.determinant(expr)}}}"

    def determinant(self, norm: GaussianNorm) -> str:
        """The product of the non-zero eigenvalues of the form over 2 pi, in modulus."""
        form = norm.form / (2 * S.Pi)
        return rf"\det{{}}' \left|{self._print(form)}\right|"


def _compact(argument: Any) -> Any:
    """With what the terms share taken out, where that is shorter: (x + y)/sqrt(2)."""
    if argument.has(Total, IndexedProduct, LogZ, GaussianAverage):
        return argument
    taken_out = factor_terms(argument)
    return taken_out if taken_out.count_ops() < argument.count_ops() else argument


def _is_named(printer: Typesetter, expr: Any) -> bool:
    """Whether this function is set as name and argument, so that the name may be raised."""
    if isinstance(expr, exp) or hasattr(expr, "_latex"):
        return False
    own = (hasattr(printer, f"_print_{cls.__name__}") and cls for cls in type(expr).__mro__)
    return next(cls for cls in own if cls) in (Function, log, erf, erfc)


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
