"""What `invoke doctor` says: a finding for each thing, the line that mends it on this system, and the table of them."""
