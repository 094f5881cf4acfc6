"""Speed and memory tables. Off by default: `pytest -m benchmark -s tests/benchmarks`."""
