"""Gaussian averages as expressions: the node, its moves, and its closed forms."""
