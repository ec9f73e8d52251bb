"""Triggers: what the sensors watch and what they ask for."""
