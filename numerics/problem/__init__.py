"""A problem at numbers: parameters checked at the door, equations as functions of a state."""
