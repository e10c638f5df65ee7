"""Programs that are compiled to be timed; modules of the standard library are put beside them."""
