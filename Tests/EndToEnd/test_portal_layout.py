"""Where the parts of every page are, measured in a browser on the pages of the gallery."""

import subprocess

import pytest

from lockbox_rig.machine import REPOSITORY

GALLERY = REPOSITORY / ".build" / "debug" / "lockbox-gallery"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    subprocess.run([GALLERY, "--out", folder], check=True, capture_output=True, timeout=300)
    return sorted((folder / "light").glob("*.html"))


def test_the_header_of_every_page_is_as_wide_as_the_window_and_at_its_top(gallery, open_browser):
    assert len(gallery) > 100
    page = open_browser("", width=390, script=False).page
    wrong = []
    for file in gallery:
        page.goto(file.as_uri())
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 844})
            top, left, right, wide, main = page.evaluate("""() => {
                const header = document.querySelector("header").getBoundingClientRect()
                const main = document.querySelector("main").getBoundingClientRect()
                const wide = document.documentElement.clientWidth
                return [header.top, header.left, header.right, wide, (main.left + main.right) / 2]
            }""")
            if (top, left, right) != (0, 0, wide) or abs(main - wide / 2) > 1:
                wrong.append(
                    f"{file.name} at {width}: header {left}…{right} of {wide}, {top} from the top, main at {main}"
                )
    assert not wrong, "\n".join(wrong)
