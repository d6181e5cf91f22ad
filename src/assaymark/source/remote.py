"""Remote: tables in an object store, copied to this machine's disk one at a time."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from assaymark.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["objects_at"]


_RAISED = (
    ("aiohttp", "ClientError"),
    ("azure.core.exceptions", "AzureError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
)
"""What packages of stores raise that is none of Python's own errors, such as a lost connection."""


def objects_at(url: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Yield the name and a copy of each object at ``url``: one, a folder, or a pattern with ``*``.

    A copy is there until the next one is asked for. Credentials are those of the environment, as
    the store's own tools take them.

    Raises
    ------
    DataError
        When fsspec or the store's package is not installed, nothing is there, or an object
        cannot be copied.
    """
    if find_spec("fsspec") is None:
        raise DataError(
            f"{url!r} is reached through fsspec, which is not installed\n\n"
            "Hint: pip install 'assaymark[remote]', and the store's package, such as s3fs"
        )
    import fsspec

    try:
        store, path = fsspec.core.url_to_fs(url)
        if "*" in path:
            names = store.glob(path)
        else:
            names = store.find(path) if store.isdir(path) else [path]
        tables = [n for n in sorted(map(str, names)) if n.lower().endswith(suffixes)]
        if not tables:
            raise FileNotFoundError(2, f"no object that ends in {', '.join(suffixes)}", url)
        for name in tables:
            with TemporaryDirectory(prefix="assaymark-") as folder:
                copy = Path(folder, Path(name).name)
                store.get_file(name, str(copy))
                yield name, copy
    except _errors() as error:
        if isinstance(error, DataError):
            raise
        said = str(error).splitlines()[0] if str(error) else repr(error)
        hint = "check the address, and that the environment has rights to it"
        if isinstance(error, FileNotFoundError):
            said = error.args[1] if len(error.args) > 1 else "there is no such object"
        elif isinstance(error, ImportError):
            hint = "pip install that package"
        raise DataError(f"{url!r} cannot be read: {said}\n\nHint: {hint}") from error


def _errors() -> tuple[type[Exception], ...]:
    """Return Python's own errors, and those of packages in use: others have raised nothing."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in _RAISED)
    theirs = (e for e in found if isinstance(e, type) and issubclass(e, Exception))
    return (OSError, ValueError, ImportError, *theirs)
