"""Plans of nodes and weights for averages over a standard normal, chosen for a box of parameters.

`singularities` reads off the integrand where it is not analytic, `adaptive` integrates it at
samples of the box (`box`) by an independent method, `rules` makes tables of nodes, and `plan`
takes the fewest nodes that agree with that reference to the tolerance.
"""

from numerics.quadrature.plan import Plan, plan

__all__ = ["Plan", "plan"]
