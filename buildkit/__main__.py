"""`python -m buildkit COMMAND`."""

from buildkit.tasks.program import main

if __name__ == "__main__":
    main()
