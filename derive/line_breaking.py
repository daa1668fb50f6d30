r"""Break long formulas over lines, by the width that their LaTeX takes on paper.

A formula is cut into pieces that must stay together (a letter with its scripts, a fraction, a
matrix).  A line may end before a sum sign, plus, minus or equals sign, the shallower in brackets
the better; brackets that are cut are given a fixed size, since ``\left`` and ``\right`` cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

__all__ = ["LINE", "aligned", "aligned_rows", "broken", "fits", "rows", "width"]

LINE = 42.0  # em: a little less than the text width of the documents, about a notebook's

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[^\\]", re.DOTALL)
_ARGUMENTS = {  # commands with braces that belong to them: how many
    **dict.fromkeys(
        [
            "hat",
            "bar",
            "tilde",
            "dot",
            "ddot",
            "vec",
            "acute",
            "grave",
            "mathrm",
            "mathcal",
            "mathbb",
            "mathbf",
            "text",
            "operatorname",
            "operatorname*",
            "sqrt",
            "left",
        ],
        1,
    ),
    **dict.fromkeys(["frac", "tfrac", "dfrac", "binom", "underset", "overset"], 2),
} | {"left": 0}
_STACKED = {"frac", "tfrac", "dfrac", "binom", "underset", "overset"}
_EM = {
    **dict.fromkeys([r"\sum", r"\prod"], 1.5),
    **dict.fromkeys([r"\int"], 1.1),
    **dict.fromkeys([r"\,"], 0.17),
    **dict.fromkeys([r"\:", r"\;", r"\ "], 0.3),
    **dict.fromkeys([r"\quad"], 1.0),
    **dict.fromkeys([r"\qquad"], 2.0),
    **dict.fromkeys([r"\!", "{", "}", r"\displaystyle"], 0.0),
    **dict.fromkeys(list("+-=<>") + [r"\pm", r"\simeq", r"\approx", r"\sim", r"\in", r"\to"], 1.35),
    **dict.fromkeys([r"\cdot"], 0.75),
    **dict.fromkeys([r"\infty"], 1.0),
    **dict.fromkeys(list("()[]|.,;:!/'") + [r"\{", r"\}", r"\lvert", r"\rvert"], 0.42),
}
_WORDS = re.compile(
    r"\\(?:ln|log|exp|tanh|cosh|sinh|coth|tan|cos|sin|max|min|det|sup|inf|lim|Pr|arg|deg|dim|ker)"
)
_BREAKS = {"+": 0, "-": 0, "=": 0, r"\simeq": 0, r"\approx": 0, r"\int": 1, r"\sum": 1, r"\prod": 1}
_BREAKS |= {r"\exp": 1, r"\qquad": 0}
_OPENING, _CLOSING = ("(", "[", r"\{"), (")", "]", r"\}")
_DEPTH_COST = 3


@dataclass(frozen=True)
class _Piece:
    """What stays together: its LaTeX, its width, and where a line may end."""

    text: str
    width: float
    cost: int | None  # of a break before it; None if there may be none
    depth: int
    delimiter: str = ""  # "left" or "right" of a pair that stretches


def width(latex: str) -> float:
    """The approximate width in em of a formula on one line."""
    return sum(piece.width for piece in _pieces(latex))


def broken(latex: str, limit: float = LINE, first: float = 0.0) -> list[str]:
    r"""The lines of a formula, none longer than `limit` em where that is possible.

    Parameters
    ----------
    latex : str
        The formula.
    limit : float
        The width of a line in em.
    first : float
        What stands on the first line before the formula, in em.

    Examples
    --------
    >>> broken("a + b + c", limit=4)
    ['a + b', '+ c']
    """
    lines: list[list[_Piece]] = []
    rest, room = list(_pieces(latex)), limit - first
    while rest and sum(p.width for p in rest) > room:
        position = _best_break(rest, room)
        if position is None:
            break
        lines.append(rest[:position])
        rest, room = rest[position:], limit - 2.0  # the continuation is indented
    lines.append(rest)
    if len(lines) == 1:
        return [latex]
    texts = ("".join(p.text for p in line).strip() for line in _unstretched(lines))
    return [text.removesuffix(r"\,").strip() for text in texts]


def fits(line: tuple[str, ...], limit: float = LINE) -> bool:
    """Whether a line (left, relation, right), once broken, is no wider than the limit."""
    left, relation, right = line
    head = width(left) + width(relation)
    start, *continued = broken(right, limit, first=head)
    return head + width(start) <= limit and all(2.0 + width(c) <= limit for c in continued)


def aligned(lines: list[tuple[str, ...]], limit: float = LINE) -> str:
    r"""Lines (left, relation, right) under each other, the long ones broken.

    Examples
    --------
    >>> aligned([("Z", "=", "a")])
    'Z = a'
    >>> print(aligned([("x", "=", "a"), ("y", "=", "b")]))
    \begin{aligned}
    x &= a \\
    y &= b
    \end{aligned}
    """
    return aligned_rows(rows(lines, limit))


def rows(lines: list[tuple[str, ...]], limit: float = LINE) -> list[tuple[str, str]]:
    """The rows of lines (left, relation, right), each row (left of the alignment, right of it)."""
    found = []
    for left, relation, right in lines:
        start, *continued = broken(right, limit, first=width(left) + width(relation))
        found.append((left, f"{relation} {start}".strip()))
        found += [("", rf"\qquad {line}") for line in continued]
    return found


def aligned_rows(found: list[tuple[str, str]]) -> str:
    """Rows under each other."""
    if len(found) == 1:
        return f"{found[0][0]} {found[0][1]}".strip()
    body = " \\\\\n".join(f"{left} &{right}".strip() for left, right in found)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _best_break(pieces: list[_Piece], room: float) -> int | None:
    """The cheapest place that fits and leaves a line at least a third full, the last of these."""
    used, found = 0.0, None
    for k, piece in enumerate(pieces):
        if used > room and found is not None:
            break
        if k and piece.cost is not None and (used > room / 3 or (found is None and used > room)):
            cost = piece.cost + _DEPTH_COST * piece.depth
            if found is None or cost <= found[0]:
                found = (cost, k)
        used += piece.width
    return found[1] if found else None


def _pieces(latex: str) -> Iterator[_Piece]:
    tokens = _TOKEN.findall(latex)
    position, depth, operand = 0, 0, False
    while position < len(tokens):
        start = position
        token = tokens[position]
        stretches = token.lstrip("\\") if token in (r"\left", r"\right") else ""
        opening = token == r"\left" or token in _OPENING
        closing = token == r"\right" or token in _CLOSING
        span, position = _unit(tokens, position)
        depth = max(depth - closing, 0)
        cost = _BREAKS.get(token)
        if token in "+-" and not operand:  # a sign, not an operation
            cost = None
        if cost == 1 and not operand:  # what a logarithm or a bracket opens stays with it
            cost = None
        yield _Piece("".join(tokens[start:position]), span, cost, depth, stretches)
        depth += opening
        if not token.isspace():
            operand = not (opening or token in (*_BREAKS, r"\,", "_", "^") or token == r"\ln")
            operand = operand or token in (r"\,",)


def _unit(tokens: list[str], position: int) -> tuple[float, int]:
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
    if name not in _ARGUMENTS:
        return _glyph(token), position
    if name == "sqrt" and position < len(tokens) and tokens[position] == "[":
        position = tokens.index("]", position) + 1
    spans = []
    for _ in range(_ARGUMENTS[name]):
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
        inner, position = _unit(tokens, position)
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


def _unstretched(lines: list[list[_Piece]]) -> list[list[_Piece]]:
    r"""The lines, where ``\left`` and ``\right`` on different ones become ``\biggl``, ``\biggr``."""
    fixed = [list(line) for line in lines]
    open_at: list[tuple[int, int]] = []
    for row, line in enumerate(lines):
        for column, piece in enumerate(line):
            if piece.delimiter == "left":
                open_at.append((row, column))
            elif piece.delimiter == "right" and open_at:
                above, place = open_at.pop()
                if above != row:
                    for r, c in ((above, place), (row, column)):
                        fixed[r][c] = _of_fixed_size(lines[r][c])
    return fixed


def _of_fixed_size(piece: _Piece) -> _Piece:
    side = "l" if piece.delimiter == "left" else "r"
    delimiter = piece.text.removeprefix(rf"\{piece.delimiter}")
    return replace(piece, text=rf"\bigg{side}{delimiter}")
