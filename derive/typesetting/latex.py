r"""LaTeX of every object: expressions, ensembles, free entropies, steps and whole derivations.

What comes out is one formula for mathematics mode (``aligned`` where it has several lines) that
pdflatex with amsmath, MathJax and KaTeX accept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from sympy import Add, Mul, Symbol
from sympy.core.relational import Relational

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.equations import Equations
from derive.indices import free_indices
from derive.limits.asymptotics import Asymptotics
from derive.limits.capacity import Capacity
from derive.limits.ground_state import GroundState
from derive.refereeing.verdict import Verdict
from derive.saddle.critical import CriticalPoint
from derive.saddle.free_entropy import FreeEntropy
from derive.saddle.implicit_derivative import ImplicitDerivative
from derive.saddle.landau import Landau
from derive.saddle.log_det import LogDet
from derive.saddle.replicon import Replicon
from derive.saddle.spinodal import Spinodal
from derive.step import Step
from derive.total import Total
from derive.typesetting.latex_ensemble import ensemble_latex
from derive.typesetting.latex_limits import (
    asymptotics_lines,
    capacity_lines,
    next_orders,
    per_beta,
)
from derive.typesetting.latex_measures import definitions, measure_latex
from derive.typesetting.latex_printer import Typesetter, bracketed
from derive.typesetting.line_breaking import aligned
from derive.typesetting.step_words import given_lines
from derive.typesetting.symbol_names import latex_name
from derive.variables import Variable

__all__ = ["Line", "expression", "extremum", "latex_lines", "latex_of", "opened"]

Line = tuple[str, ...]
_PHI = Symbol("phi")


def latex_of(obj: Any) -> str:
    r"""Typeset an object.

    Parameters
    ----------
    obj : Expr, Matrix, Eq, Ensemble, FreeEntropy, Step, Derivation or another object of the package
        What to typeset; a list gives one line for each member.

    Returns
    -------
    str
        LaTeX for mathematics mode, without dollars.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import symbols, tanh
    >>> beta, J = symbols("beta J", positive=True); m, k = symbols("m mhat")
    >>> N = dv.size("N"); i = dv.Index("i", N); s = dv.Ising("s", i)
    >>> print(latex_of(beta*J/(2*N)*dv.total(s[i], i)**2))
    \frac{\beta J}{2 N} \left(\sum_{i} s_{i}\right)^{2}
    >>> print(latex_of(tanh(beta*J*m) - k))
    \tanh(\beta J m) - \hat{m}
    """
    return aligned(latex_lines(obj))


def expression(expr: Any, *beside: Any) -> str:
    """The LaTeX of a SymPy object on one line, with other dummies than what stands beside it."""
    return str(Typesetter(beside).doprint(expr))


def opened(expr: Any) -> Any:
    """The expression, or a factor times a sum multiplied out where that is no longer."""
    sums = [f for f in Mul.make_args(expr) if f.is_Add] if isinstance(expr, Mul) else []
    if len(sums) != 1:
        return expr
    (inside,) = sums
    multiplied = Add(*(expr / inside * term for term in inside.args))
    return multiplied if multiplied.count_ops() <= expr.count_ops() else expr


def latex_lines(obj: Any) -> list[Line]:
    """The lines (left, relation, right) of an object; a mere expression has no left."""
    for kind, lines in _LINES.items():
        if isinstance(obj, kind):
            return lines(obj)
    if isinstance(obj, list | tuple):
        return [line for member in obj for line in latex_lines(member)]
    return [("", "", expression(obj))]


# --- each object as lines ---------------------------------------------------------------------


def _relational(relation: Relational) -> list[Line]:
    signs = {"==": "=", "!=": r"\neq", "<=": r"\leq", ">=": r"\geq"}
    sign = signs.get(relation.rel_op, relation.rel_op)
    left, right = relation.lhs, relation.rhs
    return [(expression(left, right), sign, expression(opened(right), left))]


def _variable(variable: Variable) -> list[Line]:
    return [("", "", measure_latex(variable))]


def _ensemble(ensemble: Ensemble) -> list[Line]:
    return [*ensemble_latex(ensemble), *(("", "", rf"\qquad {d}") for d in definitions(ensemble))]


def _free_entropy(free_entropy: FreeEntropy) -> list[Line]:
    beta = free_entropy.beta
    energy: list[Line] = [] if beta is None else [("f", "=", expression(-_PHI / beta))]
    if isinstance(free_entropy, GroundState):
        energy = next_orders(free_entropy)
    return [extremum(free_entropy), *_saddle(free_entropy), *energy]


def extremum(free_entropy: FreeEntropy) -> Line:
    r"""``(1/N) \ln Z \simeq \max_m \{ phi \}``: a maximum if every field is known to be real."""
    quenched = free_entropy.kind == "continuation"
    log_z = r"\overline{\ln Z}" if quenched else r"\ln Z"
    limit = rf"\frac{{1}}{{{expression(free_entropy.size)}}} {log_z}"
    left = rf"\phi = {limit}"
    if isinstance(free_entropy, GroundState):
        left = per_beta(free_entropy)
    density = expression(free_entropy.density)
    uncontrolled = free_entropy.kind in ("approximation", "expansion")
    relation = r"\approx" if uncontrolled else {"exact": "="}.get(free_entropy.kind, r"\simeq")
    if not free_entropy.unknowns:
        return (left, relation, density)
    names = ", ".join(map(_whole, free_entropy.unknowns))
    maximum = not uncontrolled and min(free_entropy.signs) > 0
    operator = r"\max" if maximum else r"\operatorname*{extr}"
    return (left, relation, rf"{operator}_{{{names}}} \left\{{{density}\right\}}")


def _whole(unknown: Any) -> str:
    """An unknown; with braces if it stands for all its components."""
    text = expression(unknown)
    return rf"\{{{text}\}}" if getattr(unknown, "slots", ()) else text


def _saddle(free_entropy: FreeEntropy) -> list[Line]:
    return [line for eq in free_entropy.saddle_equations for line in _relational(eq)]


def _step(step: Step) -> list[Line]:
    assumed = [*given_lines(step), *(("", "", _words(a)) for a in step.assumptions)]
    arrow = rf"\xrightarrow[{_words(step.kind)}]{{{_words(step.move)}{_arguments(step)}}}"
    return [("", "", arrow), *latex_lines(step.after), *assumed]


def _derivation(derivation: Derivation) -> list[Line]:
    lines = list(ensemble_latex(derivation.start))
    for step in derivation.steps:
        arrow = (
            rf"\qquad \Big\downarrow \ {_words(step.move)}{_arguments(step)}:\ {_words(step.kind)}"
        )
        lines.append(("", "", arrow))
        state = step.after
        if isinstance(state, Ensemble):
            lines += [*ensemble_latex(state), *given_lines(step)]
        elif isinstance(state, FreeEntropy):
            lines.append(extremum(state))
        else:
            lines += latex_lines(state)
    if isinstance(derivation.state, FreeEntropy):
        lines += _saddle(derivation.state)
    return lines


def _equations(equations: Equations) -> list[Line]:
    pairs = zip(equations.unknowns, equations.update, strict=False)
    lines = [(expression(u, right), "=", expression(right, u)) for u, right in pairs]
    if not lines:
        lines = [("0", "=", expression(residual)) for residual in equations.residuals]
    named = [(latex_name(n), "=", expression(e)) for n, e in equations.expressions]
    return list(dict.fromkeys([*lines, *named]))


def _critical_point(point: CriticalPoint) -> list[Line]:
    slots = free_indices(point.condition)
    if not point.values and len(slots) == 2:
        determinant = expression(LogDet(point.condition, *slots))
        return [("0", "=", determinant.removeprefix(r"\ln "))]
    if not point.values:
        return [("0", "=", expression(point.condition))]
    name = latex_name(f"{point.parameter}_c")
    return [(name, "=", expression(value)) for value in point.values]


def _implicit_derivative(derivative: ImplicitDerivative) -> list[Line]:
    defined = [line for eq in derivative.definitions for line in _relational(eq)]
    return [("", "", expression(derivative.expression)), *defined]


def _landau(landau: Landau) -> list[Line]:
    """Minus phi in ascending powers of the order parameter."""
    x = landau.coordinate
    signed = []
    for power, coefficient in enumerate(landau.coefficients):
        if coefficient != 0:
            whole = coefficient * x**power if coefficient.has(Total) else coefficient
            sign, factor = Typesetter().signed_term(whole)
            apart = bool(power) and whole is coefficient
            factor = bracketed(factor) if coefficient.is_Add and apart else factor
            signed.append((sign, f"{factor} {expression(x**power)}" if apart else factor))
    (first, text), *rest = signed or [("+", "0")]
    series = ("- " if first == "-" else "") + text + "".join(f" {s} {t}" for s, t in rest)
    remainder = rf" + \mathcal{{O}}({expression(x ** len(landau.series))})"
    return [(rf"-\phi({expression(x)})", "=", series + remainder)]


def _spinodal(spinodal: Spinodal) -> list[Line]:
    if not spinodal.solutions:
        return [("0", "=", expression(row)) for row in spinodal.system]
    return [(expression(u), "=", expression(v)) for s in spinodal.solutions for u, v in s.items()]


def _replicon(replicon: Replicon) -> list[Line]:
    return [(r"\lambda_{\mathrm{R}}", "=", expression(replicon.eigenvalue))]


def _verdict(verdict: Verdict) -> list[Line]:
    plain = "equal up to a substitution" if verdict.substitution else verdict.verdict
    lines: list[Line] = [("", "", _words(f"{plain}, {verdict.how}".rstrip(", ")))]
    if verdict.factor is not None:
        of = "differences of sides" if verdict.equal else verdict.subject.removesuffix(" are")
        right = rf"{expression(verdict.factor)} \cdot {_words('derived')}"
        lines.append((_words("published"), "=", right + (rf"\quad {_words(of)}" if of else "")))
    lines += [(expression(old), r"\to", expression(new)) for old, new in verdict.substitution]
    shown = verdict.counterexample
    if shown is not None:
        lines += _at(shown.point)
        for side, values in (("published", shown.published), ("derived", shown.derived)):
            none = "no finite value" if values is None else "no solution"
            numbers = r",\ ".join(map(expression, values or ())) or _words(none)
            name = [] if shown.quantity is None else [expression(shown.quantity)]
            lines.append((r"\ ".join([*name, _words(f"({side})")]), "=", numbers))
    found = verdict.divergence
    if found is not None:
        lines += [("", "", _words(f"{found.side} side: {found.reason}")), *_at(found.point)]
        for cut, value in found.cut_off:
            lines.append((_words(f"cut off at {cut.n(3)}"), "=", expression(value.n(5))))
    return [*lines, *(("", "", _words(reason)) for reason in [verdict.reason] if reason)]


def _at(point: Any) -> list[Line]:
    where = r",\ ".join(f"{expression(s)} = {expression(value)}" for s, value in point)
    return [("", "", rf"{_words('at')}\ {where}")] if where else []


# --- words in formulas ------------------------------------------------------------------------


def _words(text: Any) -> str:
    """Words that every typesetter reads alike: no special character."""
    plain = unicodedata.normalize("NFKD", str(text)).replace("_", " ")
    return rf"\text{{{re.sub(r'[^A-Za-z0-9 ,.;:()=+*/<>-]', '', plain)}}}"


def _arguments(step: Step) -> str:
    """The arguments, if they are mere names, else dots."""
    if not step.arguments:
        return ""
    if step.move == "continue_replicas":
        n, to, _ = step.details
        return rf"({expression(n)} \to {expression(to)})"
    names = step.arguments.split(", ")
    plain = all(re.fullmatch(r"\w+'*", name) for name in names)
    return (
        "("
        + (", ".join(n if n.isdigit() else latex_name(n) for n in names) if plain else r"\ldots")
        + ")"
    )


_LINES: dict[type, Callable[[Any], list[Line]]] = {
    Relational: _relational,
    Variable: _variable,
    Ensemble: _ensemble,
    FreeEntropy: _free_entropy,
    Step: _step,
    Derivation: _derivation,
    Equations: _equations,
    CriticalPoint: _critical_point,
    ImplicitDerivative: _implicit_derivative,
    Landau: _landau,
    Capacity: capacity_lines,
    Asymptotics: asymptotics_lines,
    Spinodal: _spinodal,
    Replicon: _replicon,
    Verdict: _verdict,
}
