"""`plumbline doctor`, a module for each part of what it looks at."""
