"""The use cases, each one a readable list of steps: look → decide → do → record → report."""
