"""What was sent is what is returned: bytes on `/yaml`, numbers and order in `json_data`."""

import re

import pytest
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

NUMBERS = ["9007199254740993", "12345678901234567890", "-9223372036854775809", "1.10", "1e400", "-0", "0.1", "1E+2",
           "-1.5e-300", "100000000000000000000000000000000000001", "3.141592653589793238462643383279"]  # fmt: skip


def json_data(text: str) -> str:
    """The letters of `json_data` in an answer, before any parser took them."""
    found = re.search(r'"json_data":(.*),"created_at":', text, re.DOTALL)
    assert found is not None, text[:300]
    return found[1]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("form", ["post", "put yaml", "put json"])
def test_numbers_survive_to_the_letter(served: RunningPlatform, tenant: str, number: str, form: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    text = f'{{"n": {number}, "l": [{number}]}}' if form == "put json" else f"n: {number}\nl: [{number}]\n"
    if form == "post":
        answer = served.client.post(path, json={"yaml_content": text})
    else:
        media_type = "application/json" if form == "put json" else "application/yaml"
        answer = served.client.put(path, content=text, headers={"Content-Type": media_type})
    assert answer.status_code == 200, answer.text
    expected = f'{{"n":{number},"l":[{number}]}}'
    for shown in (answer, served.client.get(path), served.client.get(f"{path}/version/1")):
        assert json_data(shown.text) == expected
    assert served.client.get(f"{path}/yaml").content == text.encode()


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_survive_a_merge_and_a_rollback(served: RunningPlatform, tenant: str, number: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    served.client.post(path, json={"yaml_content": f"kept: {number}\n"})
    headers = {"Content-Type": "application/merge-patch+json"}
    merged = served.client.patch(path, content=f'{{"given": {number}}}', headers=headers)
    assert json_data(merged.text) == f'{{"kept":{number},"given":{number}}}'
    assert f"kept: {number}" in served.client.get(f"{path}/yaml").text
    back = served.client.post(f"{path}/rollback", json={"version": 1})
    assert json_data(back.text) == f'{{"kept":{number}}}'


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_survive_being_secret(served: RunningPlatform, tenant: str, number: str) -> None:
    path = f"/configs/{tenant}/retail/credentials"
    text = f"credentials:\n  pin: {number}\n"
    answer = served.client.put(path, content=text, headers={"Content-Type": "application/yaml"})
    assert json_data(answer.text) == f'{{"credentials":{{"pin":{number}}}}}'
    assert served.client.get(f"{path}/yaml").text == text
    assert f'"value":{number}' in served.client.get(f"/config/secrets/{tenant}/pin").text


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\r\nb: 2\r\n",
        "a: 1",
        "\n\n\na: 1\n\n\n",
        "\ufeffa: 1\n",
        "# só comentário\n",
        "---\na: 1\n...\n",
        "%YAML 1.2\n---\na: 1\n",
        "z: 1\na: 2\nm: 3\n",
        "a:   1    # fim  \n",
        "emoji: 🛋️ 👩‍👩‍👧 ção\n",
        "a: &x {k: v}\nb: *x\n",
        "t: |\n  linha 1\n    linha 2\n\n  fim\n",
        "t: >-\n  dobra\n  da\n",
        "'a': \"\\xE7\"\n",
        "a: 1\rb: 2\r",
        "\u00a0: nbsp\n",
        "tabs: a\tb\n",
        "{a: [1, 2,], }\n",
        "",
        " ",
        "\n",
        "e\u0301: combinado\n",
    ],
)
def test_the_bytes_received_are_the_bytes_returned(served: RunningPlatform, tenant: str, text: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    assert served.client.post(path, json={"yaml_content": text}).status_code == 200
    read = served.client.get(f"{path}/yaml")
    assert read.content == text.encode()
    assert read.headers["content-type"] == "application/x-yaml"
    assert served.client.get(path).json()["yaml_content"] == text
    served.client.post(path, json={"yaml_content": "other: 1\n"})
    put = served.client.put(path, content=text.encode(), headers={"Content-Type": "application/yaml"})
    assert put.status_code == 200
    assert served.client.get(f"{path}/yaml").content == text.encode()
    served.client.post(path, json={"yaml_content": "other: 1\n"})
    served.client.post(f"{path}/rollback", json={"version": 1})
    assert served.client.get(f"{path}/yaml").content == text.encode()


@pytest.mark.parametrize("text", ["\ufeff{}", '{"b":1,"a":2}', '\n{ "a" :\t1.10 }\r\n', '{"\\u00e7":"\\ud83d\\ude00"}'])
def test_json_bytes_are_returned_too(served: RunningPlatform, tenant: str, text: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    put = served.client.put(path, content=text.encode(), headers={"Content-Type": "application/json"})
    assert put.status_code == 200, put.text
    assert served.client.get(f"{path}/yaml").content == text.encode()
    assert served.client.patch(path, content=b'{"later": 1}', headers={"Content-Type": "application/json"}).is_success


def test_keys_keep_their_order(served: RunningPlatform, tenant: str) -> None:
    names = [f"k{number}" for number in range(50)]
    names.sort(key=lambda name: name[::-1])
    path = f"/configs/{tenant}/retail/config"
    served.client.post(path, json={"yaml_content": "".join(f"{name}: 1\n" for name in names)})
    expected = "{" + ",".join(f'"{name}":1' for name in names) + "}"
    assert json_data(served.client.get(path).text) == expected
    patched = served.client.patch(path, json={names[20]: 2, "later": 1})
    assert json_data(patched.text) == expected.replace(f'"{names[20]}":1', f'"{names[20]}":2')[:-1] + ',"later":1}'


def test_a_secret_document_is_returned_byte_for_byte_to_who_may_see_it(served: RunningPlatform, tenant: str) -> None:
    path = f"/configs/{tenant}/retail/credentials"
    text = "# chaves\r\ncredentials:   {tok: 's3cr3t'}  # fim\r\n"
    served.client.post(path, json={"yaml_content": text})
    assert served.client.get(f"{path}/yaml").content == text.encode()


@pytest.mark.parametrize("media_type", ["application/yaml", "application/json"])
def test_a_document_of_one_megabyte(served: RunningPlatform, tenant: str, media_type: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    body = ('{"t": "' + "x" * 1_000_000 + '"}').encode()
    put = served.client.put(path, content=body, headers={"Content-Type": media_type})
    assert put.status_code == 200, put.text[:300]
    assert served.client.get(f"{path}/yaml").content == body
    assert len(served.client.get(path).json()["json_data"]["t"]) == 1_000_000


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_body_over_the_limit_is_refused(served: RunningPlatform, tenant: str, language: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    body = b'{"t": "' + b"x" * 1_100_000 + b'"}'
    for method, media_type in (("PUT", "application/yaml"), ("PUT", "application/json"), ("PATCH", "application/json"),
                               ("POST", "application/json")):  # fmt: skip
        headers = {"Content-Type": media_type, "Accept-Language": language}
        answer = served.client.request(method, path, content=body, headers=headers)
        assert "limit" in assert_problem(answer, 413, "body_too_large")["detail"]
    assert served.client.get(f"/configs/{tenant}").json() == []
