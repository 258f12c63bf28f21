"""A folder of bags: which they are, and the summary of their replays."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vita_dataset.errors import DataError
from vita_policy_node.html_page import box, cell, page
from vita_policy_node.replay_run import Outcome
from vita_policy_node.whole_files import write_json, write_whole, writing_to

METADATA = "metadata.yaml"
STATES = ("failed", "error", "reported", "passed")


@dataclass(frozen=True)
class BagResult:
    """One bag of a folder.

    Attributes:
        name: its path below the folder, which is also that of its report below the output.
        outcome: None where the bag could not be replayed.
        error: why not, else empty.
    """

    name: str
    outcome: Outcome | None
    error: str = ""

    @property
    def state(self) -> str:
        """error, failed, passed, or reported where there are no thresholds."""
        if self.outcome is None:
            return "error"
        if self.outcome.failures:
            return "failed"
        return "passed" if self.outcome.judgements else "reported"

    @property
    def sentences(self) -> list[str]:
        """What is wrong, one sentence each; empty when nothing is."""
        return [self.error] if self.outcome is None else self.outcome.failures

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, without anything that is measured."""
        figures = {} if self.outcome is None else self.outcome.report.to_dict()["figures"]
        return {"bag": self.name, "state": self.state, "wrong": self.sentences, "figures": figures}


def is_bag(path: Path) -> bool:
    """Whether a folder is a rosbag2 itself."""
    return (path / METADATA).is_file()


def find_bags(folder: Path) -> list[Path]:
    """The bags below a folder, by name.

    Raises:
        DataError: there is none.
    """
    bags = sorted(file.parent for file in folder.rglob(METADATA) if file.is_file())
    if not bags:
        raise DataError(
            f"'{folder}' is neither a rosbag2 nor a folder with some below it: it has no {METADATA}; give the bag's "
            "folder, or make the file with 'ros2 bag reindex'"
        )
    return bags


def replay_folder(
    folder: Path, out: Path, run: Callable[[Path, Path], Outcome], tell: Callable[[BagResult], None]
) -> list[BagResult]:
    """Replay each bag below a folder, whatever happens to the others, and write summary.json and summary.html.

    Args:
        folder: with bags below it.
        out: each bag's report goes to the folder of its name below it.
        run: takes a bag and the folder for its report.
        tell: called after each bag.

    Raises:
        DataError: there is no bag, or the summary cannot be written.
    """
    results = []
    for bag in find_bags(folder):
        name = bag.relative_to(folder).as_posix()
        try:
            results.append(BagResult(name, run(bag, out / name)))
        except DataError as error:
            results.append(BagResult(name, None, str(error)))
        tell(results[-1])
    with writing_to(out):
        numbers = {state: sum(result.state == state for result in results) for state in STATES}
        bags = [result.to_dict() for result in results]
        write_json(out / "summary.json", {"folder": str(folder), **numbers, "bags": bags})
        write_whole(out / "summary.html", summary_page(folder, results).encode("utf-8"))
    return results


def summary_page(folder: Path, results: Sequence[BagResult]) -> str:
    """The page as HTML: what is wrong first, then a line for each bag with a link to its report."""
    documents = [result.to_dict() for result in results]
    names = list(dict.fromkeys(name for document in documents for name in document["figures"]))
    wrong = [f"{result.name}: {sentence}" for result in results for sentence in result.sentences]
    numbers = [f"{sum(result.state == state for result in results)} {state}" for state in STATES]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("bag", "state", *names))
    rows = [
        f"<tr><td>{_link(result)}</td><td>{_coloured(result.state)}</td>"
        + "".join(f"<td>{cell(document['figures'].get(name))}</td>" for name in names)
        + "</tr>"
        for result, document in zip(results, documents, strict=True)
    ]
    title = f"Replay of {len(results)} bags"
    parts = [
        f"<h1>{title}</h1>",
        f"<p>in {html.escape(str(folder))}</p>",
        box("bad" if wrong else "good", ", ".join(numbers), wrong),
        f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>',
    ]
    return page(title, parts)


def _link(result: BagResult) -> str:
    name = html.escape(result.name)
    return name if result.outcome is None else f'<a href="{quote(result.name)}/report.html">{name}</a>'


def _coloured(state: str) -> str:
    kind = {"passed": "good", "failed": "bad", "error": "bad"}.get(state, "")
    return f'<span class="{kind}">{state}</span>'
