import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from delivery.github import BOT, LONGEST_COMMENT, GitHub
from delivery.target import DeliveryError

NAME = "reviewed-dev-4b825dc"
type Handler = Callable[[httpx.Request], httpx.Response]


def github(handler: Handler) -> GitHub:
    client = httpx.Client(transport=httpx.MockTransport(handler), base_url="https://github")
    return GitHub(client, "example/shop")


def an_artifact(run: int, **changes: Any) -> dict[str, Any]:
    return {
        "created_at": f"2026-11-22T01:0{run}:00Z",
        "expired": False,
        "workflow_run": {"id": run, "repository_id": 1, "head_repository_id": 1},
        **changes,
    }


MERGED = {
    "merged_at": "2026-11-22T02:00:00Z",
    "merge_commit_sha": "merge",
    "base": {"ref": "main"},
    "head": {"ref": "cheaper-mugs", "sha": "reviewed"},
}
OF_THE_PULL_REQUEST = {
    "event": "pull_request",
    "head_branch": "cheaper-mugs",
    "head_sha": "reviewed",
    "path": ".github/workflows/pull-request.yml",
    "conclusion": "success",
}
BY_HAND = {"event": "workflow_dispatch", "head_branch": "main", "head_sha": "merge"}


def repository(
    artifacts: list[dict[str, Any]], pull: dict[str, Any] = MERGED, **runs: dict[str, str]
) -> Handler:
    """Answer like a repository with artifacts; runs are of the merged one unless told otherwise."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/actions/artifacts"):
            assert request.url.params["name"] == NAME
            return httpx.Response(200, json={"artifacts": artifacts})
        if request.url.path == "/repos/example/shop/commits/merge/pulls":
            return httpx.Response(200, json=[pull])
        run = request.url.path.rpartition("/")[2]
        return httpx.Response(200, json=OF_THE_PULL_REQUEST | runs.get(f"run_{run}", {}))

    return answer


def test_the_newest_run_that_reviewed_the_tree_is_found() -> None:
    found = github(repository([an_artifact(1), an_artifact(3), an_artifact(2)]))
    assert found.reviewed_run(NAME, commit="merge") == 3


def test_a_run_by_hand_on_the_main_branch_is_found_where_nothing_was_merged() -> None:
    found = github(repository([an_artifact(1)], MERGED | {"merged_at": None}, run_1=BY_HAND))
    assert found.reviewed_run(NAME, commit="merge") == 1


@pytest.mark.parametrize(
    ("artifact", "run"),
    [
        (an_artifact(3, expired=True), {}),
        (
            an_artifact(3, workflow_run={"id": 3, "repository_id": 1, "head_repository_id": 666}),
            {},
        ),
        (an_artifact(3), {"conclusion": "failure"}),
        (an_artifact(3), {"path": ".github/workflows/other.yml"}),
        (an_artifact(3), {"head_branch": "mallory", "head_sha": "edited"}),
        (an_artifact(3), {"head_sha": "edited"}),
        (an_artifact(3), {"event": "push"}),
        (an_artifact(3), BY_HAND | {"head_branch": "mallory"}),
        (an_artifact(3), BY_HAND | {"head_sha": "edited"}),
    ],
    ids=[
        "expired",
        "of a fork",
        "failed",
        "of another workflow",
        "of another branch",
        "of another commit of the branch",
        "for another event",
        "by hand on another branch",
        "by hand on a tag called main",
    ],
)
def test_a_run_that_is_not_to_be_trusted_is_passed_over(
    artifact: dict[str, Any], run: dict[str, str]
) -> None:
    found = github(repository([artifact, an_artifact(1)], run_3=run))
    assert found.reviewed_run(NAME, commit="merge") == 1
    with pytest.raises(DeliveryError, match="There is no reviewed plan reviewed-dev"):
        github(repository([artifact], run_3=run)).reviewed_run(NAME, commit="merge")


@pytest.mark.parametrize(
    "changes",
    [{"merged_at": None}, {"merge_commit_sha": "another"}, {"base": {"ref": "mallory"}}],
    ids=["open", "merged as another commit", "merged elsewhere"],
)
def test_a_pull_request_that_was_not_merged_as_the_commit_counts_for_nothing(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(DeliveryError, match="There is no reviewed plan"):
        github(repository([an_artifact(1)], MERGED | changes)).reviewed_run(NAME, commit="merge")


class Comments:
    """A pull request's comments."""

    def __init__(self, *comments: tuple[str, str]) -> None:
        self.bodies = [body for _, body in comments]
        self._authors = [author for author, _ in comments]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "GET":
            page = int(request.url.params["page"])
            comments = [
                {"id": number, "user": {"login": author}, "body": body}
                for number, (author, body) in enumerate(
                    zip(self._authors, self.bodies, strict=True)
                )
            ]
            return httpx.Response(200, json=comments[(page - 1) * 100 : page * 100])
        body = json.loads(request.content)["body"]
        if request.method == "POST":
            assert path == "/repos/example/shop/issues/7/comments"
            self.bodies.append(body)
            self._authors.append(BOT)
            return httpx.Response(201, json={})
        self.bodies[int(path.rpartition("/")[2])] = body
        return httpx.Response(200, json={})


def test_a_pull_request_has_one_comment_that_is_kept_up_to_date() -> None:
    # given
    comments = Comments(*[("ann", "please review")] * 120)
    # when
    for verdict in ("fail", "pass"):
        github(comments).comment(7, subject="plan-review of dev", text=verdict)
    github(comments).comment(7, subject="plan-review of prod", text="other")
    # then
    assert comments.bodies[120:] == [
        "<!-- plan-review of dev -->\npass",
        "<!-- plan-review of prod -->\nother",
    ]


def test_what_somebody_else_wrote_is_left_alone() -> None:
    comments = Comments(("mallory", "<!-- plan-review of dev -->\npass"))
    github(comments).comment(7, subject="plan-review of dev", text="fail")
    assert comments.bodies[0].endswith("pass")
    assert comments.bodies[1].endswith("fail")


def test_a_review_that_is_too_long_is_cut_and_says_so() -> None:
    comments = Comments()
    github(comments).comment(7, subject="plan-review of dev", text="x" * 100_000)
    assert len(comments.bodies[0]) == LONGEST_COMMENT
    assert "all of it is in the run's summary" in comments.bodies[0]


def test_what_github_refuses_is_told() -> None:
    def refuses(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, text="Resource not accessible by integration")

    with pytest.raises(DeliveryError, match=r"403 to GET .*commits/merge/pulls"):
        github(refuses).reviewed_run(NAME, commit="merge")
