"""The state of the data: which stages and pieces are due and why, what a start does, what is damaged. Reads only."""
