"""What CI asks of GitHub: the artifact with a reviewed plan, and one comment on a pull request."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from delivery.target import DeliveryError

WORKFLOW = ".github/workflows/pull-request.yml"
MAIN = "main"
BOT = "github-actions[bot]"
# https://docs.github.com/en/rest/issues/comments: longer ones are refused.
LONGEST_COMMENT = 65_536
_LAST_PAGE = 50


@dataclass(frozen=True)
class GitHub:
    """The repository that a workflow runs for."""

    client: httpx.Client
    repository: str

    @classmethod
    def from_environment(cls) -> "GitHub":
        """Return the repository of the workflow, with the token of its job."""
        try:
            token, repository = os.environ["GITHUB_TOKEN"], os.environ["GITHUB_REPOSITORY"]
        except KeyError as error:
            raise DeliveryError(f"{error} is not set: this is for a workflow's job.") from None
        url = os.environ.get("GITHUB_API_URL", "https://api.github.com")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        return cls(httpx.Client(base_url=url, headers=headers, timeout=30), repository)

    def reviewed_run(self, artifact: str, *, commit: str) -> int:
        """Return the id of the run that made an artifact: the newest that may be trusted.

        Whoever can push a branch can change the workflow there, and have a run of it leave any
        artifact. So a run may be trusted only when it was started by hand for `commit` on the main
        branch, or when it was for the head of the pull request that was merged as `commit`
        (docs/adr/0013 says what gap that leaves). It was also of this repository and not of a
        fork, and all of it succeeded.

        Raises
        ------
        DeliveryError
            If there is none, with what to do.
        """
        merged = self._merged_as(commit)
        found = self._get("actions/artifacts", name=artifact, per_page=100)["artifacts"]
        for each in sorted(found, key=lambda each: str(each["created_at"]), reverse=True):
            run = each["workflow_run"]
            if each["expired"] or run["head_repository_id"] != run["repository_id"]:
                continue
            details = self._get(f"actions/runs/{run['id']}")
            # With the branch after an @, where it was called by another workflow.
            is_ours = details["path"].partition("@")[0] == WORKFLOW
            # A tag can be called like the main branch, but not be for another commit then.
            by = (details["event"], details["head_branch"], details["head_sha"])
            is_trusted = by == ("workflow_dispatch", MAIN, commit) or by in merged
            if is_ours and is_trusted and details["conclusion"] == "success":
                return int(run["id"])
        raise DeliveryError(
            f"There is no reviewed plan {artifact} of the merged pull request: the main branch has "
            "a tree that was not planned, because it had moved on after the pull request's last "
            "run, because that run did not succeed, or because its artifact has expired.\n"
            "Nothing was applied. Run the workflow `pull-request` on the main branch to plan and "
            "review it, then run this one again. A branch protection rule that requires branches "
            "to be up to date before merging keeps this from happening."
        )

    def comment(self, pull_request: int, *, subject: str, text: str) -> None:
        """Leave one comment on a pull request about a subject; a later one takes its place."""
        marker = f"<!-- {subject} -->"
        body = f"{marker}\n{_shortened(text, LONGEST_COMMENT - len(marker) - 1)}"
        for comment in self._comments(pull_request):
            if comment["user"]["login"] == BOT and comment["body"].startswith(marker):
                self._send("PATCH", f"issues/comments/{comment['id']}", body)
                return
        self._send("POST", f"issues/{pull_request}/comments", body)

    def _merged_as(self, commit: str) -> set[tuple[str, str, str]]:
        """Return event, branch and commit of the runs for the pull request merged as `commit`."""
        # https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
        return {
            ("pull_request", each["head"]["ref"], each["head"]["sha"])
            for each in self._get(f"commits/{commit}/pulls")
            if each["merged_at"]
            and each["merge_commit_sha"] == commit
            and each["base"]["ref"] == MAIN
        }

    def _comments(self, pull_request: int) -> Iterator[dict[str, Any]]:
        for page in range(1, _LAST_PAGE + 1):
            path = f"issues/{pull_request}/comments"
            comments = self._get(path, per_page=100, page=page)
            yield from comments
            if len(comments) < 100:  # noqa: PLR2004 - the page is not full
                return

    def _get(self, path: str, **parameters: str | int) -> Any:
        answer = self.client.get(f"/repos/{self.repository}/{path}", params=parameters)
        return _checked(answer).json()

    def _send(self, method: str, path: str, body: str) -> None:
        url = f"/repos/{self.repository}/{path}"
        _checked(self.client.request(method, url, json={"body": body}))


def pull_request_of_event() -> int:
    """Return the number of the pull request that the workflow runs for."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text())
    return int(event["pull_request"]["number"])


def commit_of_run() -> str:
    """Return the commit that the workflow runs for."""
    return os.environ["GITHUB_SHA"]


def tell_next_step(name: str, value: str) -> None:
    """Give a value to the steps that follow in the job."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a") as file:
        file.write(f"{name}={value}\n")


def summarise(text: str) -> None:
    """Show a text on the page of the run, where there is one."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a") as file:
            file.write(f"{text}\n")


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise DeliveryError(
            f"GitHub answered {answer.status_code} to {answer.request.method} "
            f"{answer.request.url}:\n{answer.text[:500]}"
        )
    return answer


def _shortened(text: str, longest: int) -> str:
    note = "\n\n… The review is longer than a comment can be: all of it is in the run's summary.\n"
    return text if len(text) <= longest else text[: longest - len(note)] + note
