"""The free entropy at its saddle: equations, response, fluctuations, criticality."""
