"""Recomputes the golden cases with the published code; `../verify.py` is the command."""
