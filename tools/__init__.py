"""Scripts behind the targets of the Makefile; no part of the distribution."""
