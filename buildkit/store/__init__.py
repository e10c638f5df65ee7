"""Memory of earlier builds: the state of one checkout, and the store that all checkouts of a machine share."""
