"""Secrets at rest, the key beside them, and values of the replaced addons."""

import base64
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from outbox_core import sealing
from outbox_core.sealing import SealError, Vault, legacy_open, load_keys

SECRET = "not-a-real-password ção 🔑"
KEY, OTHER = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.mark.parametrize("text", [SECRET, "", " ", "\0", "x" * 100_000])
def test_what_is_sealed_opens_and_differs_each_time(text: str) -> None:
    vault = Vault([KEY])
    first, second = vault.seal(text), vault.seal(text)
    assert first != second
    assert vault.open(first) == vault.open(second) == text
    assert first.isascii()


def test_a_new_key_before_the_old_one_seals_and_both_open() -> None:
    old = Vault([KEY]).seal(SECRET)
    both = Vault([OTHER, KEY])
    assert both.open(old) == SECRET
    assert Vault([OTHER]).open(both.seal(SECRET)) == SECRET
    with pytest.raises(SealError):
        Vault([OTHER]).open(old)


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAA", "ç", "\ud800", "A" * 200, "\0"])
def test_junk_does_not_open(sealed: str) -> None:
    with pytest.raises(SealError):
        Vault([KEY]).open(sealed)


def test_a_changed_sealed_text_does_not_open() -> None:
    sealed = Vault([KEY]).seal(SECRET)
    changed = sealed[:50] + ("A" if sealed[50] != "A" else "B") + sealed[51:]
    with pytest.raises(SealError):
        Vault([KEY]).open(changed)


def test_no_error_and_no_representation_holds_text_or_key() -> None:
    vault = Vault([KEY])
    faults = []
    for work in (
        lambda: vault.seal("not-a-real-password\ud800"), lambda: vault.open("not-a-real-password"),
        lambda: Vault([KEY + "not-a-real-password"]), lambda: Vault(["not-a-real-passwórd"]), lambda: Vault([]),
        lambda: legacy_open("not-a-real-password", KEY), lambda: legacy_open("x", "not-a-real-password"),
    ):  # fmt: skip
        with pytest.raises(SealError) as caught:
            work()
        # As a log has it: with the errors that led to it.
        shown = traceback.format_exception(caught.value)
        faults.append("".join(line for line in shown if not line.startswith("  ")) + repr(caught.value))
    assert not [fault for fault in faults if "not-a-real" in fault or KEY in fault]
    assert KEY not in repr(vault)


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "of the addon" / "master.key"
    keys = load_keys({}, file)
    assert load_keys({}, file) == keys
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert list(file.parent.iterdir()) == [file]
    assert Vault(keys).open(Vault(keys).seal(SECRET)) == SECRET


def test_the_file_s_mode_does_not_depend_on_the_process(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_keys({}, tmp_path / "master.key")
    finally:
        os.umask(before)
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600


_RACE = """
import sys, time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
spec = spec_from_file_location("sealing", sys.argv[1])
sealing = module_from_spec(spec)
spec.loader.exec_module(sealing)
print("ready", flush=True)
sys.stdin.readline()
print(sealing.load_keys({}, Path(sys.argv[2]))[0])
"""


def test_processes_that_make_it_at_once_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _RACE, str(sealing.__file__), str(tmp_path / "new" / "master.key")]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _racer in range(6)
    ]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    found = {racer.communicate()[0].strip() for racer in racers}
    assert len(found) == 1
    assert load_keys({}, tmp_path / "new" / "master.key") == (found.pop(),)
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["master.key"]


def test_the_environment_comes_before_the_file_and_makes_none(tmp_path: Path) -> None:
    file, named = tmp_path / "master.key", tmp_path / "secret"
    named.write_text(f"{OTHER}\n{KEY}\n")
    environ = {"CONFIG_SERVICE_ENCRYPTION_KEY_FILE": str(named)}
    assert load_keys(environ, file) == (OTHER, KEY)
    assert load_keys({**environ, "CONFIG_SERVICE_ENCRYPTION_KEY": f"{KEY}  {OTHER}"}, file) == (KEY, OTHER)
    assert not file.exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "master.key"
    load_keys({}, file)
    file.chmod(mode)
    with pytest.raises(SealError, match="0600"):
        load_keys({}, file)


def test_a_lost_or_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    file.touch(mode=0o600)
    with pytest.raises(SealError, match="empty"):
        load_keys({}, file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SealError, match="does not hold"):
        load_keys({}, file)
    with pytest.raises(SealError, match="cannot be read"):
        load_keys({"CONFIG_SERVICE_ENCRYPTION_KEY_FILE": str(tmp_path / "missing")}, file)
    assert file.read_bytes() == b"\xff\xfe"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SealError, match="CONFIG_SERVICE_ENCRYPTION_KEY"):
        load_keys({}, tmp_path / "file" / "folder" / "master.key")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SealError):
        load_keys({}, tmp_path / "folder")


@pytest.mark.parametrize("prefix", ["", "ENC:"])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_values_of_the_replaced_addons(prefix: str, layers: int) -> None:
    token = Fernet(KEY).encrypt(SECRET.encode())
    for _layer in range(layers):
        token = base64.b64encode(token)
    assert legacy_open(f" {prefix}{token.decode()}\n", KEY) == SECRET


@pytest.mark.parametrize("value", ["", "ENC:", "ENC:plain", "ENC:cGxhaW4=", "ç", "\ud800", "A" * 400])
def test_values_that_were_never_encrypted_do_not_open(value: str) -> None:
    with pytest.raises(SealError):
        legacy_open(value, KEY)
    with pytest.raises(SealError):
        legacy_open(base64.b64encode(Fernet(OTHER).encrypt(b"x")).decode(), KEY)
