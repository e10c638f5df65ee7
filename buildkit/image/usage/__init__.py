"""Which of the packages that a project declares are used, by what, and what each costs.

`project` finds the files; `python_imports` and `cython_imports` read sources, `words` settings and commands, `texts`
what a text may name. What is installed says an interpreter (`installed_script`), read by `inventory`: a module's file
says whose it is, and `evidence` gives each use to those. `neighbours` looks for what installed packages do with each
other, `closure` for what goes where one goes; `verdicts` decides.
"""
