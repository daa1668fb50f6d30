"""The moves: pure functions from an ensemble to the next one, with their kind and assumptions."""
