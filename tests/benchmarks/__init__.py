"""Speed as ratios against a plain script in the same run: ``python -m tests.benchmarks``.

Never run as tests: a time is no reason to fail on a busy machine.
"""
