"""The documents in a real browser: nothing is cut off, blocked or fetched, on a telephone too."""

import re
import shutil
import subprocess

import pytest

from assaymark.flow.release.documents import judged_of
from assaymark.release.documents.filled import fill
from assaymark.release.documents.graph import Graph
from assaymark.release.documents.pack import pack_called
from assaymark.release.documents.written import DATASHEET, LAY, pack_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--allow-file-access-from-files", "--window-size=1400,1000"),
)
FRAME = """<!doctype html><title>measure</title>
{frames}
<script>addEventListener("load", () => {{
  document.title = JSON.stringify([...document.querySelectorAll("iframe")].map((f) => {{
    const page = f.contentDocument;
    return [page.documentElement.scrollWidth,
      page.defaultView.getComputedStyle(page.querySelector("a.quote")).textDecorationStyle,
      page.defaultView.performance.getEntriesByType("resource").length]}}));
}});</script>"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium")
def test_no_page_is_wider_than_its_window_or_loads_anything(made, tmp_path):
    files = made(title="x" * 140, unit="数据·列")
    graph = Graph.of(files)
    pack = pack_page(fill(pack_called("anonymity"), graph, judged_of(files)), graph)
    pages = {LAY: files[LAY], DATASHEET: files[DATASHEET], "anonymity.html": pack}
    for name, raw in pages.items():
        (tmp_path / name).write_bytes(raw)
    sizes = [(name, width) for name in pages for width in (390, 1280)]
    frames = "".join(
        f'<iframe src="{name}" style="width:{width}px;height:600px;border:0"></iframe>'
        for name, width in sizes
    )
    (tmp_path / "frame.html").write_text(FRAME.format(frames=frames), encoding="utf-8")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, profile, "--dump-dom", (tmp_path / "frame.html").as_uri()],
        capture_output=True,
        check=False,
        timeout=60,
        encoding="utf-8",
    )
    found = re.search(r"<title>(\[.*?\])</title>", done.stdout)
    assert found, done.stderr[-2000:]
    expected = ",".join(f'[{width},"dotted",0]' for _, width in sizes)
    assert found[1] == f"[{expected}]"
