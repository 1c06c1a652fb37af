"""Files in, chunks out."""
