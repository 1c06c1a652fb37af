"""Finding passages, answering from them, proving what is said."""
