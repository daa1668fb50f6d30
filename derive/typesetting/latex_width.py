"""How wide a formula is on paper, estimated from its LaTeX.

A letter is about half an em; scripts are smaller; a fraction is as wide as its wider part.
"""

from __future__ import annotations

import re

__all__ = ["tokens_of", "unit_width", "width"]

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[^\\]", re.DOTALL)
_STACKED = {"frac", "tfrac", "dfrac", "binom", "underset", "overset"}
_WRAPPING = {"sqrt", "text", "operatorname", "operatorname*"}
_WRAPPING |= {"hat", "bar", "tilde", "dot", "ddot", "vec", "acute", "grave"}
_WRAPPING |= {"mathrm", "mathcal", "mathbb"}
_EM = {
    **dict.fromkeys([r"\sum", r"\prod"], 1.5),
    **dict.fromkeys([r"\int"], 1.1),
    **dict.fromkeys([r"\,"], 0.17),
    **dict.fromkeys([r"\:", r"\;", r"\ "], 0.3),
    **dict.fromkeys([r"\quad"], 1.0),
    **dict.fromkeys([r"\qquad"], 2.0),
    **dict.fromkeys([r"\!", "{", "}", r"\displaystyle"], 0.0),
    **dict.fromkeys([*"+-=<>", r"\pm", r"\simeq", r"\approx", r"\sim", r"\in", r"\to"], 1.35),
    **dict.fromkeys([r"\cdot"], 0.75),
    **dict.fromkeys([r"\infty"], 1.0),
    **dict.fromkeys([*"()[]|.,;:!/'", r"\{", r"\}", r"\lvert", r"\rvert"], 0.42),
}
_WORDS = re.compile(
    r"\\(?:ln|log|exp|tanh|cosh|sinh|coth|tan|cos|sin|max|min|det|sup|inf|lim|Pr|arg|deg|dim|ker)"
)


def width(latex: str) -> float:
    r"""The approximate width in em of a formula on one line.

    Examples
    --------
    >>> width("a + b") < width(r"\frac{a + b + c}{d}") < width("a + b + c + d")
    True
    """
    tokens, position, total = tokens_of(latex), 0, 0.0
    while position < len(tokens):
        span, position = unit_width(tokens, position)
        total += span
    return total


def tokens_of(latex: str) -> list[str]:
    """Commands and characters."""
    return _TOKEN.findall(latex)


def unit_width(tokens: list[str], position: int) -> tuple[float, int]:
    """The width of what starts here, with its arguments and scripts, and where it ends."""
    token = tokens[position]
    if token == r"\begin":
        return _environment(tokens, position)
    span, position = _core(tokens, position)
    scripts = 0.0
    while position < len(tokens) and tokens[position] in "_^'":
        if tokens[position] == "'":
            script, position = 0.3, position + 1
        else:
            inner, position = _argument(tokens, position + 1)
            script = 0.72 * inner
        scripts = max(scripts, script)
    limits = token in (r"\sum", r"\prod", r"\max", r"\min") or "operatorname*" in token
    return (max(span, scripts) if limits else span + scripts), position


def _core(tokens: list[str], position: int) -> tuple[float, int]:
    token = tokens[position]
    name = token.lstrip("\\") if len(token) > 1 else ""
    if token in (r"\left", r"\right"):
        return (0.0 if tokens[position + 1] == "." else 0.6), position + 2
    if token == "{":
        return _argument(tokens, position)
    position += 1
    if name not in _STACKED | _WRAPPING:
        return _glyph(token), position
    if name == "sqrt" and position < len(tokens) and tokens[position] == "[":
        position = tokens.index("]", position) + 1
    spans = []
    for _ in range(2 if name in _STACKED else 1):
        span, position = _argument(tokens, position)
        spans.append(span)
    if name in _STACKED:
        return max(spans) + 0.25, position
    return sum(spans) + (1.0 if name == "sqrt" else 0.0), position


def _argument(tokens: list[str], position: int) -> tuple[float, int]:
    """A group in braces, or one token, as an argument."""
    while position < len(tokens) and tokens[position].isspace():
        position += 1
    if position >= len(tokens):
        return 0.0, position
    if tokens[position] != "{":
        return _core(tokens, position)
    span, position = 0.0, position + 1
    while position < len(tokens) and tokens[position] != "}":
        inner, position = unit_width(tokens, position)
        span += inner
    return span, position + 1


def _environment(tokens: list[str], position: int) -> tuple[float, int]:
    """A matrix or cases: the sum over columns of the widest entry."""
    text = "".join(tokens[position:])
    name = re.match(r"\\begin\{(\w+)\}", text)
    end = text.index(rf"\end{{{name[1]}}}") if name else len(text)
    stop = end + len(rf"\end{{{name[1]}}}") if name else len(text)
    body = text[name.end() : end] if name else text
    rows = [[width(cell) for cell in row.split("&")] for row in body.split(r"\\")]
    columns = max(len(row) for row in rows)
    widest = (max((row[k] for row in rows if k < len(row)), default=0.0) for k in range(columns))
    count, taken = 0, 0
    while taken < stop:
        taken += len(tokens[position + count])
        count += 1
    return sum(widest) + 2.0 * (columns - 1) + 1.0, position + count


def _glyph(token: str) -> float:
    if token in _EM:
        return _EM[token]
    if token.isspace():
        return 0.0
    if _WORDS.fullmatch(token):
        return 0.5 * (len(token) - 1) + 0.17
    if token.isdigit():
        return 0.5
    return 0.8 if (token[-1].isupper() and len(token) == 1) or token[:1] == "\\" else 0.57
