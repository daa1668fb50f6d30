"""Typesetting: LaTeX, pages that fold, and documents."""
