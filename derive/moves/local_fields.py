r"""Name the linear forms of the disorder, so that it enters the exponent linearly.

    1 = int dh int_{-i oo}^{i oo} (d hhat / 2 pi i) exp(hhat (D - h))

for every D = sum_j x_j w_j / sqrt(N) inside a weight or another non-linear function.  Each local
field h then carries the function, and the disorder stands in the term with its conjugate alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from sympy import Expr, I, Lambda, Mul, Symbol, log, pi, sqrt, sympify

from derive.ensemble import Ensemble, check_new_names, elements_of, terms
from derive.errors import MoveError
from derive.indices import Index, Label, free_indices
from derive.matching import replace_sum, same_up_to_free_names, scaled_sum
from derive.measures import Continuous
from derive.moves.replicate import is_extensive
from derive.step import Moved
from derive.total import Total, components
from derive.variables import Variable

__all__ = ["linear_forms", "local_fields"]

_y = Symbol("y")
# d y / 2 pi along the imaginary axis: the conjugate of a delta function of unit weight
CONJUGATE = Continuous(direction=I, log_weight=Lambda(_y, -log(2) - log(pi)))


def local_fields(ensemble: Ensemble, *names: str, **definitions: Any) -> Moved:
    """Name linear forms of the disorder by local fields with conjugates.

    Parameters
    ----------
    ensemble : Ensemble
        Whose weight, or exponent, is non-linear in sums ``sum_j x[j, mu]*w[j]`` over disorder.
    *names : str
        One name for each kind of linear form, in the order in which `linear_forms` finds them;
        each field is its sum over the square root of the number of terms.
    **definitions : Expr
        Instead, definitions by name, such as ``lam=total(w[j]*x[j, mu], j)/sqrt(N)``.

    Returns
    -------
    Moved
        With the fields (Lebesgue measure) and their conjugates, of name ``name + "hat"``.
        Kind: exact.

    Raises
    ------
    MoveError
        If the disorder enters linearly already, or the number of names is wrong.
    """
    given = {k: sympify(v) for k, v in definitions.items()}
    wanted = (_named(ensemble, names) if names or not given else {}) | given
    check_new_names(ensemble, *wanted, *(f"{name}hat" for name in wanted))
    for name, definition in wanted.items():
        ensemble = _introduced(ensemble, name, definition)
    return Moved(ensemble)


def _named(ensemble: Ensemble, names: tuple[str, ...]) -> dict[str, Expr]:
    forms = linear_forms(ensemble)
    if not forms:
        raise MoveError(
            "every disorder variable enters the exponent linearly already, and nothing else is "
            "linear in it: average it"
        )
    if len(forms) != len(names):
        listed = ", ".join(map(str, forms)) or "none"
        raise MoveError(
            f"the disorder stands in {len(forms)} kind(s) of linear form inside a non-linear "
            f"function ({listed}); {len(names)} name(s) were given"
        )
    return {
        name: form / sqrt(Mul(*(i.size for i in form.indices)))
        for name, form in zip(names, forms, strict=True)
    }


def linear_forms(ensemble: Ensemble) -> list[Total]:
    """The sums linear in a disorder variable that stand inside weights, powers or functions."""
    disorder = {v.label for v in ensemble.disorder}
    traced = set(ensemble.labels)
    found: dict[Total, None] = {}
    for expr in (*terms(ensemble.exponent), ensemble.weight):
        for node in _outermost_sums(expr):
            for form in _forms_in(node, disorder, expr == ensemble.weight):
                found.setdefault(form)
    alike: list[Total] = []
    for form in sorted(
        found, key=lambda f: (-len(free_indices(f)), not elements_of(f, traced), str(f))
    ):
        if not any(same_up_to_free_names(form, other) for other in alike):
            alike.append(form)
    return alike


def _outermost_sums(expr: Expr) -> Iterator[Expr]:
    """Sums, each with the power of it that a term has."""
    if isinstance(expr.as_base_exp()[0], Total):
        yield expr
    else:
        for arg in expr.args:
            if isinstance(arg, Expr) and arg.has(Total):
                yield from _outermost_sums(arg)


def _forms_in(node: Expr, disorder: set[Label], nonlinear: bool) -> Iterator[Total]:
    base, power = node.as_base_exp()
    if not elements_of(base, disorder):
        return
    inner = [t for t in base.body.atoms(Total) if elements_of(t, disorder)]
    if inner:  # a function of sums under a common sum
        yield from inner
        return
    factors = [f for f in Mul.make_args(base.body) if elements_of(f, disorder)]
    if len(factors) == 1 and factors[0].as_base_exp()[1] == 1:
        if nonlinear or power != 1:
            yield base
        return
    yield from _split_square(base, disorder)


def _split_square(node: Total, disorder: set[Label]) -> Iterator[Total]:
    """The components that holding the replicas, and the fewest further indices, leaves.

    Each has one disorder variable.
    """
    copies = tuple(i for i in node.indices if not is_extensive(i.range))
    others = tuple(i for i in node.indices if i not in copies)
    for count in range(len(others)):
        for shared in combinations(others, count):
            held = tuple(i for i in others if i not in shared)
            factors = [f for f in Mul.make_args(node.body) if free_indices(f) & set(held)]
            parts = [Total(Mul(*fs), *own) for fs, own in components(factors, held)]
            own = [p for p in parts if elements_of(p, disorder)]
            bare = all(_linear(p, disorder) for p in own)
            if len(own) > 1 and bare:
                yield from own
                return


def _linear(part: Expr, disorder: set[Label]) -> bool:
    if not isinstance(part, Total):
        return False
    factors = [f for f in Mul.make_args(part.body) if elements_of(f, disorder)]
    return len(factors) == 1 and factors[0].as_base_exp()[1] == 1


def _introduced(ensemble: Ensemble, name: str, definition: Expr) -> Ensemble:
    scale, quantity = scaled_sum(name, definition)
    free = tuple(sorted(free_indices(quantity), key=lambda i: (is_extensive(i.range), i.name)))
    field, dual = (Label(n, tuple(i.range for i in free)) for n in (name, f"{name}hat"))
    exponent = _replaced(ensemble.exponent, quantity, free, field, scale)
    weight = _replaced(ensemble.weight, quantity, free, field, scale)
    if exponent == ensemble.exponent and weight == ensemble.weight:
        raise MoveError(
            f"{name}: neither weight nor exponent contains {quantity}, up to the names of indices"
        )
    h, hhat = field[free], dual[free]
    return ensemble.replaced(
        variables=(*ensemble.variables, Variable(field, Continuous()), Variable(dual, CONJUGATE)),
        exponent=exponent + Total(hhat * (quantity / scale - h), *free),
        weight=weight,
    )


def _replaced(
    expr: Expr, quantity: Total, free: tuple[Index, ...], field: Label, scale: Expr
) -> Expr:
    return replace_sum(expr, quantity, free, lambda *slots: scale * field[slots])
