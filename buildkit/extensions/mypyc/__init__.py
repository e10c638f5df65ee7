"""Modules of mypyc: one translation of all, then each library and shim by itself, put in their places together."""
