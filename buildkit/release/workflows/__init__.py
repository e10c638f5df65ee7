"""The files by which a CI service checks a project: made from its settings, its lock and its sessions.

facts           what was found out about the project
environment     the lines that make the environment in which all others run
checks          which jobs there are, and the lines of each: decided from the facts, the same for every service
github, gitlab  the jobs as the text that the service reads
pins            the actions of GitHub that are used, each at one commit
yaml            how values are written
seal            whether a file is as it was written, or was edited since
"""
