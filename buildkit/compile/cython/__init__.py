"""Cython: a source becomes C, in a warm child process that has Cython loaded and whose reads are recorded."""
