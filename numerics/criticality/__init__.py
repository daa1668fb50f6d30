"""Criticality: where a state loses its stability, along which mode, and what branches off."""

from numerics.criticality.critical import critical
from numerics.criticality.result import Bifurcation, Criticality, CriticalStatus, Landau

__all__ = ["Bifurcation", "CriticalStatus", "Criticality", "Landau", "critical"]
