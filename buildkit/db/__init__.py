"""The development database: a PostgreSQL server for each project, which starts by itself.

programs        PostgreSQL's server programs: the system's, or those of the extra `postgres`
cluster         an empty cluster, made by initdb once and copied for every further project
ownership       whose a folder, a process and a port are, before anything of theirs is trusted
development     the server of one project: started once, adopted ever after
"""
