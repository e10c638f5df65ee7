"""mypyc: all typed modules of a project become C at once, in a child process for each translation."""
