"""What is in a wheel, from the names of its files."""

from buildkit.wheels import contents
from buildkit.wheels.contents import modules, natives_of_the_checkout, retag

WHEEL = [
    "app/__init__.py",
    "app/__main__.py",
    "app/fast.py",
    "app/fast.cpython-311-x86_64-linux-gnu.so",
    "app/kernel.pyx",
    "app/kernel.pyd",
    "app/libshipped.so",
    "app/data/table-1.py",
    "tools/run.py",
    "app-1.0.dist-info/WHEEL",
]


def test_extensions_of_the_checkout_are_told_from_libraries_that_a_package_ships() -> None:
    assert natives_of_the_checkout(WHEEL) == ["app/fast.cpython-311-x86_64-linux-gnu.so", "app/kernel.pyd"]


def test_libraries_of_mypyc_in_the_checkout_are_told_by_the_module_or_package_that_they_are_named_after() -> None:
    own = ["app/fast__mypyc.cpython-311-x86_64-linux-gnu.so", "app__mypyc.cpython-311-x86_64-linux-gnu.so"]
    foreign = ["other__mypyc.cpython-311-x86_64-linux-gnu.so", "app.cpython-311-x86_64-linux-gnu.so"]

    found = natives_of_the_checkout([*WHEEL, *own, *foreign])

    assert set(found) == {*natives_of_the_checkout(WHEEL), *own}


def test_libraries_of_mypyc_are_no_modules() -> None:
    assert modules([*WHEEL, "app__mypyc.cpython-311-x86_64-linux-gnu.so", "app/fast__mypyc.pyd"]) == modules(WHEEL)


def test_every_importable_module_is_named_with_whether_an_extension_provides_it() -> None:
    assert modules(WHEEL, ("app",)) == {"app": False, "app.fast": True, "app.kernel": True, "app.libshipped": True}


def test_without_packages_all_top_level_names_count() -> None:
    assert "tools.run" in modules(WHEEL)


def test_a_pure_wheel_becomes_one_of_a_platform() -> None:
    pure = "Wheel-Version: 1.0\nGenerator: a backend\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n"

    assert retag(pure, "cp311-cp311-linux_x86_64") == (
        "Wheel-Version: 1.0\nGenerator: a backend\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n"
    )


def test_the_name_of_a_wheel_tells_for_which_python_its_extensions_are() -> None:
    tag = "cp312-cp312-linux_x86_64"
    fitting = ("cp312-cp312-linux_x86_64", "py3-none-any", "py2.py3-none-any", "cp38-abi3-linux_x86_64")
    others = ("cp311-cp311-linux_x86_64", "cp312-cp312t-linux_x86_64")
    assert all(contents.fits(f"app-1.0-{name}.whl", tag) for name in fitting)
    assert not any(contents.fits(f"app-1.0-{name}.whl", tag) for name in others)


def test_extensions_of_other_pythons_are_told_by_their_names() -> None:
    names = [
        "app/a.cpython-311-x86_64-linux-gnu.so",
        "app/b.cpython-312-x86_64-linux-gnu.so",
        "app/c.cpython-312t-x86_64-linux-gnu.so",
        "app/d.abi3.so",
        "app/libe.so",
        "app/f.cp311-win_amd64.pyd",
        "app/g.py",
    ]
    found = contents.natives_of_other_pythons(names, ".cpython-312-x86_64-linux-gnu.so")
    assert [name[4] for name in found] == ["a", "c", "f"]
