"""The roles that a repository's workflows on GitHub take: one to plan with, one to deploy with."""

from collections.abc import Iterable, Sequence

from stacks.base import BaseStack, account_names, boundary_arn, boundary_name, state_bucket_name
from stacks.building_blocks.ci_access import (
    boundary,
    changing,
    changing_roles,
    changing_state,
    reach_of_pipeline,
    reach_of_storage,
    reach_of_watching,
    reading,
    reading_state,
)
from stacks.building_blocks.document import as_json
from stacks.building_blocks.policy import Statement, policy_document
from stacks.cdk import IamOpenidConnectProvider, IamPolicy, IamRole, IamRolePolicyAttachment

GITHUB = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
MAIN_BRANCH = "ref:refs/heads/main"


class PermissionsBoundary:
    """The most that a role of this application can do, whoever made it."""

    def __init__(self, stack: BaseStack) -> None:
        names = account_names(stack.settings)
        IamPolicy(
            stack,
            "ci-boundary-policy",
            name=boundary_name(stack.settings),
            description="The most that a role of the order pipeline can do",
            policy=policy_document(boundary(names, stack.settings.email_sender)),
        )


class CiRoles:
    """GitHub as an identity provider, and the two roles for one environment."""

    def __init__(self, stack: BaseStack) -> None:
        settings, names = stack.settings, account_names(stack.settings)
        self._stack = stack
        self._names = names
        if settings.github_provider == "new":
            # No thumbprint: AWS trusts GitHub's certificate by its library of authorities, and a
            # thumbprint would be stored without being used:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
            IamOpenidConnectProvider(
                stack, "github", url=f"https://{GITHUB}", client_id_list=[AUDIENCE]
            )
        bucket = state_bucket_name(settings)
        storage, pipeline = reach_of_storage(names), reach_of_pipeline(names)
        watching = reach_of_watching(names)
        # Several, because IAM takes 6,144 characters each.
        read = [
            self._policy("read-storage", [*reading_state(names, bucket), *reading(storage)]),
            self._policy("read-pipeline", reading(pipeline)),
            self._policy("read-watching", reading(watching)),
        ]
        change = [
            self._policy("change-storage", [*changing_state(names, bucket), *changing(storage)]),
            self._policy("change-pipeline", changing(pipeline)),
            self._policy("change-watching", changing(watching)),
            self._policy("change-roles", changing_roles(names, boundary_arn(settings))),
        ]
        # A workflow of a pull request is the pull request's own, so what this role can do is what
        # anyone with a branch can do. Forks get no token: GitHub gives their pull requests no
        # `id-token: write`. The main branch is there for the drift check.
        self._role("plan", read, subjects=["pull_request", MAIN_BRANCH])
        # The environment's protection rules stand before this one.
        self._role(
            "apply",
            [*read, *change],
            subjects=[f"environment:{settings.environment.value}"],
        )

    def _policy(self, part: str, statements: Iterable[Statement]) -> IamPolicy:
        return IamPolicy(
            self._stack,
            f"ci-{part}-policy",
            name=self._names.of(f"ci-{part}", "policy"),
            policy=policy_document(statements),
        )

    def _role(self, task: str, policies: Sequence[IamPolicy], *, subjects: Sequence[str]) -> None:
        role = IamRole(
            self._stack,
            f"ci-{task}-role",
            name=self._names.of(f"ci-{task}", "role"),
            assume_role_policy=self._trust(subjects),
            max_session_duration=3600,
        )
        for policy in policies:
            IamRolePolicyAttachment(
                self._stack,
                f"ci-{task}-role-{policy.node.id}",
                role=role.name,
                # Its name says it: what is attached can be told before there is anything.
                policy_arn=self._names.policy_arn(str(policy.name_input)),
                depends_on=[policy],
            )

    def _trust(self, subjects: Sequence[str]) -> str:
        """Return the trust policy for tokens that GitHub gives the repository for `subjects`.

        https://docs.github.com/en/actions/reference/security/oidc
        """
        repository = self._stack.settings.github_repository
        provider = f"arn:aws:iam::{self._names.account_id}:oidc-provider/{GITHUB}"
        return as_json(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Federated": provider},
                        "Action": "sts:AssumeRoleWithWebIdentity",
                        "Condition": {
                            "StringEquals": {
                                f"{GITHUB}:aud": AUDIENCE,
                                f"{GITHUB}:sub": [
                                    f"repo:{repository}:{subject}" for subject in subjects
                                ],
                            }
                        },
                    }
                ],
            }
        )
