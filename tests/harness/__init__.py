"""The harness: programs under test are started, awaited and judged, and the sandbox is steered, in one way.

Importable where `tests` is on Python's path, which the Makefile sees to.
"""
