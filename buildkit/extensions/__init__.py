"""Extension modules: one build of a tree, from the look to the record. It joins the compilers and the store."""
