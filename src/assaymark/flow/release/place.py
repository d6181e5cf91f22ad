"""Place: where a release is, said by its folder or by its name in a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.flow.release.log import workspace_at
from assaymark.release.build import MANIFEST

if TYPE_CHECKING:
    from assaymark.store.workspace import Workspace

__all__ = ["WORKSPACE", "folder_at", "name_at", "releases_in", "workspace_and_name"]

WORKSPACE = Path(".assaymark")
"""Where a workspace is unless it is said."""
_KINDS = ("releases", "lots")
_ISSUED = (*_KINDS, "ready", "quarantine")


def folder_at(release: Path, workspace: Path | None = None) -> Path:
    """Return the folder of a release; a name that is no folder here is one in the workspace."""
    if release.name in {"", ".."}:
        return release.resolve()
    if release.exists() or len(release.parts) != 1:
        return release
    places = [(workspace or WORKSPACE) / kind / release for kind in _KINDS]
    return next((p for p in places if p.is_dir()), release)


def releases_in(workspace: Path) -> list[Path]:
    """Return the folders of the releases of a workspace: those that have a manifest."""
    return sorted(p.parent for p in (workspace / "releases").glob(f"*/{MANIFEST}"))


def name_at(release: str, workspace: Path) -> tuple[Path, str]:
    """Return workspace and name of what was said as a name, or as a folder.

    The folder in a workspace says which workspace; a copy elsewhere is known by its name.
    """
    if not release.strip():
        return workspace, release
    folder = Path(release).resolve()
    if not folder.is_dir():
        return workspace, release
    home = folder.parents[1] if len(folder.parents) > 1 else folder
    if folder.parent.name in _ISSUED and (home / "ledger.db").is_file():
        return home, folder.name
    return workspace, folder.name


def workspace_and_name(release: str, workspace: Path) -> tuple[Workspace, str]:
    """Open the workspace of a release, and return it with the release's name there."""
    place, name = name_at(release, workspace)
    return workspace_at(place), name
