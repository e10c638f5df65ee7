"""What a .dockerignore file keeps out, decided as the Docker builder decides it.

The language resembles .gitignore and differs where it hurts: a pattern is anchored at the root of the context, a
trailing slash means nothing, `[^a]` negates and `[!a]` does not, `**name` is a plain test of the path's end, and a `!`
rule brings a file back from inside an excluded folder. The behaviour is that of moby/patternmatcher together with the
walk of tonistiigi/fsutil, which sends the context; a test compares with a real engine.

lines      the text of a file → its rules
rules      the verdict on a path with the rule that decides it, and which ignored folders are walked
sieve      the same verdict without the rule, for a hundred thousand paths
patterns   whether a path fits one pattern
regexps    the regular expression that a pattern stands for, in Python's words
"""
