"""textcnn timed beside its rivals; ``python benchmarks/run.py`` runs it all."""
