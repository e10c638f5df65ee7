"""A project with several services has an image for each, with a command and a health check of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from plugins.bases import Shop, shop_in

MORE = """
[tool.buildkit.image.worker]
command = ["python", "-m", "shop.worker"]
health = "file:/tmp/alive"
health-age = "30s"
environment = { QUEUE = "mail" }

[tool.buildkit.image.nightly]
command = ["python", "-c", "import shop.prices"]

[tool.buildkit.image.queue]
command = ["python", "-m", "shop.worker"]
health = ["python", "-c", "raise SystemExit(0)"]
"""


def configuration(shop: Shop, name: str) -> dict[str, Any]:
    rows = shop.layout.known()
    row = rows[next(each for each in sorted(rows) if each.startswith(f"shop-{name}:"))]
    manifest = json.loads(shop.layout.read(row.digest))
    found: dict[str, Any] = json.loads(shop.layout.read(manifest["config"]["digest"]))["config"]
    return found


def test_each_service_has_an_image_with_its_command_and_its_check(tmp_path: Path) -> None:
    shop = shop_in(tmp_path / "shop")
    file = shop.root / "pyproject.toml"
    file.write_text(file.read_text() + MORE)
    (shop.root / "src/shop/worker.py").write_text("print('works')\n")
    ran = shop.invoke("image", "--json")
    assert ran.returncode == 0, ran.stderr
    assert {*json.loads(ran.stdout)["built"]} == {"api", "worker", "nightly", "queue"}

    api, worker, nightly, queue = (configuration(shop, name) for name in ("api", "worker", "nightly", "queue"))
    assert api["Healthcheck"]["Test"][-1] == "http://127.0.0.1:8000/health"
    assert worker["Healthcheck"]["Test"][-3:] == ["--health-file", "/tmp/alive", "30"]
    assert "Healthcheck" not in nightly
    assert queue["Healthcheck"]["Test"][-4:] == ["--health-command", "python", "-c", "raise SystemExit(0)"]
    assert [each["Cmd"] for each in (worker, nightly)] == [
        ["python", "-m", "shop.worker"],
        ["python", "-c", "import shop.prices"],
    ]
    assert "QUEUE=mail" in worker["Env"]
    assert "QUEUE=mail" not in api["Env"]
    assert [bool(each.get("ExposedPorts")) for each in (api, worker, nightly)] == [True, False, False]
    assert "no health check" in ran.stderr, "that nightly has none is said"


def test_services_share_all_layers_that_are_the_same(tmp_path: Path) -> None:
    shop = shop_in(tmp_path / "shop")
    file = shop.root / "pyproject.toml"
    file.write_text(file.read_text() + '[tool.buildkit.image.nightly]\ncommand = ["python", "-c", "import shop"]\n')
    assert shop.invoke("image").returncode == 0

    def layers(name: str) -> set[str]:
        row = next(row for each, row in sorted(shop.layout.known().items()) if each.startswith(f"shop-{name}:"))
        return {layer["digest"] for layer in json.loads(shop.layout.read(row.digest))["layers"]}

    shared = layers("api") & layers("nightly")
    assert len(layers("nightly") - shared) <= 1, "its own writable folders at most"
