"""How hypothesis looks for counterexamples: the same ones daily, or for long."""

from hypothesis import settings

settings.register_profile("everyday", derandomize=True, deadline=None, database=None)
settings.register_profile("long", max_examples=5_000, deadline=None, print_blob=True)
settings.load_profile("everyday")
