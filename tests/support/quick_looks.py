"""``textcnn``, whose server looks at its model's file often: a test need not wait a second."""

from textcnn.commands import main
from textcnn.commands.http import application

EVERY = 0.05
"""Seconds from one look to the next."""

if __name__ == "__main__":
    application.LOOK_EVERY = EVERY
    main()
