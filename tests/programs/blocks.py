"""The grammar of statements that have others in them: templates, separated by empty lines; what `<…>` stands for says `writing.py`."""

from __future__ import annotations

BLOCKS = """
if <b>:
    <B>

if <b>:
    <B>
elif <b>:
    <B>
else:
    <B>

if not <b> and <b> or <b>:
    <B>

for <n> in <q>:
    <L>

for <n> in <q>:
    <L>
else:
    <B>

for <n>, <n> in <q>:
    <L>

for <n>, (<n>, *<n>) in <q>:
    <L>

for <n> in <l>:
    <L>

for <n> in range(<k>):
    <L>
else:
    <B>

for <n>, <n> in enumerate(<q>, <k>):
    <L>

for <n>, <n> in <d>.items():
    <L>

for <n> in <nd>:
    <L>

for <n> in reversed(<l>):
    <L>

for <no>.at in <q>:
    <L>

for <nd>[<x>] in <q>:
    <L>

for <n> in <x>, <x>:
    <L>

for <n> in *<q>, <x>:
    <L>

while tick() and <b>:
    <L>

while tick() and <b>:
    <L>
else:
    <B>

while True:
    <B>
    if not tick(): break

while (<ni> := <k>) and tick():
    <L>

try:
    <B>
except <E>:
    <B>

try:
    <B>
except Exception as <n>:
    note(<n>)
    <B>

try:
    <B>
except (<E>, <E>) as <n>:
    <B>
except <E>:
    <B>
else:
    <B>

try:
    <B>
except Exception:
    <B>
finally:
    <B>

try:
    <B>
finally:
    <B>

try:
    <B>
except <x>:
    <B>

try:
    <B>
except:
    <B>
    raise

try:
    <B>
except Exception as <n>:
    <B>
else:
    <B>
finally:
    <B>

try:
    raise <E>(<x>)
except <E> as <n>:
    raise <E>(<x>) from <n>

try:
    <B>
except Exception as <n>:
    try:
        <B>
    finally:
        note(<n>)
        <B>

with Manager('m') as <n>:
    <B>

with Manager('m', 's') as <n>, Manager('n'):
    <B>

with Manager('m', 's'):
    <B>

with Manager('m', '2') as (<n>, <n>), Manager('n', 'xs'):
    <B>

with Manager('m', 'e') as <n>:
    <B>

with <o> as <no>.at:
    <B>

with <x>:
    <B>

with Manager('m', 's') as <nd>[<x>], Loud('s') as <n>:
    <B>

def <F>(<v1>, <v2>=<x>, *<v3>, <v4>=<x>, **<v5>):
    <D>
attempt('<F>', <F>, <x>)
attempt('<F>', <F>, <x>, <x>, <x>, z=<x>)

def <F>():
    <D>
note(attempt('<F>', <F>))

def <F>(<v1>: t("a", <x>) = t("d", <x>)) -> {<x>}:
    nonlocal <N>
    <N> = <x>
    <D>
attempt('<F>', <F>)
note(<F>.__annotations__, <F>.__defaults__, <F>.__name__, <F>.__qualname__)

def <F>():
    nonlocal <N>
    <N> += <x>
    return <N>
attempt('<F>', <F>)

def <F>(<v1>=<x>):
    <D>
    yield <x>
drive('<F>', <F>(), <x>)

@t('deco', lambda <v1>: <v1>)
@t('inner', lambda <v1>: <v1>)
def <F>(<v1>=t('default', <x>)):
    <D>
attempt('<F>', <F>)

<n> = [lambda: <x> for <v1> in <q>]
note([<v1>() for <v1> in <n>])

<n> = lambda <v1>=<x>: <x>
attempt('lambda', <n>)

class <C>:
    at = <x>
    def first(self, <v1>=<x>):
        <D>
    @property
    def second(self):
        <D>
attempt('<C>', <C>().first)
attempt('<C>', lambda: <C>().second)

class <C>(<c>):
    def __init__(self, *<v1>):
        self.at = super().__init__
        self.own = <x>
        <D>
attempt('<C>', lambda: vars(<C>(<x>)))
"""
