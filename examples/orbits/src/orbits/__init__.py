"""Satellite orbits: element sets in, passes over ground stations out."""
