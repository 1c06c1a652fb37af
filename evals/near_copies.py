"""`python -m evals.near_copies`: training clauses that say one thing in nearly the same words.

Two clauses are near copies when most of the shorter one's three-word runs are in the other too.
The two sides of a contrast pair are meant to be alike and are not compared. With a file to compare
with, it is asked instead whether any training clause is a near copy of a clause of that file.
(Broder, "On the resemblance and containment of documents", 1997.)
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.clauses import LabelledClause, load_clauses, load_training_clauses

RUN = 3  # words
MOST_SHARED = 0.6  # of the runs of the shorter clause
FEWEST_RUNS = 8  # of a clause that can be told apart from chance

_WORD = re.compile(r"[a-z0-9£]+")


@dataclass(frozen=True, slots=True)
class NearCopy:
    """Two clauses that share this much of the shorter one."""

    first: LabelledClause
    second: LabelledClause
    shared: float


def near_copies(
    clauses: Sequence[LabelledClause], others: Sequence[LabelledClause] | None = None
) -> list[NearCopy]:
    """The pairs within the clauses, or between them and the others, the most alike first."""
    runs = [_runs(clause.text) for clause in clauses]
    runs_of_others = runs if others is None else [_runs(clause.text) for clause in others]
    second = clauses if others is None else others
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for index, held in enumerate(runs_of_others):
        for run in held:
            holders[run].append(index)
    found: list[NearCopy] = []
    for index, held in enumerate(runs):
        shared = Counter(other for run in held for other in holders.get(run, ()))
        for other, count in shared.items():
            one, two = clauses[index], second[other]
            if others is None and (other <= index or (one.pair and one.pair == two.pair)):
                continue
            shorter = min(len(held), len(runs_of_others[other]))
            if shorter >= FEWEST_RUNS and count >= MOST_SHARED * shorter:
                found.append(NearCopy(one, two, count / shorter))
    return sorted(found, key=lambda copy: -copy.shared)


def main() -> int:
    """Print the near copies; exit 1 when there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="a JSONL file of clauses to compare with")
    parser.add_argument("--quiet", action="store_true", help="names and figures without the texts")
    arguments = parser.parse_args()
    others = load_clauses(arguments.against) if arguments.against else None
    copies = near_copies(load_training_clauses(), others)
    for copy in copies:
        print(f"{copy.shared:.2f}  {copy.first.id}  {copy.second.id}")
        if not arguments.quiet:
            print(f"      {copy.first.text}\n      {copy.second.text}")
    print(f"{len(copies)} near copies")
    return 1 if copies else 0


def _runs(text: str) -> set[str]:
    words = _WORD.findall(text.lower())
    return {" ".join(words[first : first + RUN]) for first in range(len(words) - RUN + 1)}


if __name__ == "__main__":
    sys.exit(main())
