import re
import sys
from pathlib import Path

from assaymark.core.registry import Registry
from assaymark.core.streams import Streams

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_worked_example_is_a_metric_as_it_stands(tmp_path, monkeypatch, make_case, population):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    package = tmp_path / "example_metrics"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "row_count.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Registry("metric", "example_metrics")
    assert found.names() == ["row_count"] or "row_count" in found.names()
    case = make_case(population(40, 1), population(40, 2), population(20, 3))
    (measured,) = found.build("row_count").measure(case, Streams.from_seed(1))
    assert measured.value == 0.5
    sys.modules.pop("example_metrics.row_count")
