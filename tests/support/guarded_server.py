"""A real MLflow server that asks for passwords, with a user for each right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from support.servers import mlflow_server

ADMIN = ("admin", "administrator-0")
USERS = {"reader": "READ", "editor": "EDIT", "manager": "MANAGE"}
PASSWORD = "pass-word/of:users@12"


class GuardedServer:
    """An MLflow server with basic auth, one user for each right, and none of them the admin."""

    def __init__(self, address: str) -> None:
        self.address = address

    def uri(self, user: str, password: str = PASSWORD) -> str:
        """The tracking URI with the user's credentials in it."""
        from urllib.parse import quote

        return self.address.replace("://", f"://{quote(user)}:{quote(password, safe='')}@")

    def experiment(self, name: str) -> str:
        """Make an experiment in which each user has the right they are named after; its id."""
        created = self._ask("POST", "2.0/mlflow/experiments/create", name=name)
        for user, right in USERS.items():
            self._ask(
                "POST",
                "3.0/mlflow/users/permissions/grant",
                username=user,
                resource_type="experiment",
                resource_id=created["experiment_id"],
                permission=right,
            )
        return str(created["experiment_id"])

    def add_users(self) -> None:
        for user in USERS:
            self._ask("POST", "2.0/mlflow/users/create", username=user, password=PASSWORD)

    def _ask(self, method: str, path: str, **body: str) -> dict[str, str]:
        answer = requests.request(
            method, f"{self.address}/api/{path}", json=body, auth=ADMIN, timeout=30
        )
        assert answer.ok, answer.text
        return dict(answer.json())


@pytest.fixture(scope="session")
def guarded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    """An MLflow server with basic auth on a SQLite store."""
    folder = tmp_path_factory.mktemp("guarded")
    settings = folder / "auth.ini"
    settings.write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{folder}/auth.db\n"
        f"admin_username = {ADMIN[0]}\nadmin_password = {ADMIN[1]}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        # Checking a password takes half a second of computing each time.
        "auth_cache_ttl_seconds = 3600\n"
    )
    with mlflow_server(
        folder,
        f"sqlite:///{folder}/store.db",
        "--app-name",
        "basic-auth",
        MLFLOW_AUTH_CONFIG_PATH=str(settings),
        MLFLOW_FLASK_SERVER_SECRET_KEY="for the tests",
    ) as address:
        server = GuardedServer(address)
        server.add_users()
        yield server
