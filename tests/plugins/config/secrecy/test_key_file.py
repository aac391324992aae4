"""The key file: private, whole or absent, agreed upon by processes that start at once, never overwritten stale."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sprintia_config
from sprintia_config.secrecy import DataKey, MasterKeyError, MasterKeyRing

SOURCE = Path(sprintia_config.__file__).parents[1]

# Each process says that it is ready, waits for the word, and then prints what it did.
PROGRAM = """
import sys
from pathlib import Path
from sprintia_config.secrecy import MasterKeyRing, MasterKeyError
path = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
{act}
"""
FIRST_RUN = "print(MasterKeyRing.load_or_create(path).reveal().splitlines()[-1])"
ROTATE = """
while True:
    ring = MasterKeyRing.load_or_create(path).with_new_key()
    try:
        ring.save(path)
    except MasterKeyError:
        continue
    print(ring.reveal().splitlines()[2])
    break
"""


def at_once(act: str, path: Path, count: int) -> list[str]:
    """What each of several processes prints that act in the same moment."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(act=act), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0] * count
    return printed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "master.keys"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_the_first_run_makes_a_private_file_and_the_second_reads_it(path: Path) -> None:
    ring, key = MasterKeyRing.load_or_create(path), DataKey.generate()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert MasterKeyRing.load_or_create(path).unwrap("t", ring.wrap("t", key)) == key


@pytest.mark.usefixtures("open_umask")
def test_an_open_umask_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data" / "config" / "master.keys"
    MasterKeyRing.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


def test_processes_that_start_at_once_agree(path: Path) -> None:
    keys = at_once(FIRST_RUN, path, 8)
    assert len(set(keys)) == 1
    assert keys[0] in path.read_text()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_rotations_at_once_lose_no_key(path: Path) -> None:
    first = MasterKeyRing.load_or_create(path)
    keys = at_once(ROTATE, path, 6)
    assert len(set(keys)) == 6
    text = path.read_text()
    assert all(key in text for key in keys)
    assert len(MasterKeyRing.load_or_create(path).key_ids) == 7
    assert MasterKeyRing.load_or_create(path).key_ids[-1] == first.current_id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666, 0o777])
def test_a_file_that_others_may_use_is_refused_with_the_cure(path: Path, mode: int) -> None:
    MasterKeyRing.load_or_create(path)
    path.chmod(mode)
    with pytest.raises(MasterKeyError, match=f"chmod 600 {path}"):
        MasterKeyRing.load_or_create(path)
    path.chmod(0o600)
    MasterKeyRing.load_or_create(path)


def test_a_read_only_file_is_read(path: Path) -> None:
    MasterKeyRing.load_or_create(path)
    path.chmod(0o400)
    MasterKeyRing.load_or_create(path)


def test_an_empty_file_is_an_error_and_no_first_run(path: Path) -> None:
    # To make a new key here would lock every stored secret for ever.
    path.touch(0o600)
    with pytest.raises(MasterKeyError, match="no master key"):
        MasterKeyRing.load_or_create(path)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("content", [b"k1:\xff\xfe", b"x" * 70_000])
def test_a_file_that_is_no_key_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(MasterKeyError, match=str(path)):
        MasterKeyRing.load_or_create(path)


def test_a_folder_a_fifo_and_a_broken_link_are_refused(tmp_path: Path) -> None:
    folder, fifo, link = tmp_path / "folder", tmp_path / "fifo", tmp_path / "link"
    folder.mkdir(mode=0o700)
    os.mkfifo(fifo, 0o600)
    link.symlink_to(tmp_path / "nothing")
    for path in (folder, fifo, link, tmp_path / "fifo" / "below"):
        with pytest.raises(MasterKeyError, match=str(path)):
            MasterKeyRing.load_or_create(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MasterKeyError, match=r"SPRINTIA_CONFIG_MASTER_KEYS|mend its path"):
        MasterKeyRing.load_or_create(tmp_path / "file" / "folder" / "master.keys")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_rotation_by_root_leaves_the_file_to_its_owner(path: Path) -> None:
    ring = MasterKeyRing.load_or_create(path)
    os.chown(path, 12345, 12345)
    MasterKeyRing.load_or_create(path)
    ring.with_new_key().save(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12345)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_save_replaces_the_file_whole(path: Path) -> None:
    ring = MasterKeyRing.load_or_create(path)
    before = path.stat().st_ino
    rotated = ring.with_new_key()
    rotated.save(path)
    assert path.stat().st_ino != before
    assert MasterKeyRing.load_or_create(path).key_ids == rotated.key_ids
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_save_makes_the_file_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "new" / "master.keys"
    ring = MasterKeyRing([("k1", os.urandom(32))])
    ring.save(path)
    assert MasterKeyRing.load_or_create(path).key_ids == ("k1",)


def test_save_keeps_a_symbolic_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    ring = MasterKeyRing.load_or_create(target)
    link.symlink_to(target)
    ring.with_new_key().save(link)
    assert link.is_symlink()
    assert len(MasterKeyRing.load_or_create(target).key_ids) == 2


def test_a_stale_ring_does_not_overwrite_a_newer_file(path: Path) -> None:
    ring = MasterKeyRing.load_or_create(path)
    ring.with_new_key().save(path)
    content = path.read_bytes()
    with pytest.raises(MasterKeyError, match="would be lost"):
        ring.with_new_key().save(path)
    assert path.read_bytes() == content


def test_another_key_under_a_known_id_does_not_overwrite(path: Path) -> None:
    ring = MasterKeyRing.load_or_create(path)
    with pytest.raises(MasterKeyError, match="would be lost"):
        MasterKeyRing([(ring.current_id, os.urandom(32))]).save(path)


def test_a_retired_key_leaves_the_file(path: Path) -> None:
    old = MasterKeyRing.load_or_create(path)
    rotated = old.with_new_key()
    rotated.save(path)
    rotated.without_key(old.current_id).save(path)
    assert MasterKeyRing.load_or_create(path).key_ids == (rotated.current_id,)
