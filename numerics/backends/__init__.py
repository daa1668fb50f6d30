"""Printers of the loop program, one per backend."""
