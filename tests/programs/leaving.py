"""The grammar of what leaves a loop, and what a generator does: templates, separated by empty lines; what `<…>` stands for says `writing.py`."""

from __future__ import annotations

IN_LOOPS = """
break

continue

if <b>: break

if <b>: continue

try:
    continue
finally:
    <B>

try:
    break
finally:
    <B>

try:
    <B>
except <E>:
    continue

with Manager('m'):
    continue

with Manager('m', 's'):
    <B>
    break

for <n> in <q>:
    break
else:
    continue
"""

IN_GENERATORS = """
yield <x>

<n> = yield <x>

yield from <q>

<n> = yield from <q>

yield

note((yield <x>), <x>, (yield))

<n> = (yield <x>) + (yield <x>)

<no>[(yield <x>)] = yield <x>

<n> = [<x>, (yield <x>), *<q>]

<n> = {<x>: (yield <x>)}

t('f', <o>)(<x>, (yield <x>), k=(yield <x>))

<ni> += yield <x>

<n> = f'{<x>}{(yield <x>)}'

<n> = <b> and (yield <x>)

<n> = <x> if (yield <x>) else <x>

<n> = <i> < (yield <x>) < <i>

<n> = <o>.method((yield), (yield))

return <x>

try:
    yield <x>
except GeneratorExit:
    <B>
    raise
except Exception as <n>:
    note(<n>)
    yield <x>

try:
    yield <x>
finally:
    <B>

with Manager('m', 's') as <n>:
    yield <x>

for <n> in <q>:
    yield <n>
else:
    yield <x>

for <n> in <q>:
    try:
        yield <n>
    except <E>:
        continue

try:
    <B>
except Exception as <n>:
    yield <n>

lambda: (yield)

return (yield)

for <n> in (yield <x>):
    <L>

with (yield <x>) as <n>:
    <B>

raise StopIteration(<x>)

while tick():
    <n> = yield <n>
    if <b>: break
"""
