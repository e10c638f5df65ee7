"""Element sets for tests: three of the verification file of AIAA 2006-6753."""

from orbits.element_parser import parse_element_set
from orbits.elements import ElementSet

VANGUARD = (
    "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753",
    "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667",
)
SUN_SYNCHRONOUS = (
    "1 28057U 03049A   06177.78615833  .00000060  00000-0  35940-4 0  1836",
    "2 28057  98.4283 247.6961 0000884  88.1964 271.9322 14.35478080140550",
)
SYNCHRONOUS = (
    "1 26900U 01039A   06106.74503247  .00000045  00000-0  10000-3 0  8290",
    "2 26900   0.0164 266.5378 0003319  86.1794 182.2590  1.00273847 16981",
)


def parsed(lines: tuple[str, str]) -> ElementSet:
    return parse_element_set(*lines, file="test.tle", line_number=1)
