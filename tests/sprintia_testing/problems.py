"""What every error answer must look like."""

from typing import Any
from urllib.parse import unquote

import httpx


def assert_problem(
    response: httpx.Response, status: int, code: str | None = None, detail: str | None = None
) -> dict[str, Any]:
    """Check that an answer is problem+json as RFC 9457 and API.md say, and return its members."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"].partition(";")[0] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["title"]
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert unquote(body["instance"]) == response.request.url.path
    assert body["request_id"] == response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"
    if code is not None:
        assert body["type"] == f"urn:sprintia:problem:{code}", body
    if detail is not None:
        assert body["detail"] == detail
    return body


def pointers(problem: dict[str, Any]) -> set[str]:
    """The places of the faults that a problem lists."""
    return {fault["pointer"] for fault in problem["errors"]}
