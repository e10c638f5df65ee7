"""Makes what is due, stages and pieces, in a new generation."""
