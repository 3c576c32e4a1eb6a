"""What the operators' pages give to other programs is what those take."""

import re

import pytest
import yaml

from lockbox_rig.machine import REPOSITORY

PAGES = sorted((REPOSITORY / "docs" / "operating").glob("*.md")) + [REPOSITORY / "README.md"]
METRICS = REPOSITORY / "docs" / "operating" / "metrics.md"


def blocks(page):
    return re.findall(r"(?ms)^```yaml\n(.*?)^```$", page.read_text())


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_every_yaml_is_yaml(page):
    for block in blocks(page):
        yaml.safe_load(block)


def test_every_gauge_that_asks_to_act_has_an_alert_rule_and_no_rule_another_name():
    table = re.findall(r"(?m)^\| `(lockbox_\w+)[^`]*` \|[^|]*\| ([^|]*) \|$", METRICS.read_text())
    rules = [rule["expr"] for block in blocks(METRICS) for group in yaml.safe_load(block)["groups"]
             for rule in group["rules"]]
    named = {name for rule in rules for name in re.findall(r"lockbox_\w+", rule)}
    assert named <= {name for name, _ in table}
    assert {name for name, action in table if action != "–"} == named


def test_every_metric_is_explained(world):
    shown = set(re.findall(r"(?m)^(lockbox_\w+)", world.lockbox.api().get("/metrics").body.decode()))
    explained = set(re.findall(r"(?m)^\| `(lockbox_\w+)", METRICS.read_text()))
    assert shown and shown <= explained
