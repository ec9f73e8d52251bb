"""Promises: checks that hold after every run."""
