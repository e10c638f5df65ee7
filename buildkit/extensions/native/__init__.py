"""C → object → extension: the actions of compiler and linker, what they rest on, what they are called with."""
