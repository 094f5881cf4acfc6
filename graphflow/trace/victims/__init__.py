"""Which payments are the victims': a table as people write it, transactions, or a case → rows of the ledger."""
