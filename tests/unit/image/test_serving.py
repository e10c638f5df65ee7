"""The last lines of an image's Dockerfile."""

from __future__ import annotations

from buildkit.image.serving import variables


def test_values_of_variables_mean_themselves() -> None:
    assert variables({"B": 'a "b" $HOME \\ c', "A": 2}) == ['ENV A="2"', r'ENV B="a \"b\" \$HOME \\ c"']
