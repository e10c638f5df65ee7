"""The declared stages and their present inputs: files, variables, code, and the items of stages in pieces."""
