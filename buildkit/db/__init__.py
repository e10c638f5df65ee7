"""The development database: a PostgreSQL server for each project, which starts by itself.

programs        PostgreSQL's server programs: the system's, or those of the extra `postgres`
cluster         an empty cluster, made by initdb once and copied for every further project
ownership       whose a folder, a process and a port are, before anything of theirs is trusted
development     the server of one project: started once, adopted ever after
users           who uses it, and who stops it
revision_texts  whether a revision is still what it was when it was applied
records         which databases there are, in a file beside them
choice          which of them fits the present revisions; pure
databases       the statements: copy, drop, rename
copies          one database for each head: taken up, cloned, replaced, pruned
looks           which copy is the present one, and whether it was made anew meanwhile
"""
