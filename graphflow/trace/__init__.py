"""From victims onward: whose money is where, by which rule, and what to do about it first."""
