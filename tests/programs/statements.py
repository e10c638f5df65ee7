"""The grammar of simple statements: templates, separated by empty lines; what `<…>` stands for says `writing.py`."""

from __future__ import annotations

SIMPLE = """
note(<x>)

note(<x>, <x>)

<n> = <x>

<ni> = <i>

<ns> = <s>

<nl> = <l>

<nd> = <d>

<no> = <o>

<n>, <n> = <x>, <x>

<n>, *<n> = <q>

*<n>, <n> = <q>

[<n>, (<n>, *<n>)] = <q>

<n> = <n> = <x>

<n> = <n>, <n> = <q>

<n>: <x> = <x>

<n>: int

<ni> += <i>

<ni> -= <i>

<ni> *= <i>

<ni> //= <i>

<ni> %= <i>

<ni> <<= <k>

<ni> **= <k>

<ni> |= <i>

<n> += <x>

<n> *= <k>

<nl> += <q>

<ns> += <s>

<nd> |= <d>

<no> += <x>

<no> @= <x>

<no>.at = <x>

<no>.at += <x>

<no>[<x>] = <x>

<no>[<x>] += <x>

<no>[<x>:<x>] = <x>

<no>[t('i', <x>)] = t('v', <x>)

t('o', <no>)[t('i', <x>)] = t('v', <x>)

t('o', <no>)[t('i', <x>)] += t('v', <x>)

t('o', <no>).at = <no>[t('i', <x>)] = t('v', <x>)

<no>.a, <no>[<x>], <n> = <q>

<no>.at, <n> = <n>, <no>.at

t('o', <no>).at -= t('v', <x>)

<nl>[<k>] = <x>

<nl>[<k>] += <x>

<nl>[<k>:<k>] = <q>

<nl>[::2] = <l>

<nl>[<i>] = <x>

<nd>[<x>] = <x>

<nd>[<x>] += <x>

<nd>[t('i', <x>)] = t('v', <x>)

del <n>

del <n>, <n>

del <nl>[<k>]

del <nl>[<k>:<k>]

del <nd>[<x>]

del <no>.at

del <no>[<x>], <no>.b

del (<n>, [<n>])

<nl>.append(<x>)

note(<nl>.append(<x>))

<nl>.extend(<q>)

<nl>.insert(<k>, <x>)

<nl>.sort(key=lambda <v1>: <x>)

<nl>.sort()

<nl>.reverse()

<nd>.update(<d>, a=<x>)

<n>

<x>

'a text alone'

assert <b>

assert <b>, <x>

assert <x>, (<x>, <x>)

global <G>
<G> = <x>
note(<G>)

global <H>
<H> += <i>

pass

raise <E>(<x>)

raise <E>

raise <E> from <x>

raise <x>

raise <E>(<s>) from None

raise

return <x>

return

return <x>, *<q>

import math as <n>

from math import pi as <n>, nope as <n>

import os.path

from nowhere.at_all import <n>

from math import floor as <n>, sin

<n> = <e>

<e>
"""
