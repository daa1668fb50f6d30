"""Patterns stored by a perceptron at finite size: exact counts, margins, and random solutions.

A perceptron with weights w stores p patterns x of n inputs with labels y at margin kappa if

    y x.w / sqrt(n) >= kappa    for every pattern,    |w|**2 = n.

Each result says what is proved: a vector that stores the patterns, multipliers that exclude one, or
no more than that a search found nothing.

* what is stored: `random_patterns`
* how many labellings can be stored at all: `cover`, `dichotomies`
* whether these patterns can be, and at which margin: `separable`, `max_margin`, `local_search`
* all solutions: `version_space`, and of the Ising perceptron `ising_solutions`
* how many random patterns can be, on average: `capacity`, `quenched`
"""

from numerics.storage.capacity import Capacity, capacity
from numerics.storage.cover import cover, dichotomies
from numerics.storage.feasibility import separable
from numerics.storage.ising import IsingSolutions, ising_solutions
from numerics.storage.margin import max_margin
from numerics.storage.patterns import random_patterns
from numerics.storage.quenched import quenched
from numerics.storage.search import Search, local_search
from numerics.storage.separation import Separation
from numerics.storage.verdict import Verdict
from numerics.storage.version_space import VersionSpace, version_space

__all__ = [
    "Capacity",
    "IsingSolutions",
    "Search",
    "Separation",
    "Verdict",
    "VersionSpace",
    "capacity",
    "cover",
    "dichotomies",
    "ising_solutions",
    "local_search",
    "max_margin",
    "quenched",
    "random_patterns",
    "separable",
    "version_space",
]
