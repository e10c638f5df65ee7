"""What is declared, and what each stage would be made from now: its inputs, its code, the items of its pieces."""
