"""From a laptop to a cluster: a ledger is worked off in pieces, and the answer is the one of the whole."""
