"""Which addresses a key may be sent to, and where settings are found."""

from pathlib import Path

import pytest
from outbox_core.addresses import ENVIRONMENT, AddressError, checked_url, settings_value

URL = "config_service.url"


@pytest.mark.parametrize(
    ("given", "checked"),
    [
        ("https://config.example.com", "https://config.example.com"),
        ("  HTTPS://Config.Example.com:8443/ ", "https://config.example.com:8443"),
        ("https://example.com/tools/Config//", "https://example.com/tools/Config"),
        ("http://localhost:8000", "http://localhost:8000"), ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://127.9.9.9", "http://127.9.9.9"), ("http://[::1]:8000/x", "http://[::1]:8000/x"),
        ("https://10.0.0.8", "https://10.0.0.8"), ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://configuração.example", "https://xn--configurao-n5a1c.example"),
    ],
)  # fmt: skip
def test_addresses_that_may_be_used(given: str, checked: str) -> None:
    assert checked_url(given) == checked
    assert checked_url(checked) == checked


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "empty"), ("   ", "empty"), ("http://config.example.com", "scheme"), ("ftp://localhost", "scheme"),
        ("config.example.com", "scheme"), ("localhost:8000", "scheme"), ("//example.com", "scheme"),
        ("file:///etc/passwd", "scheme"), ("javascript:alert(1)", "scheme"), ("http://localhost.example.com", "scheme"),
        ("http://127.0.0.1.example.com", "scheme"), ("http://0.0.0.0", "scheme"), ("http://10.0.0.8", "scheme"),
        ("http://2130706433", "scheme"), ("http://127.1", "scheme"), ("https://", "host"), ("https:///x", "host"),
        ("https://user:not-a-real-password@example.com", "credentials"), ("https://@example.com", "credentials"),
        ("http://localhost@example.com", "credentials"), ("https://example.com?x=1", "query"),
        ("https://example.com/?", "query"), ("https://example.com/#x", "query"), ("https://example.com:99999", "host"),
        ("https://example.com:port", "host"), ("https://example.com:", "host"), ("https://[::1", "host"),
        ("https://exa%6dple.com", "host"), ("https://[fe80::1%25eth0]", "host"), ("https://a..b", "host"),
        ("https://example.com/a/../b", "host"), ("https://exa mple.com", "characters"),
        ("https://example.com/\r\nX-Evil: 1", "characters"), ("https://example.com\\@evil.com", "characters"),
        ("https://exam\tple.com", "characters"), ("https://example.com/\0", "characters"),
        ("https://" + "a" * 300 + ".com", "host"),
    ],
)  # fmt: skip
def test_addresses_that_may_not(given: str, code: str) -> None:
    with pytest.raises(AddressError) as caught:
        checked_url(given)
    assert caught.value.code == code
    assert isinstance(caught.value, ValueError)
    assert "not-a-real-password" not in str(caught.value)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_the_environment_comes_first_then_its_file_then_the_parameter(name: str, tmp_path: Path) -> None:
    variable = ENVIRONMENT[name]
    (tmp_path / "value").write_text("of the file\n")
    environ = {variable: " of the environment ", f"{variable}_FILE": str(tmp_path / "value")}
    assert settings_value(name, environ, "parameter") == ("of the environment", "environment", "")
    environ[variable] = " "
    assert settings_value(name, environ, "parameter") == ("of the file", "file", "")
    assert settings_value(name, {}, " parameter ") == ("parameter", "parameter", "")


@pytest.mark.parametrize("nothing", [False, None, "", "  "])
def test_no_setting(nothing: str | bool | None) -> None:
    assert settings_value(URL, {}, nothing) == ("", "", "")


def test_a_file_that_cannot_be_read_does_not_fall_back(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for file in (tmp_path / "missing", tmp_path, binary, Path("a\0b")):
        found = settings_value(URL, {"CONFIG_SERVICE_URL_FILE": str(file)}, "https://stale.example.com")
        assert (found.value, found.origin) == ("", "file")
        assert found.fault.startswith("CONFIG_SERVICE_URL_FILE: ")
        assert str(tmp_path) not in found.fault


def test_an_empty_file_is_no_value_and_no_fault(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    environ = {"CONFIG_SERVICE_API_KEY_FILE": str(tmp_path / "empty")}
    assert settings_value("config_service.api_key", environ, "parameter") == ("", "file", "")


def test_a_setting_does_not_show_its_value() -> None:
    found = settings_value("config_service.api_key", {"CONFIG_SERVICE_API_KEY": "not-a-real-key"}, "")
    assert "not-a-real-key" not in repr(found)


def test_an_unknown_setting_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        settings_value("config_service.uri", {}, "")
