"""The development loop: watch the project, keep the service running, answer each change with the least work."""
