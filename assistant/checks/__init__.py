"""From a draft to findings: clauses, verdicts on each principle, precedents, and the report."""
