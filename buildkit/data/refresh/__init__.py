"""Making what is due, whole stages and stages in pieces, into a new generation."""
