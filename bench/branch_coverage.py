"""How much of what decides, releases and keeps is run by the tests: branches, by package.

python bench/branch_coverage.py            the tests that touch these packages, about half an hour
python bench/branch_coverage.py --quick    their own tests, without whole runs: two minutes
python bench/branch_coverage.py --of FILE  reads what was measured before

Needs `coverage` on the path; `make branch-coverage` fetches it into a folder of its own, since
numba changes its ways where it finds it installed. Asked: 100 % of the branches of each package.
No line is excluded but blocks for type checkers and bodies of protocols. Writes
bench/results/branch_coverage.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("decide", "release", "store")
QUICK = ("decide", "release", "store", "golden")
TESTS = ("cheats", "cli")
WHOLE_RUNS = (
    *("bias", "block_run", "claims", "compare", "crossfit", "descendants", "dial", "documents"),
    *("earlier", "fitness", "generator", "impute", "kinds", "learning", "log", "lot", "monitor"),
    *("people", "policy", "private_run", "queries", "reassess", "recall", "reproduce", "review"),
    *("run", "thin", "verify", "waivers"),
)
SETTINGS = """
[run]
branch = true
source = {sources}
data_file = {data}
patch = subprocess
parallel = true
[report]
exclude_also =
    if TYPE_CHECKING:
    \\.\\.\\.$
"""


def measure(place: Path, tests: list[str]) -> dict[str, dict[str, int]]:
    """Run the tests and return what was run of each file of the packages."""
    settings = place / "settings"
    sources = ",".join(f"assaymark.{p}" for p in PACKAGES)
    settings.write_text(SETTINGS.format(sources=sources, data=place / "data"))
    cover = [sys.executable, "-m", "coverage"]
    run = [*cover, "run", f"--rcfile={settings}", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ended = subprocess.run([*run, *tests], cwd=ROOT, check=False)
    if ended.returncode:
        print(f"tests ended with {ended.returncode}: what they would have run is not counted")
    subprocess.run([*cover, "combine", f"--rcfile={settings}", "-q"], cwd=ROOT, check=True)
    report = [*cover, "json", f"--rcfile={settings}", "-q", "-o", str(place / "report.json")]
    subprocess.run(report, cwd=ROOT, check=True)
    files = json.loads((place / "report.json").read_text())["files"]
    return {
        Path(name).as_posix().partition("assaymark/")[2]: {
            "lines": f["summary"]["num_statements"],
            "lines_run": f["summary"]["covered_lines"],
            "branches": f["summary"]["num_branches"],
            "branches_run": f["summary"]["covered_branches"],
            "missing": f["missing_lines"],
            "missing_branches": f["missing_branches"],
        }
        for name, f in files.items()
    }


def by_package(files: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Add up what was run by package."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, counts in files.items():
        for key in ("lines", "lines_run", "branches", "branches_run"):
            found[name.partition("/")[0]][key] += counts[key]
    return {k: dict(v) for k, v in found.items()}


def share(counts: dict[str, int], what: str) -> str:
    """Return a share in per cent, rounded down, so that 100 is said of all only."""
    there = counts[what]
    return f"{int(1000 * counts[f'{what}_run'] / there) / 10 if there else 100:.1f}"


def main() -> None:
    """Print branch coverage by package, and each file that lacks some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--of", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "bench/results/branch_coverage.json")
    asked = parser.parse_args()
    if asked.of:
        found = json.loads(asked.of.read_text())
    else:
        tests = [f"tests/{t}" for t in QUICK]
        if not asked.quick:
            tests += [f"tests/{t}" for t in TESTS]
            tests += [f"tests/flow/test_{t}.py" for t in WHOLE_RUNS]
        with tempfile.TemporaryDirectory() as place:
            files = measure(Path(place), tests)
        found = {"tests": tests, "packages": by_package(files), "files": files}
        asked.out.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    print("package   branches        of them run    lines run")
    for package, counts in sorted(found["packages"].items()):
        branches = f"{counts['branches_run']} of {counts['branches']}"
        print(
            f"{package:<9} {branches:<15} {share(counts, 'branches'):>6} %     "
            f"{share(counts, 'lines'):>6} %"
        )
    for name, f in sorted(found["files"].items()):
        if f["missing"] or f["missing_branches"]:
            gaps = ", ".join(f"{a}->{b}" for a, b in f["missing_branches"])
            print(f"  {name}: lines {f['missing']}; branches {gaps}")


if __name__ == "__main__":
    main()
