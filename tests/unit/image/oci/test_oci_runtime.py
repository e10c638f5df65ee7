"""The configuration of an image is what the last stage of its Dockerfile says."""

from __future__ import annotations

import pytest

from buildkit.errors import ImageError
from buildkit.image.oci.runtime import configuration, configured
from buildkit.image.serving import last_lines, variables

TEXT = """\
FROM one AS first
ENV A=not-this
FROM base AS runtime
ARG SOURCE_ROOT=.
ARG DATA_MOUNT=/app/data
ENV PATH=/opt/venv/bin:${PATH} \\
    PYTHONPATH=/app/${SOURCE_ROOT}:/opt/buildkit \\
    DATA=${DATA_MOUNT}
COPY --from=first /opt/ /opt/
WORKDIR /app
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "buildkit.runtime", "--"]
"""


def test_variables_command_user_and_health_check_are_taken_over() -> None:
    lines = [*variables({"ODD": 'a "b" $HOME'}), *last_lines(["uvicorn", "a:b"], 8000, ["check", "it"])]
    base = {"Env": ["PATH=/usr/bin", "LANG=C"], "Cmd": ["python3"], "Labels": {"of": "base"}, "Hostname": ""}
    found = configured(TEXT + "\n".join(lines), {"SOURCE_ROOT": "src"}, base, {"revision": "abc"})
    assert found == {
        "Env": [
            "PATH=/opt/venv/bin:/usr/bin",
            "LANG=C",
            "PYTHONPATH=/app/src:/opt/buildkit",
            "DATA=/app/data",
            'ODD=a "b" $HOME',
        ],
        "Cmd": ["uvicorn", "a:b"],
        "Entrypoint": ["python", "-m", "buildkit.runtime", "--"],
        "WorkingDir": "/app",
        "User": "10001:10001",
        "StopSignal": "SIGTERM",
        "ExposedPorts": {"8000/tcp": {}},
        "Healthcheck": {
            "Test": ["CMD", "check", "it"],
            "Interval": 5 * 10**9,
            "Timeout": 5 * 10**9,
            "StartPeriod": 300 * 10**9,
            "Retries": 3,
        },
        "Labels": {"of": "base", "revision": "abc"},
    }


def test_what_runs_in_the_last_stage_needs_an_engine() -> None:
    with pytest.raises(ImageError, match="needs an engine: RUN apt-get install hello"):
        configured(f"{TEXT}RUN apt-get install hello\n", {}, {}, {})


def test_history_has_a_line_for_each_layer_also_where_that_of_the_base_does_not_fit() -> None:
    base = {"architecture": "arm64", "os": "linux", "rootfs": {"diff_ids": ["sha256:1", "sha256:2"]}}
    found = configuration(base, {}, [("sha256:3", "modules")], 0)
    assert len(found["history"]) == len(found["rootfs"]["diff_ids"]) == 3
    assert found["history"][2]["comment"] == "modules"
    assert (found["architecture"], found["created"]) == ("arm64", "1970-01-01T00:00:00Z")
