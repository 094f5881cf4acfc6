"""Loops over integer arrays, compiled by Numba when the input is worth it.

No labels, no files, no Polars in here. Every array is indexed by the position of a transaction in
time order (its *event*), so "not earlier, ties in ledger order" is one integer comparison, and a time
window is a range of events. `engine.ready(module, rows)` gives the compiled functions of a kernel
module, or the module itself (the same source, interpreted) for small inputs.
"""
