"""The project as plain Python against its compiled form: what can be seen of a module, and what its tests say."""
