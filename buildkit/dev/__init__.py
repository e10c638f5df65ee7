"""The development loop: watches the project, keeps the service running, reacts to each change with the least work."""
