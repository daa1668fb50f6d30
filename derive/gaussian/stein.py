"""Averages of polynomials times steps of linear forms, by Stein's lemma.

<x_i g> = <x_i> <g> + sum_j cov(i, j) <d_j g>  [C. Stein, Ann. Statist. 9, 1135 (1981), lemma 1].
The derivative of a step theta(f) is delta(f): it leaves the density of f at zero times an average
given f = 0, in which that step is gone.  Without steps this is the theorem of Isserlis and Wick.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Poly, S, exp, pi, sqrt

from derive.gaussian.gram import Given, Gram
from derive.gaussian.orthants import Steps, independent, probability

__all__ = ["Moments"]

Powers = tuple[int, ...]


class Moments:
    """The averages of monomials times steps, each computed once.

    Parameters
    ----------
    gram : Gram
        Of the variables.
    variables : sequence of Symbol
        Those that occur in polynomials.
    """

    def __init__(self, gram: Gram, variables: Any) -> None:
        self.gram = gram
        self.variables = tuple(variables)
        self._forms = tuple(gram.add(v) for v in self.variables)
        self._known: dict[Any, Expr] = {}

    def average(self, polynomial: Expr, steps: Steps, given: Given) -> Expr:
        """The average of a polynomial times steps, given that some forms vanish."""
        parts = Poly(polynomial, *self.variables).terms()
        return Add(*(c * self._monomial(powers, steps, given) for powers, c in parts))

    def _monomial(self, powers: Powers, steps: Steps, given: Given) -> Expr:
        key = (powers, steps, given)
        if key not in self._known:
            self._known[key] = Add(
                *(c * self._reduced(powers, kept, given) for c, kept in self._merged(steps, given))
            )
        return self._known[key]

    def _merged(self, steps: Steps, given: Given) -> Any:
        return independent(self.gram, steps, given) if steps else [(S.One, steps)]

    def _reduced(self, powers: Powers, steps: Steps, given: Given) -> Expr:
        """One factor x_i less; a variable without a step of its own leaves fewer terms."""
        present = [i for i, power in enumerate(powers) if power]
        if not present:
            return probability(self.gram, steps, given)
        i = min(present, key=lambda k: (self._forms[k] in steps, k))
        return Add(*self._lowered(i, _less(powers, i), steps, given))

    def _lowered(self, i: int, powers: Powers, steps: Steps, given: Given) -> Any:
        gram, form, below = self.gram, self._forms[i], self.gram.determinant(given)
        level = gram.level(form, given)
        if level != 0:
            yield level / below * self._monomial(powers, steps, given)
        for j, power in enumerate(powers):
            shared = gram.shared(form, self._forms[j], given) if power else S.Zero
            if shared != 0:
                yield power * shared / below * self._monomial(_less(powers, j), steps, given)
        for k in steps:
            shared = gram.shared(form, k, given)
            if shared != 0:
                spread = sqrt(2) * sqrt(pi) * sqrt(below) * sqrt(gram.shared(k, k, given))
                others = tuple(s for s in steps if s != k)
                inner = self._monomial(powers, others, tuple(sorted((*given, k))))
                yield shared / spread * exp(gram.root_exponent(k, given)) * inner


def _less(powers: Powers, i: int) -> Powers:
    return (*powers[:i], powers[i] - 1, *powers[i + 1 :])
