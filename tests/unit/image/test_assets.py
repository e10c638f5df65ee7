"""Commands that make files before the project is compiled."""

from __future__ import annotations

from buildkit.image.assets import Asset
from buildkit.image.staging import Contents, Own, staged_files

NODE = Asset("npm ci && npm run build", "node:22-slim", ("frontend",), ("static/dist",))


def stages(*assets: Asset) -> dict[str, str]:
    contents = Contents({"name": "x"}, "src", ("app",), (), "{}", assets=assets)
    text = staged_files(contents, ['CMD ["x"]'], Own())["Dockerfile"].decode()
    return {each.split("\n", 1)[0].split()[2]: each for each in text.split("\nFROM ")[1:]}


def test_a_command_runs_in_its_own_base_on_what_it_reads() -> None:
    stage = stages(NODE)["asset-1"]

    assert stage.startswith("node:22-slim AS asset-1")
    assert 'COPY ["frontend", "/app/frontend"]' in stage
    assert "COPY . ." not in stage, "an edit elsewhere does not run it again"
    assert "{ npm ci && npm run build; }" in stage


def test_a_text_alone_runs_with_the_packages_of_the_service_on_the_whole_project() -> None:
    stage = stages(NODE, Asset("python manage.py collectstatic"))["asset-2"]

    assert stage.startswith("dependencies AS asset-2")
    assert "ENV PATH=/opt/venv/bin:${PATH} PYTHONPATH=/app/${SOURCE_ROOT}" in stage
    assert "COPY . ." in stage


def test_what_was_made_replaces_what_the_checkout_has_before_the_project_is_compiled() -> None:
    build = stages(NODE, Asset("make"))["build"]

    places = [
        "COPY . .",
        'RUN ["rm", "-rf", "/app/static/dist"]',
        'COPY --from=asset-1 ["/app/static/dist", "/app/static/dist"]',
        'COPY --from=asset-2 ["/app/", "/app/"]',
        "compile --profile release",
    ]
    assert sorted(places, key=build.index) == places
    assert all(build.count(place) == 1 for place in places)


def test_without_commands_there_is_no_stage() -> None:
    assert not any(name.startswith("asset") for name in stages())
