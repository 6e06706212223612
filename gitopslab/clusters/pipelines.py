"""The forge's pipelines, asked over its API: plain data in GitLab's words.

The lab, the command line and the pipeline widget use it. ``Forge.up`` gives the address. Upstream of the data is
``ci.runner.record``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import urllib3

from gitopslab.clusters.forge import USER, Address
from gitopslab.errors import LabError

Told = dict[str, Any]
_PATIENCE = 60.0


class PipelineClient:
    """A client of one forge.

    Args:
        address: Where it is.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._pool = urllib3.PoolManager(timeout=_PATIENCE, retries=False)

    def pipelines(self, project: str = "", *, newer_than: str = "") -> tuple[list[Told], str]:
        """The pipelines, newest first, and the version of what was told.

        Args:
            project: Only of this one.
            newer_than: Wait until there is something newer than this version, or for half a minute.
        """
        answer = self._asked("GET", "pipelines", {"project": project, "newer_than": newer_than})
        found: list[Told] = answer.json()
        return found, answer.headers.get("x-version", "")

    def pipeline(self, number: int) -> Told:
        """One pipeline."""
        told: Told = self._asked("GET", f"pipelines/{number}").json()
        return told

    def decisions(self, number: int) -> dict[str, Told]:
        """Why each job of the file is in a pipeline or left out, by name."""
        told: dict[str, Told] = self._asked("GET", f"pipelines/{number}/decisions").json()
        return told

    def start(self, project: str, ref: str, variables: Mapping[str, str], source: str = "web") -> Told:
        """Start a pipeline by hand."""
        asked = {"project": project, "ref": ref, "variables": dict(variables), "source": source}
        told: Told = self._asked("POST", "pipelines", body=asked).json()
        return told

    def change(self, what: str, number: int, verb: str) -> Told:
        """Play, cancel or retry.

        Args:
            what: ``jobs`` or ``pipelines``.
            number: Which.
            verb: ``play``, ``cancel`` or ``retry``.
        """
        told: Told = self._asked("POST", f"{what}/{number}/{verb}").json()
        return told

    def projects(self, *, newer_than: str = "") -> tuple[list[Told], str]:
        """Every project with what its branches and tags name, and the version of what was told.

        Args:
            newer_than: Wait until there is something newer than this version, or for half a minute.
        """
        answer = self._asked("GET", "projects", {"newer_than": newer_than})
        found: list[Told] = answer.json()
        return found, answer.headers.get("x-version", "")

    def delete_project(self, project: str) -> None:
        """Remove a project with its pipelines and settings; its images stay. One that is not there is no error."""
        self._asked("POST", "projects/delete", body={"project": project})

    def set_variable(self, project: str, key: str, value: str | None, *, masked: bool = False) -> None:
        """Set a variable of a project's pipelines; None takes it away."""
        self._asked("POST", "variables", body={"project": project, "key": key, "value": value, "masked": masked})

    def set_hook(self, project: str, url: str, token: str | None, *, authority: str = "", bearer: str = "") -> None:
        """Have a URL told of every push, with a token; None takes the hook away.

        Args:
            project: Of which project.
            url: Where the call goes.
            token: Goes with it.
            authority: Of a server with a certificate of its own, PEM; without one the URL is of this machine.
            bearer: A key to what stands before the URL, such as a cluster's API server.
        """
        body = {"project": project, "url": url, "token": token, "authority": authority, "bearer": bearer}
        self._asked("POST", "hooks", body=body)

    def trace(self, job: int, *, follow: bool = False) -> Iterator[str]:
        """The log of a job, in pieces; with ``follow`` until it has ended."""
        url = f"{self._address.url}/api/jobs/{job}/trace"
        try:
            answer = self._pool.request(
                "GET", url, fields={"follow": "1" if follow else ""}, preload_content=False,
                timeout=urllib3.Timeout(connect=5, read=None),
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as error:
            raise self._silent(error) from error
        try:
            if answer.status >= 400:
                raise _refused(answer)
            for piece in answer.stream(decode_content=True):
                yield piece.decode("utf-8", "replace")
        finally:
            answer.release_conn()

    def _asked(
        self, method: str, path: str, fields: Mapping[str, str] | None = None, body: Told | None = None
    ) -> urllib3.BaseHTTPResponse:
        headers = urllib3.make_headers(basic_auth=f"{USER}:{self._address.token}") if method == "POST" else {}
        url = f"{self._address.url}/api/{path}"
        try:
            if method == "POST":
                answer = self._pool.request(method, url, json=body or {}, headers=headers)
            else:
                answer = self._pool.request(
                    method, url, fields={key: text for key, text in (fields or {}).items() if text}
                )
        except urllib3.exceptions.HTTPError as error:
            raise self._silent(error) from error
        if answer.status >= 400:
            raise _refused(answer)
        return answer

    def _silent(self, error: Exception) -> LabError:
        return LabError(f"The forge at {self._address.url} does not answer ({type(error).__name__})", "gitopslab up")


def _refused(answer: urllib3.BaseHTTPResponse) -> LabError:
    try:
        told = answer.json()
    except ValueError:
        told = {"message": f"HTTP {answer.status}"}
    return LabError(str(told.get("message")), str(told.get("hint") or ""))
