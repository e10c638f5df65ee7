"""The container's entrypoint: data gate, migration gate, then the service. Standard library only."""
