"""One byte of a golden release flipped, a file removed, added, swapped or replayed: all found?

python bench/byte_flips.py [--quick] [--seed N]

Every byte of JSON, DSSE, policy, key and proof files, and 2,000 random bytes of each other file;
the flip is a mask drawn anew for each byte. Each altered release is held in memory and goes
through `verify`; a file is replayed from another release of the same signer. The verifier that
lies in the release sees the same for every hundredth flip. A lot goes through the check of lots.
Writes bench/results/byte_flips.json after each release; what is there is not tried again.
"""

import argparse
import importlib.util
import json
import random
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path

from assaymark.errors import AssaymarkError
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.verify import POLICIES
from assaymark.release.alone.steps import Release, verified
from assaymark.release.lots import LOT, check_lot
from assaymark.release.verify import verify
from assaymark.store.workspace import Workspace

HOME = Path(__file__).parents[1]
GOLDEN = HOME / "tests" / "golden" / "releases"
RESULTS = Path(__file__).parent / "results" / "byte_flips.json"
WHOLE = (".json", ".toml", ".pub", ".tlog-proof")
OTHERS = 2_000
DAY = date(2027, 3, 1)


def maker():
    spec = importlib.util.spec_from_file_location("make", GOLDEN.parent / "make_release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def found(files):
    """Whether `verify` finds something."""
    if LOT in files:
        try:
            check_lot(files)
        except AssaymarkError:
            return True
        return False
    return not verify(files, trusted=(), policies=POLICIES).ok


def found_alone(files):
    """Whether the verifier that lies in the release does."""
    with tempfile.TemporaryDirectory() as place:
        for path, raw in files.items():
            (Path(place) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(place) / path).write_bytes(raw)
        steps = verified(Release(Path(place), [], DAY))
    return any(outcome == "FAILED" for _, _, outcome, _ in steps)


def places(path, raw, rng, most=None):
    """Which bytes are flipped; ``most`` of each file where given."""
    every = list(range(len(raw)))
    n = len(raw) if path.endswith(WHOLE) else OTHERS
    n = min(n, len(raw)) if most is None else min(n, most, len(raw))
    return every if n == len(raw) else sorted(rng.sample(every, n))


def flips(files, rng, most=None):
    """Yield path, place and the release with one byte of it altered."""
    for path, raw in files.items():
        for place in places(path, raw, rng, most):
            altered = bytearray(raw)
            altered[place] ^= rng.randrange(1, 256)
            yield path, place, {**files, path: bytes(altered)}


def removed(files):
    for path in files:
        yield path, {p: raw for p, raw in files.items() if p != path}


def added(files):
    folders = sorted({p.rpartition("/")[0] for p in files})
    for folder in folders:
        for name in ("x.json", "9.dsse.json", ".hidden", "synthetic-2.parquet"):
            path = f"{folder}/{name}".lstrip("/")
            for raw in (b"", b"{}\n", files.get("policy.toml", b"x")):
                yield path, {**files, path: raw}


def swapped(files):
    names = list(files)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if files[one] != files[other]:
                yield f"{one} / {other}", {**files, one: files[other], other: files[one]}


def renamed(files):
    for path in files:
        left = {p: raw for p, raw in files.items() if p != path}
        yield path, {**left, f"{path}x": files[path]}


def replayed(files, others):
    for other in others:
        for path in files:
            if path in other and other[path] != files[path]:
                yield path, {**files, path: other[path]}
        for group in ("log/", "data/", "evidence/", "attestations/"):
            part = {p: raw for p, raw in other.items() if p.startswith(group)}
            if any(files.get(p) != raw for p, raw in part.items()):
                left = {p: raw for p, raw in files.items() if not p.startswith(group)}
                yield group, {**left, **part}


def pair():
    """Return two releases of one signer, the second made after the first."""
    make = maker()
    with tempfile.TemporaryDirectory() as place:
        workspace = Workspace.open(Path(place) / "ws")
        first = read_release(make.release(workspace, "first"))
        second = make.release(workspace, "second", frame=make.rows(shift=5))
        return first, read_release(second)


def alterations(files, other):
    """Yield kind, where, and the altered release, for whole files."""
    kinds = {
        "removed": removed(files),
        "added": added(files),
        "swapped": swapped(files),
        "renamed": renamed(files),
        "replayed": replayed(files, [other]),
    }
    for kind, altered in kinds.items():
        for where, changed in altered:
            yield kind, where, changed


def flipped(folder, rng, most):
    """Flip the bytes of one golden release; return what was tried, and what was not found."""
    tried, missed, alone = Counter(), [], Counter()
    files = read_release(folder)
    assert not found(files), folder.name
    for path, place, altered in flips(files, rng, most):
        kind = Path(path).suffix if path.endswith(WHOLE) else "other"
        tried[f"byte of {kind}"] += 1
        if not found(altered):
            missed.append(f"{folder.name}: {path} at {place}")
        if tried.total() % 100 == 0:
            alone["tried"] += 1
            alone["found"] += found_alone(altered)
    return {"tried": dict(tried), "missed": missed, "alone": dict(alone)}


def whole_files():
    """Alter whole files of every golden release and of a pair of one signer."""
    tried, missed = Counter(), []
    one, two = pair()
    golden = [(read_release(f), one) for f in sorted(GOLDEN.iterdir())]
    for files, other in [*golden, (one, two), (two, one)]:
        for kind, where, altered in alterations(files, other):
            tried[f"file {kind}"] += 1
            if not found(altered):
                missed.append(f"{kind}: {where}")
    return {"tried": dict(tried), "missed": missed, "alone": {}}


def measured(seed, most, out):
    """Try what is not in ``out`` yet; return everything added up."""
    done = json.loads(out.read_text()) if out is not None and out.exists() else {}
    parts = done.setdefault("parts", {})
    for folder in sorted(GOLDEN.iterdir()):
        if folder.name not in parts:
            parts[folder.name] = flipped(folder, random.Random(f"{seed} {folder.name}"), most)
            write(out, done)
    if "files" not in parts:
        parts["files"] = whole_files()
    tried, alone = Counter(), Counter()
    for part in parts.values():
        tried.update(part["tried"])
        alone.update(part["alone"])
    missed = [m for part in parts.values() for m in part["missed"]]
    done |= {"tried": dict(tried), "missed": missed, "alone": dict(alone)}
    write(out, done)
    return done


def write(out, done):
    if out is not None:
        out.write_text(json.dumps(done, indent=1) + "\n")


def table(result):
    lines = ["| altered | tried |", "|---|---|"]
    for kind, n in result["tried"].items():
        lines.append(f"| {kind} | {n:,} |")
    total = sum(result["tried"].values())
    lines.append(f"| all | {total:,}, of which {total - len(result['missed']):,} are found |")
    alone = result["alone"]
    lines.append(f"| bytes, by verify.py | {alone['tried']:,}, found {alone['found']:,} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="20 bytes of each file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    result = measured(asked.seed, 20 if asked.quick else None, None if asked.quick else asked.out)
    print(table(result))
    print("\n".join(result["missed"][:50]))


if __name__ == "__main__":
    main()
