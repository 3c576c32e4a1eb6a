"""What the operators' pages give to other programs is what those take."""

import json
import re

import pytest
import yaml

from lockbox_rig.machine import REPOSITORY

PAGES = sorted((REPOSITORY / "docs" / "operating").glob("*.md")) + [REPOSITORY / "README.md"]
METRICS = REPOSITORY / "docs" / "operating" / "metrics.md"
MONITORING = REPOSITORY / "packaging" / "monitoring"


def blocks(page):
    return re.findall(r"(?ms)^```yaml\n(.*?)^```$", page.read_text())


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_every_yaml_is_yaml(page):
    for block in blocks(page):
        yaml.safe_load(block)


def explained():
    return dict(re.findall(r"(?m)^\| `(lockbox_\w+)[^`]*` \|[^|]*\| ([^|]*) \|$", METRICS.read_text()))


def metrics(expressions):
    return {name for expression in expressions for name in re.findall(r"lockbox_\w+", expression)}


def test_every_gauge_that_asks_to_act_has_an_alert_rule_and_no_rule_another_name():
    groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    named = metrics(rule["expr"] for group in groups for rule in group["rules"])
    assert named == {name for name, action in explained().items() if action != "–"}


def test_the_dashboard_shows_every_metric_and_no_other():
    panels = json.loads((MONITORING / "grafana.json").read_text())["panels"]
    shown = metrics(target["expr"] for panel in panels for target in panel.get("targets", []))
    assert shown == explained().keys()


def test_every_metric_is_explained(world):
    shown = set(re.findall(r"(?m)^(lockbox_\w+)", world.lockbox.api().get("/metrics").body.decode()))
    assert shown and shown <= explained().keys()
