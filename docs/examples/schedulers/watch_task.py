"""What both Python schedulers call: one look; returns what was found, raises where it failed."""

import json
import subprocess
import sys


def look(release: str, batch: str, state: str, *more: str) -> dict:
    """Hold a batch against a release; a change is in what is returned."""
    done = subprocess.run(
        [sys.executable, "-m", "assaymark", "monitor", release, "--batch", batch]
        + ["--state", state, "--json", *more],
        capture_output=True,
        text=True,
    )
    if done.returncode not in {0, 3}:
        raise RuntimeError(done.stderr.strip() or f"ended with {done.returncode}")
    return json.loads(done.stdout)
