"""``textcnn train``, straight from a clone."""

import sys

from textcnn.commands import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
