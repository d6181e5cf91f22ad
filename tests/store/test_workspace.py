import resource
import stat
import subprocess
import sys

import pytest

from assaymark.errors import IntegrityError, WorkspaceError
from assaymark.store.workspace import Workspace


def test_blobs_come_back_and_altered_or_lost_ones_are_found(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    digest = workspace.put(b"rows")
    assert workspace.get(digest) == b"rows"
    blob = next(p for p in (tmp_path / "ws" / "blobs").rglob("*") if p.is_file())
    blob.chmod(0o600)
    blob.write_bytes(b"other")
    with pytest.raises(IntegrityError, match="altered"):
        workspace.get(digest)
    blob.unlink()
    with pytest.raises(IntegrityError, match="not in the workspace"):
        workspace.get(digest)


def test_secrets_are_drawn_once_and_are_the_owners_alone(tmp_path):
    one, two = Workspace.open(tmp_path / "ws"), Workspace.open(tmp_path / "ws")
    assert one.secret("split") == two.secret("split")
    assert one.key().fingerprint == two.key().fingerprint
    for path in (tmp_path / "ws" / "sealed").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_disk_is_said_plainly_and_leaves_nothing_half_written(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from assaymark.store.workspace import Workspace\n"
        "from assaymark.errors import WorkspaceError\n"
        f"w = Workspace.open(Path({str(tmp_path / 'ws')!r}))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (4096, {hard}))\n"
        "try: w.put(b'x' * 100_000)\n"
        "except WorkspaceError as e: print(e); sys.exit(e.exit_code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "make room" in done.stdout
    assert not [p for p in (tmp_path / "ws" / "blobs").rglob("*") if p.is_file()]
    assert workspace.put(b"x") is not None
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == (soft, hard)


def test_a_lock_keeps_others_out_until_its_holder_ends(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    with (
        workspace.lock(),
        pytest.raises(WorkspaceError, match="in use by process"),
        workspace.lock(),
    ):
        pass
    with workspace.lock():
        pass
