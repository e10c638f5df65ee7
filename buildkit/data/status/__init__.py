"""How the data stands: which stages and pieces are due and why, what a start does, what is damaged. Changes nothing."""
