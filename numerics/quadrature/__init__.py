"""Plans of nodes and weights for averages over a standard normal, chosen for a box of parameters.

A plan is made in this order: `pose` brings the average to the form that suits it, as a `problem` at
samples of the `box`; `singularities` reads off where the integrand is not analytic, and `adaptive`
integrates it by an independent method; `families` of `rules` are proposed, and `search` takes the
cheapest that agrees with the reference, also at fresh points; `plan` writes it as an expression.
"""

from numerics.quadrature.plan import Plan, plan

__all__ = ["Plan", "plan"]
