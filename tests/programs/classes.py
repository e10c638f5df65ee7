"""The grammar of programs with classes; how it is written says `definitions.py`."""

from __future__ import annotations

CLASSES = '''
#plain
class NAME(<c>):
    """<c>"""
    at: <x> = <x>
    __slots__ = <x>
    def __init__(self, x1=<x>):
        self.own = x1
        <D>
    @property
    def prop(self):
        <D>
    @prop.setter
    def prop(self, x1):
        <D>
    def __enter__(self):
        <D>
    def __exit__(self, *x1):
        <D>
---
self = attempt('new', NAME)
attempt('init', NAME, <x>)
attempt('get', lambda: self.prop)
attempt('set', setattr, self, 'prop', <x>)
attempt('slot', setattr, self, 'nope', <x>)
attempt('with', lambda: self.__enter__())
attempt('exit', lambda: self.__exit__(None, <x>, None))
note([name for name in vars(NAME)], NAME.__mro__)

#plain
class NAME:
    def __init__(self, x1):
        self.x1 = x1
    def __eq__(self, x1):
        <D>
    def __add__(self, x1):
        <D>
    def __radd__(self, x1):
        <D>
    def __getattr__(self, s1):
        if s1.startswith('_'): raise AttributeError(s1)
        <D>
    def __getitem__(self, x1):
        <D>
    def __call__(self, x1, *l1, **d1):
        <D>
    def __iter__(self):
        <Y>
        yield self.x1
    def __contains__(self, x1):
        <D>
    def __len__(self):
        <D>
    def __bool__(self):
        <D>
    def __repr__(self):
        <D>
---
self = NAME(<x>)
attempt('eq', lambda: self == <x>)
attempt('ne', lambda: self != <x>)
attempt('add', lambda: self + <x>)
attempt('radd', lambda: <x> + self)
attempt('attr', lambda: self.nope)
attempt('item', lambda: self[<x>:<x>])
attempt('call', lambda: self(<x>, *<q>, **<d>))
attempt('iter', lambda: [*self])
attempt('in', lambda: <x> in self)
attempt('len', lambda: len(self))
attempt('bool', lambda: not self)
attempt('repr', lambda: f'{self!r}')

#plain
class NAME:
    def method(self, x1=<x>):
        note('base', x1)
        <D>
        return <x>
    @classmethod
    def made(cls, x1):
        <D>
    @staticmethod
    def alone(x1, x2=<x>):
        <D>
    def __init_subclass__(cls, **d1):
        note(cls, d1)
        <D>
    def __set_name__(self, owner, s1):
        note(owner, s1)
        <D>
    def __get__(self, instance, owner=None):
        note(instance, owner)
        <D>
class NAME_sub(NAME):
    at = NAME()
    __private = <x>
    def method(self, x1=<x>):
        x2 = super().method(x1)
        <D>
        return self.__private, __class__, super(NAME_sub, self).method
    @classmethod
    def made(cls, x1):
        <D>
        return super().made(x1), cls.__private
---
self = NAME_sub()
attempt('method', self.method)
attempt('again', self.method, <x>)
attempt('made', NAME_sub.made, <x>)
attempt('alone', self.alone, <x>)
attempt('get', lambda: self.at)
note([*vars(NAME_sub)])

#plain
def NAME(x1, **d1):
    def h(l1):
        note('decorates', l1)
        return l1
    class C(t('base', object), metaclass=t('meta', type)):
        at = x1
        note(at)
        <D>
        @h
        def method(self):
            nonlocal x1
            x1 = <x>
            <D>
            return at, __class__
        class D:
            at = <x>
            own = [x1 for at in <q>]
    return C
---
C = attempt('call', NAME, <x>)
attempt('method', lambda: C().method())
attempt('vars', lambda: [C.__qualname__, C.D.__qualname__, C.D.own, C.method.__qualname__])
'''
