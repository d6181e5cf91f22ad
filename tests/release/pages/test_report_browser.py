"""The report in a real browser: nothing is cut off, blocked or fetched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from assaymark.release.pages.report import render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
)
# The frame's page is measured from outside: the report itself runs no script.
FRAME = """<!doctype html><title>measure</title>
<iframe src="report.html" style="width:{width}px;height:900px;border:0"></iframe>
<script>addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument;
  page.querySelectorAll("details").forEach((d) => {{ d.open = true; }});
  document.title = JSON.stringify({{
    scroll: page.documentElement.scrollWidth, client: page.documentElement.clientWidth,
    styled: page.defaultView.getComputedStyle(page.querySelector(".page")).display,
    fetched: page.defaultView.performance.getEntriesByType("resource").length}});
}});</script>"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium")
@pytest.mark.parametrize(
    ("mode", "width"),
    [("refusal", 390), ("release", 390), ("draft", 390), ("refusal", 860), ("refusal", 1280)],
)
def test_no_page_is_wider_than_its_window_or_loads_anything(mode, width, request, tmp_path):
    (tmp_path / "report.html").write_bytes(render(request.getfixturevalue(mode)))
    (tmp_path / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    done = subprocess.run(
        [
            str(CHROMIUM),
            *FLAGS,
            "--allow-file-access-from-files",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1400,1000",
            "--dump-dom",
            (tmp_path / "frame.html").as_uri(),
        ],
        capture_output=True,
        check=False,
        timeout=60,
        env=dict(os.environ),
        encoding="utf-8",
    )
    found = re.search(r"<title>(\{.*?\})</title>", done.stdout)
    assert found, done.stderr[-2000:]
    assert found[1] == (f'{{"scroll":{width},"client":{width},"styled":"grid","fetched":0}}')
