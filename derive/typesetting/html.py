"""Derivations for notebooks: foldable steps as a page fragment, and the same as Markdown.

The fragment needs no network and no script: formulas stand between double dollars, which Jupyter
typesets, and every other dollar or backslash is kept from being read as mathematics.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.step import Kind, Step
from derive.typesetting.latex import latex_lines, latex_of
from derive.typesetting.line_breaking import aligned
from derive.typesetting.step_words import given_lines, sentence

__all__ = ["html_of", "markdown_of"]

_COLOURS = {  # dark enough for white letters
    Kind.EXACT: "#1b7837",
    Kind.ASYMPTOTIC: "#2166ac",
    Kind.APPROXIMATION: "#b35806",
    Kind.ANSATZ: "#762a83",
    Kind.CONTINUATION: "#a50f15",
}
_BADGE = "color:#fff;border-radius:0.7em;padding:0.05em 0.6em;font-size:85%;margin-left:0.5em"
_FRAME = "border-left:3px solid {colour};padding-left:0.8em;margin:0.4em 0"
_NOTE = "opacity:0.75;font-size:90%"
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+.!|$~<>&-])")


def html_of(obj: Any) -> str:
    """A page fragment that shows an object typeset; a derivation in foldable steps.

    Parameters
    ----------
    obj : Derivation or anything that `latex_of` takes
        What to show.

    Returns
    -------
    str
        HTML; formulas between double dollars.

    Examples
    --------
    >>> from sympy import symbols
    >>> x, y = symbols("x y")
    >>> html_of(x < y)
    '<div>$$x &lt; y$$</div>'
    """
    if not isinstance(obj, Derivation):
        return _formula(obj)
    steps = [_details(k, step) for k, step in enumerate(obj.steps, start=1)]
    return "\n".join(["<div>", _model(obj.start), *steps, "</div>"])


def markdown_of(obj: Any) -> str:
    """Markdown that shows an object typeset, where formulas in page fragments are not.

    Examples
    --------
    >>> from sympy import Symbol
    >>> print(markdown_of(Symbol("beta")))
    $$
    \\beta
    $$
    """
    if not isinstance(obj, Derivation):
        return _block(obj)
    parts = ["**Model**", _block(obj.start)]
    for number, step in enumerate(obj.steps, start=1):
        called = f"**{number}.** {_markdown(_call(step))} — *{step.kind}*"
        parts += [called, *(_markdown(words) for words in [sentence(step)] if words)]
        parts += [f"assumed: {_markdown(a)}" for a in step.assumptions]
        parts.append(f"$$\n{_step_latex(step)}\n$$")
    return "\n\n".join(parts)


def _model(ensemble: Ensemble) -> str:
    colour = "var(--jp-border-color1, #888)"
    head = "<summary><b>Model</b></summary>"
    return _folded(colour, head, _formula(ensemble))


def _details(number: int, step: Step) -> str:
    colour = _COLOURS[step.kind]
    badge = f'<span style="background:{colour};{_BADGE}">{step.kind}</span>'
    head = f"<summary>{number}. <code>{escape(_call(step))}</code>{badge}</summary>"
    assumed = [f'<div style="{_NOTE}">assumed: {_prose(a)}</div>' for a in step.assumptions]
    words = [f"<div>{_prose(words)}</div>" for words in [sentence(step)] if words]
    formula = f"<div>$${escape(_step_latex(step), quote=False)}$$</div>"
    return _folded(colour, head, *words, *assumed, formula)


def _step_latex(step: Step) -> str:
    """What comes after a step, and what its new symbols stand for."""
    return aligned([*latex_lines(step.after), *given_lines(step)])


def _folded(colour: str, *parts: str) -> str:
    return f'<details open style="{_FRAME.format(colour=colour)}">{"".join(parts)}</details>'


def _formula(obj: Any) -> str:
    return f"<div>$${escape(latex_of(obj), quote=False)}$$</div>"


def _block(obj: Any) -> str:
    return f"$$\n{latex_of(obj)}\n$$"


def _call(step: Step) -> str:
    return f"{step.move}({step.arguments})"


def _prose(text: str) -> str:
    """Prose in which no dollar or backslash can start a formula."""
    return re.sub(r"[$\\]", lambda found: f"<code>{found[0]}</code>", escape(text))


def _markdown(text: str) -> str:
    return _MARKDOWN_SPECIAL.sub(r"\\\1", " ".join(text.split()))
