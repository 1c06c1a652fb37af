"""Evaluation runs: suite → generate → score → compare → report, each a file in a run's folder."""
