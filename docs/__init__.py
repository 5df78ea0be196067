"""The documentation: its pages, and the scripts that draw and make parts of them."""
