"""What earlier builds made: the state of one checkout, and the store that all checkouts of a machine share."""
