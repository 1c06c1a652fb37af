"""`python -m corpus.publishing`: make the starter library's rendered documents."""

import sys

from corpus.publishing.building import main

sys.exit(main(sys.argv[1:]))
