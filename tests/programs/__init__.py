"""A grammar of small programs, and what runs them plain and compiled: see `test_sameness_programs.py`."""
