"""Turns chapters into tests, notebooks and pages. Knows blocks, not mathematics."""
