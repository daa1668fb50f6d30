"""Checks: both sides of every step at finite size, by sums and quadrature of their own."""
