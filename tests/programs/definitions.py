"""The grammar of whole programs: what they define, and behind `---` how that is called.

The first line says of what kind the function is, and which names it has from the start.
"""

from __future__ import annotations

from programs.classes import CLASSES

_FUNCTIONS = """
#plain x1 x2
def NAME(x1, x2=<x>):
    <P>
    <B>
    <B>
    return <x>
---
attempt('call', NAME, <x>)
attempt('again', NAME, <x>, <x>)
attempt('named', NAME, x2=<x>, x1=<x>)

#plain i1 i2
def NAME(i1, i2):
    <P>
    <B>
    <B>
    return <i>
---
attempt('call', NAME, <i>, <i>)
attempt('again', NAME, <f>, <i>)
attempt('text', NAME, <s>, <o>)

#plain l1 d1 s1
def NAME(l1, d1=None, /, s1='s'):
    <P>
    <B>
    <B>
    return <e>
---
attempt('call', NAME, <l>, <d>)
attempt('again', NAME, <l>, <d>, <s>)
attempt('wrong', NAME, l1=<x>)
attempt('none', NAME)

#plain o1 o2
def NAME(o1, *o2, i1=<i>, **d1):
    <P>
    <B>
    <B>
    return o1, o2, d1
---
attempt('call', NAME, <o>, <o>)
attempt('again', NAME, <o>, i1=<x>, z=<x>)
attempt('star', lambda: NAME(*<q>, **<d>))
attempt('wrong', NAME)

#plain x1
def NAME(x1):
    <P>
    x2 = l1 = <l>
    i1 = s1 = <x>
    <B>
    note(x1, x2, i1, s1)
    def h():
        nonlocal x1, x2
        <B>
        return x1, x2
    return h
---
attempt('inner', attempt('call', NAME, <x>) or t)

#plain i1 l1
def NAME(i1):
    <P>
    l1 = [<x>, <x>]
    for i2 in <q>:
        <L>
        try:
            <L>
        except <E>:
            <L>
        finally:
            <B>
    else:
        <B>
    return i1, l1
---
attempt('call', NAME, <i>)

#plain x1
def NAME(x1):
    <P>
    try:
        <B>
        with Manager('m', 's') as x2:
            <B>
            return <x>
    except Exception as x2:
        note(x2)
        <B>
        raise
    finally:
        <B>
        note('finally')
---
attempt('call', NAME, <x>)
attempt('again', NAME, <x>)

#plain x1
def NAME(x1):
    <P>
    while tick():
        try:
            <L>
            with Manager('n') as x2:
                <L>
                if x1: break
                return <x>
        finally:
            <B>
            if <b>: return <x>
---
attempt('call', NAME, <x>)
attempt('again', NAME, <x>)

#plain i1
def NAME(i1, l1=[]):
    <P>
    l1.append(i1)
    if i1 > 0 and tick():
        <B>
        return NAME(i1 - 1)
    return <x>
---
attempt('call', NAME, 3)
attempt('limit', lambda: (lambda f: f(f))(lambda f: f(f) if tick() else 1))

#plain x1
def NAME(x1):
    <P>
    try:
        try:
            raise <E>(<x>)
        except <E> as x2:
            <B>
        finally:
            <B>
    except Exception as x2:
        raise <E>(<x>) from <x>
---
attempt('call', NAME, <x>)

#plain x1
NAME = t('decorated', lambda x1=<x>, *x2, i1=<i>: <x>)
---
attempt('call', NAME, <x>)
attempt('again', NAME, <x>, <x>, i1=<i>)
"""

_GENERATORS = """
#yields x1
def NAME(x1):
    <P>
    <B>
    yield <x>
    <B>
    return <x>
---
drive('generator', NAME(<x>), None, <x>, <x>)
drive('thrown', NAME(<x>), None, <E>, <x>)
drive('closed', NAME(<x>), None, 'close')

#yields x1 i1
def NAME(x1, *i1):
    <P>
    try:
        <B>
        x2 = yield <x>
        <B>
    except Exception as x2:
        note(x2)
        <B>
        yield <x>
    finally:
        note('finally')
    return <x>
---
drive('generator', NAME(<x>), None, <E>)
drive('sent', NAME(<x>, <x>), 'too early', None, <x>)
drive('closed', NAME(<x>), None, None, 'close')

#yields x1
def NAME(x1):
    <P>
    def h(<v1>):
        <v2> = yield <x>
        note(<v2>)
        yield from <q>
        return <x>
    x2 = yield from h(x1)
    <B>
    with Manager('m', 's'):
        yield from <q>
    yield x2
---
drive('generator', NAME(<x>), None, <x>)
drive('thrown', NAME(<x>), None, <E>, None)
attempt('listed', list, NAME(<x>))

#yields l1
def NAME(l1):
    <P>
    for x1 in <q>:
        <L>
        try:
            x2 = yield x1
        except <E> as x2:
            <L>
            continue
        else:
            <L>
    yield [<x>, (yield <x>)], <x>
---
drive('generator', NAME(<l>), None, <x>, <E>)
attempt('listed', lambda: [*NAME(<l>)])
attempt('unpacked', lambda: dict(zip(NAME(<l>), NAME(<l>))))
"""


def _split(table: str) -> list[str]:
    return [f"#{each}" for each in table.strip().lstrip("#").split("\n\n#")]


DEFINITIONS = 3 * _split(_FUNCTIONS) + 2 * _split(_GENERATORS) + _split(CLASSES)
