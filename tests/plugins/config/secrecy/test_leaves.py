"""Which leaves are secret, what they are called, and that their values keep type and spelling."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sprintia_config.secrecy import (
    JsonScalar,
    SecrecyError,
    SecretLeaf,
    decode_scalar,
    encode_scalar,
    mask,
    secret_leaves,
)
from sprintia_platform.content.values import Json, Number

SAMPLES = Path(__file__).parents[3] / "samples"

numbers = st.from_regex(
    r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,3}([eE][-+]?[0-9]{1,3})?|[eE][0-9]{1,2})", fullmatch=True
).map(Number)
scalars = st.none() | st.booleans() | st.integers() | numbers | st.text(max_size=20)
keys = st.text(max_size=6) | st.sampled_from(["password", "token", "account_id", "domain", "credentials", "x_ref", "."])
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)
types = st.sampled_from(["credentials", "config", "metadata"])


def names(config_type: str, value: Json) -> dict[str, str]:
    return {leaf.pointer: leaf.name for leaf in secret_leaves(config_type, value)}


def at(value: Any, leaf: SecretLeaf) -> Any:
    for token in leaf.path:
        value = value[token]
    return value


def test_credentials_hide_everything_but_whose_they_are() -> None:
    document: Json = {
        "account_id": "account_1",
        "domain": "retail",
        "credentials": {"account_1-00bfe67a": "pw", "fb_secret_account_1": "", "n": 7, "on": True, "gone": None},
        "note": "x",
    }
    leaves = secret_leaves("credentials", document)
    assert [(leaf.pointer, leaf.name, leaf.value, leaf.is_set) for leaf in leaves] == [
        ("/credentials/account_1-00bfe67a", "account_1-00bfe67a", "pw", True),
        ("/credentials/fb_secret_account_1", "fb_secret_account_1", "", False),
        ("/credentials/n", "n", "7", True),
        ("/credentials/on", "on", "true", True),
        ("/credentials/gone", "gone", "null", False),
        ("/note", "credentials:note", "x", True),
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"account_id": {"x": "s"}}, {"/account_id/x": "credentials:account_id.x"}),
        ({"domain": ["s"]}, {"/domain/0": "credentials:domain.0"}),
        ({"nested": {"account_id": "s"}}, {"/nested/account_id": "credentials:nested.account_id"}),
        ({"credentials": ["s"]}, {"/credentials/0": "credentials:credentials.0"}),
        ({"credentials": {"a": {"b": "s"}}}, {"/credentials/a/b": "credentials:credentials.a.b"}),
        ({"credentials": {"token_ref": "s"}}, {"/credentials/token_ref": "token_ref"}),
        ("s", {"": "credentials:"}),
        ({"": "s"}, {"/": "credentials:~3"}),
        ([["s"]], {"/0/0": "credentials:0.0"}),
    ],
)
def test_pointers_and_names_in_credentials(document: Json, expected: dict[str, str]) -> None:
    assert names("credentials", document) == expected


@pytest.mark.parametrize(
    "key", ["credentials:x", "credentials:credentials.x", "a/b", ".", "..", "", "a\nb", "\x7f", "k" * 201, "é" * 101]
)
def test_a_key_that_could_be_taken_for_another_name_is_written_as_a_path(key: str) -> None:
    document: Json = {"credentials": {key: "1", "x": "2"}, "x": "3"}
    found = [leaf.name for leaf in secret_leaves("credentials", document)]
    assert len(set(found)) == 3
    assert found[0].startswith(("credentials:credentials.", "credentials:~h"))
    assert "/" not in found[0]
    assert found[1:] == ["x", "credentials:x"]


def test_dots_in_keys_do_not_collide_with_paths() -> None:
    document: Json = {"a.b": "1", "a": {"b": "2", ".": "3", "": {"": "4"}}, "a~1b": "5", "a/b": "6", "a.": {"b": "7"}}
    found = [leaf.name for leaf in secret_leaves("credentials", document)]
    assert len(set(found)) == len(found) == 7


@given(types, documents)
def test_names_are_unique_and_pointers_lead_to_the_value(config_type: str, document: Json) -> None:
    leaves = secret_leaves(config_type, document)
    assert len({leaf.name for leaf in leaves}) == len({leaf.pointer for leaf in leaves}) == len(leaves)
    for leaf in leaves:
        value = at(document, leaf)
        assert leaf.scalar == value
        assert type(leaf.scalar) is type(value)


@given(documents, documents)
def test_a_name_depends_on_its_own_place_alone(one: Json, other: Json) -> None:
    alone = names("credentials", {"a": one})
    together = names("credentials", {"a": one, "b": other})
    assert alone.items() <= together.items()


SECRET_KEYS = """
password passwd pwd senha secret token api_key apikey private_key access_key client_secret app_secret access_token
security_token odoo_password dbPassword API-KEY apiKey OPENAI_API_KEY x.token accessToken accessToken2 access_token_2
secret_access_key webhook_secret secretKey SECRET_KEY passphrase ssh-private-key Senha senha_do_banco_senha minhaSenha
password_ ＰＡＳＳＷＯＲＤ token1 encryption_key signingKey
""".split()  # noqa: SIM905, RUF001 - full-width letters on purpose; a table reads better so
OPEN_KEYS = """
name credential_ref password_ref access_token_ref tokenRef TOKENRef secret_refs app_id client_id max_tokens stop_tokens
tokens tokenizer secretary passwordless token_url secret_name key public_key username resenha desenha descricao
keyboard monkey href pwd_hint credentials type
""".split()  # noqa: SIM905 - a table reads better so


@pytest.mark.parametrize("key", SECRET_KEYS)
@pytest.mark.parametrize("value", ["x", " ", 0, 7, Number("1.10")])
def test_secret_keys(key: str, value: JsonScalar) -> None:
    assert list(names("config", {"a": [{key: value}]})) == [f"/a/0/{key}"]


@pytest.mark.parametrize("key", OPEN_KEYS)
@pytest.mark.parametrize("value", ["x", 4096, ["x", {"a": 1}]])
def test_open_keys(key: str, value: Json) -> None:
    assert secret_leaves("config", {key: value}) == []


@pytest.mark.parametrize("value", ["", None, True, False, {}, []])
def test_empty_values_and_flags_under_a_secret_key_are_not_secret(value: Json) -> None:
    assert secret_leaves("config", {"password": value}) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"token": ["a", "", None, 7, True]}, ["/token/0", "/token/3"]),
        ({"password": {"value": "a", "since": 2020, "deep": [{"x": "b"}]}}, [
            "/password/value", "/password/since", "/password/deep/0/x"]),
        ({"secret": {"credential_ref": "a", "x_ref": {"y": "b", "password": "c"}}}, ["/secret/x_ref/password"]),
        ({"api_keys": {"openai": "a", "pin": 1234}}, ["/api_keys/openai", "/api_keys/pin"]),
        ({"api_keys": "a, b", "max_secrets": 5}, ["/api_keys"]),
        ({"passwords": [1, "a"]}, ["/passwords/0", "/passwords/1"]),
        ({"token_ref": "a", "integrations": {"x": {"app_secret": "s"}}}, ["/integrations/x/app_secret"]),
        ([{"a/b~c": {"token": "s"}}], ["/0/a~1b~0c/token"]),
    ],
)  # fmt: skip
def test_what_is_below_a_secret_key(document: Json, expected: list[str]) -> None:
    assert list(names("config", document)) == expected


def test_a_number_in_a_list_below_a_plural_key_counts_as_a_secret() -> None:
    assert list(names("config", {"pins": [1], "access_tokens": [123456]})) == ["/access_tokens/0"]


def test_names_outside_credentials() -> None:
    document: Json = {"credentials": {"token": "a"}, "integrations": {"x.y": {"app_secret": "s"}}}
    assert list(names("config", document).values()) == [
        "config:credentials.token",
        "config:integrations.x~1y.app_secret",
    ]


def without_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_floats(item) for item in value]
    return Number(repr(value)) if isinstance(value, float) else value


def sample_documents() -> list[tuple[str, Any]]:
    found = []
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix not in {".json", ".yaml"} or path.name.startswith("webhook_credentials"):
            continue  # webhook bodies with credentials are no documents
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "yaml_content" in value:
            value = yaml.safe_load(value["yaml_content"])
        found.append((path.name, without_floats(value)))
    return found


def test_real_documents_have_no_secret_but_the_security_token() -> None:
    documents = sample_documents()
    assert len(documents) >= 7
    found = {name: list(names("company_metadata", value)) for name, value in documents}
    expected = ["/security_token"]
    assert found.pop("company_services_document.yaml") == expected
    assert found.pop("company_services_post.json") == expected
    assert found.pop("webhook_mapping_addon.json") == ["/token"]  # the body of a webhook, no document
    assert set(map(tuple, found.values())) == {()}


def test_a_webhook_body_hides_its_passwords_and_keys_its_references() -> None:
    body = json.loads((SAMPLES / "webhook_credentials_nested_addon.json").read_text(encoding="utf-8"))
    assert set(names("delivery", body)) == {
        "/token", "/credentials/odoo_password", "/credentials/token", "/credentials/facebook_app_secret",
        "/credentials/facebook_access_token", "/credentials/instagram_client_secret",
        "/credentials/instagram_access_token", "/credentials/mercado_livre_client_secret",
        "/credentials/mercado_livre_access_token",
    }  # fmt: skip


@given(scalars)
def test_scalars_round_trip_with_type_and_spelling(scalar: JsonScalar) -> None:
    again = decode_scalar(encode_scalar(scalar))
    assert again == scalar
    assert type(again) is type(scalar)


def test_scalars_that_read_alike_are_different_bytes() -> None:
    alike: list[JsonScalar] = ["1", 1, Number("1.0"), Number("1.00"), True, "true", None, "null", "", "\ud800"]
    assert len({encode_scalar(scalar) for scalar in alike}) == len(alike)


@pytest.mark.parametrize("plaintext", [b"", b"x1", b"iabc", b"\xff\xfe"])
def test_bytes_that_are_no_scalar_are_refused_without_showing_them(plaintext: bytes) -> None:
    with pytest.raises(SecrecyError) as caught:
        decode_scalar(plaintext)
    assert caught.value.__context__ is None
    assert "abc" not in str(caught.value)


def test_a_huge_integer_is_kept() -> None:
    huge = 10**3000 + 1
    assert decode_scalar(encode_scalar(huge)) == huge


def seconds_for(key: str) -> float:
    document: Json = {key: {str(number): "s" for number in range(20_000)}}
    begin = time.process_time()
    leaves = secret_leaves("credentials", document)
    seconds = time.process_time() - begin
    assert len({leaf.name for leaf in leaves}) == 20_000
    assert max(len(leaf.name) for leaf in leaves) < 300
    return seconds


def test_a_long_key_above_many_leaves_costs_once() -> None:
    # Written out for each leaf, 1 MB of body would become gigabytes of names. Without reuse the ratio is about 50.
    assert seconds_for("k" * 500_000) < 8 * seconds_for("k")


def test_deep_documents_need_no_recursion() -> None:
    deep: Json = "s"
    for _ in range(5_000):
        deep = [deep]
    assert len(secret_leaves("credentials", deep)) == 1
    masked: Any = mask("credentials", deep)
    for _ in range(5_000):
        masked = masked[0]
    assert masked["set"] is True


@pytest.mark.parametrize("key", ["senha_do_banco", "senha_odoo", "segredoWebhook", "chave_api", "token_de_acesso"])
def test_portuguese_keys_that_begin_with_the_noun_hold_secrets(key: str) -> None:
    leaves = secret_leaves("config", {key: "planted", "senha_obrigatoria": True})
    assert [leaf.pointer for leaf in leaves] == [f"/{key}"]
    assert secret_leaves("config", {"senha_tamanho_minimo": 8, "senhas_por_dia": 40}) == []
