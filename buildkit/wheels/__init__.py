"""The service's wheel: the one that its own backend makes, with the extensions for one Python added."""
