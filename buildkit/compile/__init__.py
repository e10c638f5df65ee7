"""From a module's source to its extension: which modules, which tools, what one translation really read."""
