"""The service's wheel: what its own backend makes, with the extensions of one Python added."""
