"""Modules of Cython: each is translated by itself, as an action by content, and then compiled and linked."""
