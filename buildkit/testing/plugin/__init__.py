"""The folder with the plugin for pytest: a session of Nox puts it on the path of a Python without the suite."""
