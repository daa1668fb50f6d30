"""What a saved file says of itself, for whoever opens it without the toolkit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version

from numerics.averages import Quadrature
from numerics.certificate import Certificate
from numerics.export.subject import Domain, Subject
from numerics.export.text import shown

__all__ = ["certificate_lines", "domain_text", "notes", "parameter", "provenance", "rules"]

PACKAGES = ("saddlepoint", "sympy", "mpmath", "numpy", "scipy")


def notes(subject: Subject, certificate: Certificate | None) -> list[tuple[str, list[str]]]:
    """The formulas, how averages are evaluated, the certificate: each under its title."""
    formulas = [
        f"{shown(name)} = {shown(str(expr))}" for name, expr in subject.kernel.equations.expressions
    ]
    found = [("The formulas", formulas)]
    if subject.rules:
        found.append(("How the averages over normal variables are evaluated", rules(subject.rules)))
    found.append(("The certificate", certificate_lines(certificate)))
    return found


def parameter(domain: Domain, name: str) -> str:
    """What an argument is and where its values may lie."""
    given = domain.given
    words = [domain_text(domain, name if not given.ranges else "entries")]
    kinds = (
        (domain.integer, "integer"),
        (domain.symmetric, "symmetric"),
        (domain.zero_diagonal, "zero on the diagonal"),
    )
    words += [word for holds, word in kinds if holds]
    written = f"; written {shown(given.name)} below" if shown(given.name) != name else ""
    return ", ".join(words) + written


def domain_text(domain: Domain, name: str) -> str:
    """The interval of an argument in words."""
    (low, with_low), (high, with_high) = domain.low, domain.high
    lower = f"{low!r} {'<=' if with_low else '<'} " if low > -math.inf else ""
    upper = f" {'<=' if with_high else '<'} {high!r}" if high < math.inf else ""
    return f"{lower}{name}{upper}" if lower or upper else "any finite number"


def rules(found: Iterable[Quadrature]) -> list[str]:
    """How each average is evaluated."""
    return [
        f"{shown(row.average)}: {shown(row.rule)}"
        + (f", {row.nodes} nodes, relative error {row.estimate:.1e}" if row.nodes else "")
        + f", for {shown(row.box)}"
        for row in found
    ]


def certificate_lines(certificate: Certificate | None) -> list[str]:
    """The certificate in words, or how to get one."""
    if certificate is None:
        return ["None: save(..., certificate=True) makes one."]
    words = "u = 2**-53, K is the condition number: the sum of abs(x df/dx / f) over parameters"
    return [*map(shown, str(certificate).splitlines()), words]


def provenance(packages: Sequence[str] = PACKAGES) -> str:
    """What made the file."""
    return "Made by " + ", ".join(f"{name} {_version(name)}" for name in packages) + "."


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(from sources)"
