"""What of a project's Dockerfile an image of the suite's does not have."""

from __future__ import annotations

from pathlib import Path

from buildkit.image import dockerfile
from buildkit.image.adoption import Declared, left_out
from buildkit.image.review.build import Build

TEXT = """
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 LOG_LEVEL=info API_TOKEN=f3a9bc
RUN apt-get update && apt-get install -y gcc libmagic1 libpq5 ca-certificates
RUN pip install -r requirements.txt && python manage.py collectstatic --noinput
VOLUME /srv/uploads
EXPOSE 9000
HEALTHCHECK CMD curl -f http://localhost:9000/up
ENTRYPOINT ["/srv/entrypoint.sh"]
CMD ["gunicorn", "app.wsgi"]
"""


def left(tmp_path: Path, **declared: object) -> list[tuple[int, str]]:
    return [*left_out(Build(tmp_path, dockerfile.read(TEXT), {}), Declared(**declared))]  # type: ignore[arg-type]


def test_each_thing_comes_with_the_setting_that_says_it(tmp_path: Path) -> None:
    assert left(tmp_path, command=("uvicorn", "app:app")) == [
        (3, 'LOG_LEVEL: environment = { LOG_LEVEL = "info" }'),
        (4, 'packages of the system: system-packages = ["libmagic1", "libpq5"]'),
        (5, "manage.py collectstatic: assets = [...]"),
        (6, 'folders that are written: writable = ["/srv/uploads"]'),
        (7, "port 9000: port = 9000"),
        (
            9,
            "/srv/entrypoint.sh does not run: what it does before the service starts is for a gate, or for the command",
        ),
        (10, 'its command is ["gunicorn", "app.wsgi"], that of the image ["uvicorn", "app:app"]'),
        (8, 'its check: health = "/path", a file or a command'),
    ]


def test_what_the_settings_say_is_taken_over(tmp_path: Path) -> None:
    found = left(
        tmp_path,
        command=("gunicorn", "app.wsgi"),
        port=9000,
        environment={"LOG_LEVEL": "debug"},
        system=("libmagic1", "libpq5=15.3-0"),
        writable=("/srv/uploads",),
        assets=True,
        health=True,
    )
    assert [line for line, _ in found] == [9]
