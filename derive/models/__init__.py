"""Models: each file states an ensemble and lists moves, and holds no final formula."""
