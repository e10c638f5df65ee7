"""What users see: lines on a terminal, JSON on stdout. Knows the nouns alone and is handed in."""
