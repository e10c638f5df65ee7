"""Finds the modules to compile and the tools for it, translates sources to C, and records what a translation read."""
