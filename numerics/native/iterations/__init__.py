"""Iterations inside of compiled code: Newton's method and the damped fixed point in lanes."""
