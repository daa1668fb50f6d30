"""The functions of a C file: a block of points, and the loop over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from numerics.export.c_checks import judged, nothing, shared_checks
from numerics.export.c_layout import Layout
from numerics.export.c_nest import printed
from numerics.export.c_text import indented, reads, wrapped

__all__ = ["functions"]


def functions(layout: Layout, name: str) -> str:
    """`block`, and the function of this name that calls it for all points."""
    body = [*layout.locals(once=False), *printed(layout.nest, layout.nest.block, layout.places)]
    text = "\n".join(body)
    taken = {key: pair for key, pair in layout.taken().items() if reads(text, key)}
    declared = ", ".join(["size_t lanes", *(kind for kind, _ in taken.values())])
    handed = ", ".join(["lanes", *(value for _, value in taken.values())])
    block = [*wrapped(f"static void block({declared})"), "{", *indented(body), "}"]
    main = [*wrapped(layout.signature(name)), "{", *indented(_main(layout, handed)), "}"]
    return "\n".join([*block, "", *main])


def _main(layout: Layout, handed: str) -> list[str]:
    """The body of the function."""
    rooms, shared = layout.rooms(), shared_checks(layout)
    lines = ["size_t bad = 0;", *layout.locals(once=True)]
    lines += ["int allowed = 1;", *shared] if shared else []
    if rooms:
        total = " + ".join(rooms.values())
        lines.append(f"double *const room = malloc(sizeof(double) * ({total}));")
    work = [f"double *const {key} = room + {place};" for key, place in _starts(rooms)]
    work += printed(layout.nest, layout.nest.once, layout.places)
    turn = ["const size_t lanes = n - start < LANES ? n - start : LANES;"]
    turn += [*wrapped(f"block({handed});"), *judged(layout)]
    work += ["for (size_t start = 0; start < n; start += LANES) {", *indented(turn), "}"]
    usable = [*(["!room"] if rooms else []), *(["!allowed"] if shared else [])]
    if usable:
        head = f"if ({' || '.join(usable)}) {{"
        work = [head, *indented(nothing(layout)), "} else {", *indented(work), "}"]
    return [*lines, *work, *(["free(room);"] if rooms else []), "return bad;"]


def _starts(rooms: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Where each array begins in what was allocated."""
    before: list[str] = []
    for name, count in rooms.items():
        yield name, " + ".join(before) or "0"
        before.append(count)
