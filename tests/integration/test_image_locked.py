"""An image has what the project's lock fixes, by version and by hash, although its index has newer releases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from plugins.images import Project, docker, inside
from plugins.small_index import NAMES, served, wheel

from buildkit.errors import ConfigurationError, ImageError

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

LOCKED = Path(__file__).parents[1] / "projects" / "locked" / "uv"
INSTALLED = """\
from importlib.metadata import distributions
print(sorted(f'{found.name}=={found.version}' for found in distributions()))
"""


OWN = 'source = { virtual = "." }\ndependencies = ['
ROW = '{ name = "member", directory = "member" },'
MEMBER = '\n[[package]]\nname = "member"\nversion = "0.5"\nsource = { directory = "member" }\n'
MEMBERS = {
    "member/member.py": "        WORD = 1",
    "member/pyproject.toml": """
        [build-system]
        requires = []
        build-backend = "making"
        backend-path = ["."]

        [project]
        name = "member"
        version = "0.5"
    """,
    "member/making.py": """
        import zipfile
        from pathlib import Path

        FILES = {
            "member.py": Path("member.py").read_text(),
            "member-0.5.dist-info/METADATA": "Metadata-Version: 2.1\\nName: member\\nVersion: 0.5\\n",
            "member-0.5.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        }

        def build_wheel(folder, settings=None, metadata=None):
            name = "member-0.5-py3-none-any.whl"
            with zipfile.ZipFile(Path(folder, name), "w") as file:
                for path, text in FILES.items():
                    file.writestr(path, text)
                rows = "".join(f"{path},,\\n" for path in FILES)
                file.writestr("member-0.5.dist-info/RECORD", rows + "member-0.5.dist-info/RECORD,,\\n")
            return name
    """,
}


@pytest.fixture
def small_index() -> Iterator[tuple[str, list[str]]]:
    """Serve the small index where a build reaches this machine."""
    host = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    try:
        with served(host) as index:
            yield index
    except OSError as error:
        pytest.skip(f"the engine's network is not of this machine: {error}")


def digest(name: str, version: str) -> str:
    return sha256(wheel(name, version)).hexdigest()


def test_locked_versions_and_hashes_are_what_is_installed(
    tmp_path: Path, repository: str, small_index: tuple[str, list[str]]
) -> None:
    address, fetched = small_index
    image = f'[tool.buildkit]\npackages = ["app"]\n[tool.buildkit.image.api]\nrepository = "{repository}-locked"\n'
    settings = 'command = ["python", "-c", "import app"]\nhealth = ""\nextras = ["database"]\n'
    service = Project(tmp_path, repository)
    text = (LOCKED / "pyproject.toml").read_text().replace(NAMES, address).replace('"alpha>=', '"member", "alpha>=')
    (tmp_path / "pyproject.toml").write_text(f"{text}\n{image}{settings}")
    lock = (LOCKED / "uv.lock").read_text().replace(NAMES, address)
    lock = lock.replace('name = "beta"\nversion = "2.0"', 'name = "beta"\nversion = "1.0"')
    lock = lock.replace("beta-2.0-", "beta-1.0-").replace(digest("beta", "2.0"), digest("beta", "1.0"))
    lock = lock.replace(OWN, f'{OWN}\n    {{ name = "member" }},').replace(
        "requires-dist = [", f"requires-dist = [{ROW}"
    )
    lock += MEMBER
    (tmp_path / "uv.lock").write_text(lock)  # of the time when beta 1.0 was the newest
    for name, content in MEMBERS.items():
        service.write(name, content)
    service.write("app/__init__.py", "        WORD = 1")
    trusted = {"PIP_TRUSTED_HOST": re.sub(r"https?://|:\d+$", "", address)}
    environment = {"PYBUILDKIT_ENGINE_BUILD_ARGS": json.dumps(trusted)}

    _, facts = service.build(environment=environment, required=True)

    python = inside(facts["tags"][0], "python -c 'import sys; print(sys.version_info >= (3, 12))'")
    expected = ["alpha==1.1", "beta==1.0", "driver==3.0", f"epsilon=={'2.0' if python == 'True' else '1.0'}"]
    expected += [] if python == "True" else ["gamma==1.0"]
    found = inside(facts["tags"][0], f'python -c "{INSTALLED}"')
    assert [each for each in json.loads(found.replace("'", '"')) if not each.startswith("service==")] == sorted(
        [*expected, "member==0.5"]
    )
    assert {name.partition("-py3")[0] for name in fetched} == {name.replace("==", "-") for name in expected}
    assert facts["lock"] == "uv.lock"
    assert "packages from uv.lock" in service.talk.getvalue()

    service.edit("member/member.py", "1", "2")
    _, facts = service.build(environment=environment, required=True)
    assert inside(facts["tags"][0], "python -c 'import member; print(member.WORD)'") == "2"
    steps = {step["step"]: step["outcome"] for step in facts["steps"]}
    assert {steps[name] for name in steps if "requirements.txt" in name and "dependencies" in name} == {"cached"}

    (tmp_path / "uv.lock").write_text(lock.replace(digest("driver", "3.0"), digest("delta", "1.0")))
    with pytest.raises(ImageError) as other:
        service.build(environment=environment, required=True)
    assert "DO NOT MATCH THE HASHES" in "\n".join(other.value.details)

    service.edit("pyproject.toml", '"alpha>=1,<2"', '"alpha>=1.5,<2"')
    with pytest.raises(ConfigurationError, match=r"uv\.lock does not fit pyproject\.toml") as refused:
        service.build(environment=environment, required=True)
    assert refused.value.hint == "lock anew: uv lock"
