"""Where arguments may lie, as C tells it, and what becomes of points without a result."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sympy import Expr

from numerics.export.c_layout import Layout
from numerics.export.c_nest import constant
from numerics.export.c_text import bracketed, indented
from numerics.export.subject import Domain

__all__ = ["judged", "nothing", "shared_checks"]


def judged(layout: Layout) -> list[str]:
    """Count the points of a block without a result, and mark them."""
    lines, marks = ["int good = 1;"], []
    for k in sorted(layout.varying):
        name, domain = layout.names[k], layout.domains[k]
        lines += _each(layout, name, domain.shape, f"good = good && {_inside(domain)};")
        first = f"{name} + (start + lane) * {bracketed(layout.places.count(domain.shape))}"
        lines += _structure(layout, domain, first, "good")
    for name, sizes in layout.results():
        lines += _each(layout, name, sizes, "good = good && isfinite({});")
        marks += _each(layout, name, sizes, "{} = NAN;")
    lines += ["if (!good) {", *indented([*marks, "++bad;"]), "}"]
    return ["for (size_t lane = 0; lane < lanes; ++lane) {", *indented(lines), "}"]


def nothing(layout: Layout) -> list[str]:
    """No point has a result."""
    lines = []
    for name, sizes in layout.results():
        total = " * ".join(["n", *([layout.places.count(sizes)] if sizes else [])])
        lines.append(f"for (size_t entry = 0; entry < {total}; ++entry) {name}[entry] = NAN;")
    return [*lines, "bad = n;"]


def shared_checks(layout: Layout) -> list[str]:
    """Whether what is one for all points lies in its domain."""
    ranges = [layout.names[k] for k in layout.sizes if layout.inputs[k].is_size]
    lines = [f"allowed = allowed && {name} > 0;" for name in ranges]
    for k, domain in layout.domains.items():
        name, test = layout.names[k], f"allowed = allowed && {_inside(domain)};"
        if k in layout.sizes:
            lines.append(test.replace("{}", f"(double){name}"))
        elif k not in layout.varying:
            body = [test.replace("{}", f"{name}[entry]")]
            lines += _loop("entry", layout.places.count(domain.shape), body)
            lines += _structure(layout, domain, name, "allowed")
    return lines


def _loop(name: str, count: str, body: Sequence[str]) -> list[str]:
    return [f"for (size_t {name} = 0; {name} < {count}; ++{name}) {{", *indented(body), "}"]


def _each(layout: Layout, name: str, sizes: Sequence[Expr], statement: str) -> list[str]:
    """A statement for the entry of a point, or for each of its entries."""
    if not sizes:
        return [statement.replace("{}", f"{name}[start + lane]")]
    count = layout.places.count(sizes)
    place = f"{name}[(start + lane) * {bracketed(count)} + entry]"
    return _loop("entry", count, [statement.replace("{}", place)])


def _structure(layout: Layout, domain: Domain, first: str, flag: str) -> list[str]:
    """Whether a matrix is symmetric, up to rounding, and zero on its diagonal where declared so."""
    if not (domain.symmetric or domain.zero_diagonal):
        return []
    size = layout.places.lengths[domain.shape[0]]
    lines, tests = [f"const double *const matrix = {first};"], []
    here, there = f"matrix[entry * {size} + other]", f"matrix[other * {size} + entry]"
    if domain.symmetric:
        lines.append("double largest = 0.0;")
        body = ["largest = larger(largest, fabs(matrix[entry]));"]
        lines += _loop("entry", f"{size} * {size}", body)
        tests.append(f"{flag} = {flag} && fabs({here} - {there}) <= 0x1p-48 * largest;")
    if domain.zero_diagonal:
        tests.append(f"{flag} = {flag} && (entry != other || {here} == 0.0);")
    lines += _loop("entry", size, _loop("other", size, tests))
    return ["{", *indented(lines), "}"]


def _inside(domain: Domain) -> str:
    """Whether a number, written as braces, lies in a domain; false for NaN."""
    (low, with_low), (high, with_high) = domain.low, domain.high
    tests = []
    if low > -math.inf:
        tests.append(f"{{}} {'>=' if with_low else '>'} {constant(low)}")
    if high < math.inf:
        tests.append(f"{{}} {'<=' if with_high else '<'} {constant(high)}")
    if len(tests) < 2:
        tests.append("isfinite({})")
    return " && ".join([*tests, *(["floor({}) == {}"] if domain.integer else [])])
