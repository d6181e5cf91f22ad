"""Setting up: loops are compiled ahead, and nothing else is left behind."""

import pytest

from assaymark.flow.warm import warm


@pytest.mark.slow
def test_compiling_ahead_leaves_nothing_where_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    warm()
    assert list(tmp_path.iterdir()) == []
