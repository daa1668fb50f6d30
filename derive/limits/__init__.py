"""Limits of free entropies: their asymptotic expansions, ground states, capacities."""
