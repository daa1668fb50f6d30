r"""Break long formulas over lines, by the width that their LaTeX takes on paper.

A formula is cut into pieces that must stay together (a letter with its scripts, a fraction, a
matrix).  A line may end before a sum sign, plus, minus or equals sign, the shallower in brackets
the better; brackets that are cut are given a fixed size, since ``\left`` and ``\right`` cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derive.typesetting.latex_width import tokens_of, unit_width, width

__all__ = ["LINE", "aligned", "aligned_rows", "broken", "fits", "rows"]

LINE = 42.0  # em: a little less than the text width of the documents, about a notebook's

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
    tokens = tokens_of(latex)
    position, depth, operand = 0, 0, False
    while position < len(tokens):
        start = position
        token = tokens[position]
        stretches = token.lstrip("\\") if token in (r"\left", r"\right") else ""
        opening = token == r"\left" or token in _OPENING
        closing = token == r"\right" or token in _CLOSING
        span, position = unit_width(tokens, position)
        depth = max(depth - closing, 0)
        # A sign, or what a logarithm or a bracket opens, stays with what precedes it.
        cost = _BREAKS.get(token) if operand else None
        yield _Piece("".join(tokens[start:position]), span, cost, depth, stretches)
        depth += opening
        if not token.isspace():
            operand = not (opening or token in _BREAKS or token == r"\ln")


def _unstretched(lines: list[list[_Piece]]) -> list[list[_Piece]]:
    r"""The lines; ``\left`` and ``\right`` on different ones become ``\biggl``, ``\biggr``."""
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
