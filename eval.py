"""``textcnn eval``, straight from a clone."""

import sys

from textcnn.commands import main

if __name__ == "__main__":
    main(["eval", *sys.argv[1:]])
