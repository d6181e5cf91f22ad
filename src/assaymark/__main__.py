"""``python -m assaymark``."""

from assaymark.cli import main

main()
