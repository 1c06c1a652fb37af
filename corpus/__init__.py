"""What we know: the nouns, the settings, the library, its indexes and the embedder."""
