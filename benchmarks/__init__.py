"""textcnn timed beside its rivals; ``python benchmarks/run.py`` runs it all."""

import os

# What is started here finds its modules compiled, as those of an installed package are.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
