r"""What a step did, in the words of the field, and what its new symbols stand for.

A definition is read off the exponent: a conjugate multiplies what its field was introduced for,

    c sum_ab qhat_ab (sum_i s_ia s_ib / N - q_ab)   gives   q_ab = sum_i s_ia s_ib / N.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, KroneckerDelta, Mul

from derive.ensemble import Ensemble, elements_of, terms
from derive.indices import Element, Index, Label
from derive.monomials import flattened
from derive.moves.replica_ansatz import OneStepRSB
from derive.step import Step
from derive.total import Total
from derive.typesetting.dummy_names import without_primes
from derive.typesetting.latex_printer import Typesetter
from derive.variables import Variable

__all__ = ["given_lines", "sentence"]

Line = tuple[str, ...]

_SENTENCES = {
    "replicate": "Take {n} replicas of the system, which share the disorder.",
    "local_fields": "Name the linear forms of the disorder, with conjugates.",
    "average": "Average over the disorder {names}.",
    "order_parameters": "Name the overlaps {names}, with conjugates.",
    "leading_order": "Drop what does not grow with the size.",
    "replica_squares": "Linearise the squares of sums over replicas by Gaussian fields.",
    "trace": "Sum or integrate over {names}, site by site.",
    "continue_replicas": "Continue the number of replicas, {n} -> {to}.",
    "saddle_point": "Take the saddle point at large {names}.",
}
_SYMMETRIC = "Replica-symmetric ansatz: all pairs of different replicas are alike."
_BROKEN = "One step of replica-symmetry breaking: blocks of {m} replicas."


def sentence(step: Step) -> str:
    """What a step did, as plain text; nothing for a move whose name says it.

    Examples
    --------
    >>> import derive as dv
    >>> i = dv.Index("i", dv.size("N")); s, h = dv.Ising("s", i), dv.Gaussian("h", i)
    >>> field = dv.Ensemble(trace=s, disorder=h, exponent=dv.total(h[i]*s[i], i)).derive()
    >>> sentence(field.replicate("a", dv.replicas("n")).steps[0])
    'Take n replicas of the system, which share the disorder.'
    """
    if step.move == "replica_ansatz":
        rule = step.details[0]
        return _BROKEN.format(m=rule.m) if isinstance(rule, OneStepRSB) else _SYMMETRIC
    if step.move == "average" and step.arguments.endswith("keep=True"):
        names = step.arguments.removesuffix(", keep=True")
        return f"Average over the disorder {names} together with the other variables."
    values = {"names": step.arguments}
    if step.move == "replicate":
        values["n"] = str(step.details[0].size)
    if step.move == "continue_replicas":
        values |= {"n": str(step.details[0]), "to": str(step.details[1])}
    return _SENTENCES.get(step.move, "").format(**values)


def given_lines(step: Step) -> list[Line]:
    """What new symbols stand for: overlaps, local fields, the values of an ansatz."""
    if not isinstance(step.after, Ensemble):
        return []
    if step.move in ("order_parameters", "local_fields"):
        return [_line(*pair) for pair in _definitions(step.before, step.after)]
    if step.move == "replica_ansatz":
        return _values(step)
    return []


def _line(left: Expr, right: Expr) -> Line:
    return Typesetter((right,)).doprint(left), "=", Typesetter((left,)).doprint(right)


# --- what a conjugate enforces ----------------------------------------------------------------


def _definitions(before: Ensemble, after: Ensemble) -> list[tuple[Expr, Expr]]:
    known = {v.name for v in before.variables}
    new = {v.name: v for v in after.variables if v.name not in known}
    pairs = [(v, new[f"{name}hat"]) for name, v in new.items() if f"{name}hat" in new]
    found = (_definition(after.exponent, field, dual) for field, dual in pairs)
    return [pair for pair in found if pair is not None]


def _definition(exponent: Expr, field: Variable, dual: Variable) -> tuple[Expr, Expr] | None:
    """(q_ab, what it is) from the two terms with its conjugate."""
    scale, enforced = None, None
    for term in terms(exponent):
        body, indices = flattened(term)
        own = elements_of(body, [dual.label])
        if len(own) != 1 or body.has(KroneckerDelta):
            continue
        (conjugate,) = own
        fields = elements_of(body, [field.label])
        if len(fields) == 1 and fields <= set(Mul.make_args(body)):
            scale = -body / Mul(conjugate, *fields)
        elif not fields and all(isinstance(s, Index) for s in conjugate.slots):
            rest = tuple(i for i in indices if i not in conjugate.slots)
            enforced = conjugate.slots, Total(body / conjugate, *rest) if rest else body / conjugate
    if scale is None or enforced is None:
        return None
    slots, value = enforced
    names = dict(zip(slots, without_primes(slots), strict=True))
    element = Element(field.label, *names.values())
    return element, (value / scale).xreplace(names)


# --- what an ansatz sets ----------------------------------------------------------------------

_CASES = {
    1: [r"\text{for } a \neq b"],
    2: [r"\text{in different blocks}", r"\text{in one block, } a \neq b"],
}


def _values(step: Step) -> list[Line]:
    rule, over = step.details
    labels = [v.label for v in step.before.variables if set(v.label.ranges) == {over}]
    names = {label.name for label in labels}
    after = {v.name: v.element for v in step.after.variables if not v.label.ranges}
    chosen = [
        label for label in labels if label.name.removesuffix("hat") not in names - {label.name}
    ]
    return [line for label in chosen for line in _form(label, rule.names, after)]


def _form(label: Label, suffixes: tuple[str, ...], after: dict[str, Element]) -> list[Line]:
    """A vector or matrix over the replicas by the numbers that it consists of."""
    pieces = [after.get(f"{label.name}{suffix}") for suffix in suffixes]
    if len(label.ranges) == 1:
        whole = after.get(label.name)
        return [] if whole is None else [(_indexed(label), "=", _tex(whole))]
    diagonal = after.get(f"{label.name}_d", label.diagonal)
    if None in pieces or diagonal is None:
        return []
    cases = [rf"{_tex(p)} & {case}" for p, case in zip(pieces, _CASES[len(pieces)], strict=True)]
    cases.append(rf"{_tex(diagonal)} & \text{{for }} a = b")
    body = r" \\ ".join(cases)
    return [(_indexed(label), "=", rf"\begin{{cases}} {body} \end{{cases}}")]


def _indexed(label: Label) -> str:
    slots = (Index(name, over) for name, over in zip("ab", label.ranges, strict=False))
    return _tex(Element(label, *slots))


def _tex(expr: Any) -> str:
    return str(Typesetter().doprint(expr))
