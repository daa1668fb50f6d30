r"""How names are typeset: Greek letters, accents, primes and subscripts, anything else verbatim.

A name that reads as ``base``, digits and subscripts (``beta``, ``mhat``, ``J0``, ``w_in``, ``i'``)
is typeset as a physicist writes it; any other string is set upright with every character escaped,
so that no name, however odd, can break a formula, a page or a document.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["is_greek", "latex_name", "latex_text", "subscripted"]

_LOWER = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
    "varepsilon",
    "vartheta",
    "varpi",
    "varrho",
    "varsigma",
    "varphi",
    "ell",
]
_UPPER = [
    "Gamma",
    "Delta",
    "Theta",
    "Lambda",
    "Xi",
    "Pi",
    "Sigma",
    "Upsilon",
    "Phi",
    "Psi",
    "Omega",
]
_GREEK = {name: rf"\{name}" for name in (*_LOWER, *_UPPER)} | {
    "lamda": r"\lambda",
    "lam": r"\lambda",
}
_ACCENTS = {
    "hat": r"\hat",
    "bar": r"\bar",
    "tilde": r"\tilde",
    "ddot": r"\ddot",
    "dot": r"\dot",
    "vec": r"\vec",
}
_WORDS = {"hbar": r"\hbar"}
_READABLE = re.compile(r"\\?(?P<base>[A-Za-z]+)(?P<digits>\d*)(?P<subs>(?:_[A-Za-z0-9,]+)*)")
_ESCAPED = {
    **{character: rf"\{character}" for character in "%&#_${}"},
    "\\": r"\backslash ",
    "^": r"\hat{\ }",
    "~": r"\sim ",
    "`": r"\grave{\ }",
    '"': "{''}",
    "'": r"{'}",
    " ": r"\ ",
}
_TEXT = {
    **{character: rf"\{character}" for character in "%&#_${}"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "`": r"\textasciigrave{}",
    '"': "''",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "-": "-{}",  # no ligature to a dash
}
_TEXT_ACCENTS = {"GRAVE": "`", "ACUTE": "'", "CIRCUMFLEX": "^", "TILDE": "~", "DIAERESIS": '"'}
_MATH_ACCENTS = {
    "GRAVE": r"\grave",
    "ACUTE": r"\acute",
    "CIRCUMFLEX": r"\hat",
    "TILDE": r"\tilde",
    "DIAERESIS": r"\ddot",
}
_BREAKABLE = 24  # characters of a word after which a line may end


@dataclass(frozen=True)
class _Name:
    """A name taken apart: what stands on the line, the subscripts, and the primes."""

    base: str
    subscripts: tuple[str, ...] = ()
    primes: str = ""


def latex_name(name: str) -> str:
    r"""The LaTeX of a name.

    Examples
    --------
    >>> [latex_name(name) for name in ("beta", "mhat", "J0", "w_in", "i'", "x_$y%")]
    ['\\beta', '\\hat{m}', 'J_{0}', 'w_{\\mathrm{in}}', "i'", '\\mathrm{x\\_\\$y\\%}']
    """
    return subscripted(name, "")


def subscripted(name: str, slots: str) -> str:
    r"""The LaTeX of a name with slots: they join the subscripts that the name brings.

    Examples
    --------
    >>> subscripted("J0", "i j"), subscripted("x'", "i")
    ('J_{0,i j}', "x_{i}'")
    """
    parts = _parse(name)
    below = ",".join(part for part in (*parts.subscripts, slots) if part)
    return parts.base + (f"_{{{below}}}" if below else "") + parts.primes


def is_greek(name: str) -> bool:
    """Whether a name is typeset as a Greek letter."""
    found = _READABLE.match(name)
    return found is not None and found["base"] in _GREEK


def _parse(name: str) -> _Name:
    stem = name.rstrip("'")
    primes = name[len(stem) :]
    found = _READABLE.fullmatch(re.sub(r"_\{([A-Za-z0-9,]+)\}", r"_\1", stem))
    if not found:
        return _Name(rf"\mathrm{{{_escaped(name)}}}" if name else r"\mathrm{?}")
    subscripts = [found["digits"]] if found["digits"] else []
    for part in found["subs"].split("_")[1:]:
        subscripts.append(",".join(_letters(piece) for piece in part.split(",") if piece))
    return _Name(_letters(found["base"]), tuple(subscripts), primes)


def _letters(word: str) -> str:
    """A word of letters and digits: a letter, a Greek letter, an accented one, or upright."""
    if len(word) == 1 or word.isdigit():
        return word
    if word in _GREEK or word in _WORDS:
        return _GREEK.get(word) or _WORDS[word]
    for ending, accent in _ACCENTS.items():
        stem = word.removesuffix(ending)
        if stem != word and (len(stem) == 1 or stem in _GREEK):
            return rf"{accent}{{{_GREEK.get(stem, stem)}}}"
    return rf"\mathrm{{{word}}}"


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(c) or _character(c) for c in text)


def _character(character: str) -> str:
    """One character in mathematics: itself if ASCII, else accented, Greek or its number."""
    if character.isascii() and character.isprintable():
        return character
    name = unicodedata.name(character, "")
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", name)
    if greek:
        word = greek[2].lower().replace("lamda", "lambda")
        word = word if greek[1] == "SMALL" else word.capitalize()
        if word in _GREEK:
            return rf"{_GREEK[word]} "
    return _accented(character, _MATH_ACCENTS) or rf"U{ord(character):04X}"


def _accented(character: str, accents: dict[str, str]) -> str:
    base, *marks = list(unicodedata.normalize("NFD", character))
    if not (base.isascii() and base.isalpha()) or len(marks) != 1:
        return ""
    words = unicodedata.name(marks[0], "").split()  # such as COMBINING ACUTE ACCENT
    accent = accents.get(words[1]) if len(words) > 1 else None
    return rf"{accent}{{{base}}}" if accent else ""


def latex_text(text: str) -> str:
    r"""Prose in LaTeX, with every special character escaped and very long words breakable.

    Examples
    --------
    >>> latex_text("100% of x_1 < y")
    '100\\% of x\\_1 \\textless{} y'
    """
    return " ".join(_word(word) for word in text.split())


def _word(word: str) -> str:
    parts = [word[k : k + _BREAKABLE] for k in range(0, len(word), _BREAKABLE)]
    return r"\hspace{0pt}".join("".join(map(_letter, part)) for part in parts)


def _letter(character: str) -> str:
    if character in _TEXT:
        return _TEXT[character]
    if character.isascii() and character.isprintable():
        return character
    return _accented(character, {k: rf"\{v}" for k, v in _TEXT_ACCENTS.items()}) or (
        "--" if character in "–—" else rf"[U+{ord(character):04X}]"
    )
