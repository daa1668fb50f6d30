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
        test = f"good = good && {_inside(layout.domains[k])};"
        lines += _each(layout, layout.names[k], layout.input_sizes(k), test)
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
        lines.append(f"for (size_t e = 0; e < {total}; ++e) {name}[e] = NAN;")
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
            lines.append(f"for (size_t e = 0; e < {layout.places.count(domain.shape)}; ++e) {{")
            lines += [f"    {test}".replace("{}", f"{name}[e]"), "}"]
            lines += _structure(layout, domain, name)
    return lines


def _each(layout: Layout, name: str, sizes: Sequence[Expr], statement: str) -> list[str]:
    """A statement for the entry of a point, or for each of its entries."""
    if not sizes:
        return [statement.replace("{}", f"{name}[start + lane]")]
    count = layout.places.count(sizes)
    entry = f"{name}[(start + lane) * {bracketed(count)} + e]"
    head = f"for (size_t e = 0; e < {count}; ++e) {{"
    return [head, f"    {statement.replace('{}', entry)}", "}"]


def _structure(layout: Layout, domain: Domain, name: str) -> list[str]:
    """Whether a matrix is symmetric, up to rounding, and zero on its diagonal where declared so."""
    if not (domain.symmetric or domain.zero_diagonal):
        return []
    size = layout.places.lengths[domain.shape[0]]
    lines, tests = [], []
    if domain.symmetric:
        lines = [
            "double largest = 0.0;",
            f"for (size_t e = 0; e < {size} * {size}; ++e) {{",
            f"    largest = larger(largest, fabs({name}[e]));",
            "}",
        ]
        apart = f"fabs({name}[e * {size} + f] - {name}[f * {size} + e])"
        tests.append(f"allowed = allowed && {apart} <= 0x1p-48 * largest;")
    if domain.zero_diagonal:
        tests.append(f"allowed = allowed && (e != f || {name}[e * {size} + f] == 0.0);")
    loops = [
        f"for (size_t e = 0; e < {size}; ++e) {{",
        f"    for (size_t f = 0; f < {size}; ++f) {{",
        *indented(indented(tests)),
        "    }",
        "}",
    ]
    return ["{", *indented([*lines, *loops]), "}"]


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
