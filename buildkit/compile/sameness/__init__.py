"""Keeps the meaning of Python in what Cython compiles: `lifting` says how, `functions` what is compiled at all."""
