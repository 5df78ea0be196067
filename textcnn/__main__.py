"""``python -m textcnn``."""

from textcnn.commands import main

main()
