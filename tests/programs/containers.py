"""The grammar of expressions of containers, and of any kind, a table for each kind of value; what `<…>` stands for says `writing.py`."""

from __future__ import annotations

CONTAINERS = {
    "l": """
        [<x>, <x>]
        [*<q>]
        [<x>, *<q>, *<q>, <x>]
        [<x> for <v1> in <q>]
        [<v1> for <v1> in <q> if <b>]
        [<x> for <v1> in <q> for <v2> in <q>]
        [<x> for <v1> in <q> if <b> if <b>]
        [<v1> + <v2> for <v1>, <v2> in <l>]
        [[<x> for <v2> in <q>] for <v1> in <q>]
        [(<v2> := <x>) for <v1> in <q>]
        [lambda: <v1> for <v1> in <q>][0]()
        [<v1>() for <v1> in [lambda: <x>, lambda: <x>]]
        [*(<x> for <v1> in <q>)]
        list(<q>)
        list(<x> for <v1> in <q>)
        list(map(lambda <v1>: <x>, <q>))
        list(filter(None, <q>))
        list(zip(<q>, <q>))
        list(enumerate(<q>, <k>))
        list(reversed(<l>))
        list(<d>.items())
        list(<d>)
        list(range(<k>, <k>))
        list(iter(<q>))
        sorted(<q>)
        sorted(<q>, key=str)
        sorted(<q>, key=lambda <v1>: <x>, reverse=<b>)
        <l> + <l>
        <l> * <k>
        [<x>] * <k>
        <l>[<k>:<k>]
        <l>[::<i>]
        <l>[<k>:]
        <l>[:]
        <s>.split(<s>)
        <s>.split()
        <s>.splitlines()
        [<x> if <b> else <x>, t('l', <x>)]
        <l> or <l>
        [*<o>]
        [t('x', <x>), t('y', <x>), boom('z')]
        """,
    "u": """
        (<x>, <x>)
        (<x>,)
        (*<q>, <x>)
        (<x>, *<q>)
        tuple(<q>)
        tuple(<x> for <v1> in <q>)
        <u> + <u>
        <u> * <k>
        <u>[<k>:]
        divmod(<i>, <i>)
        (t('u', <x>), *<q>, t('v', <x>))
        <s>.partition(<s>)
        (yes := <x>, yes)
        next(iter(<d>.items()), ())
        """,
    "d": """
        {<x>: <x>, <s>: <x>}
        {t('k', <x>): t('v', <x>), t('l', <x>): t('w', <x>)}
        {**<d>, 'z': <x>, **<d>}
        {'a': <x>, **<d>}
        {**<o>}
        dict(<d>, b=<x>)
        dict(<l>)
        dict(a=<x>, **<d>)
        dict(zip(<q>, <q>))
        {<v1>: <x> for <v1> in <q>}
        {<v1>: <v2> for <v1>, <v2> in <d>.items()}
        {<v1>: [<v1> for <v2> in <q>] for <v1> in <q> if <b>}
        {t('k', <v1>): t('v', <v1>) for <v1> in <q>}
        <d> | <d>
        dict.fromkeys(<q>, <x>)
        <d>.copy()
        """,
    "S": """
        {<x>, <x>}
        {*<q>, <x>}
        {<x> for <v1> in <q>}
        set(<q>)
        set(<v1> for <v1> in <q>)
        frozenset(<q>)
        <S> | <S>
        <S> & <S>
        <S> - <S>
        <S> ^ <S>
        <S>.union(<q>)
        """,
    "o": """
        <o> + <x>
        <x> - <o>
        <o> * <x>
        <x> / <o>
        <o> // <x>
        <x> % <o>
        <o> ** <x>
        <o> << <x>
        <x> & <o>
        <o> | <x>
        <o> @ <x>
        -<o>
        ~<o>
        +<o>
        abs(<o>)
        <o>[<x>]
        <o>[<x>:<x>]
        <o>[<x>:<x>:<x>]
        <o>[<x>, <x>]
        <o>[t('i', <x>)]
        <o>.name
        <o>.first.second
        <o>.method(t('m', <x>), <x>)
        <o>.method(<x>, k=t('k', <x>))
        <o>(<x>)
        <o>(<x>, k=<x>)
        <o>(*<q>, <x>, **<d>)
        <o>(<x>, *<q>)
        <o>(t('a', <x>), *t('b', <q>), k=t('c', <x>), **t('d', <d>))
        <o>(k=<x>, *<q>)
        <o>.method(*<q>, k=<x>)
        t('f', <o>)(t('x', <x>), t('y', <x>))
        <o> if <b> else <o>
        <o> and <o>
        <o> or <x>
        <o> < <x>
        <o> == <x>
        getattr(<o>, 'n', <x>)
        getattr(<o>, <s>)
        (t('p', <o>)).at[t('q', <x>)](t('r', <x>))
        """,
    "q": """
        <l>
        <l>
        <u>
        <s>
        <d>
        <d>.items()
        <d>.values()
        <S>
        <y>
        range(<k>)
        range(<k>, <k>)
        range(<k>, <k>, <k>)
        <o>
        (<x> for <v1> in <q>)
        (<v1> for <v1> in <q> if <b>)
        ((<v1>, <x>) for <v1> in <q> for <v2> in <q>)
        zip(<q>, <q>)
        enumerate(<q>)
        enumerate(<q>, <i>)
        reversed(<l>)
        map(lambda <v1>: <x>, <q>)
        filter(lambda <v1>: <b>, <q>)
        iter(<q>)
        <l>[<k>:]
        (<x>, <x>, <x>)
        [<x>, <x>]
        {<x>: <x>}
        {<x>, <x>}
        sorted(<l>)
        <q> or <q>
        <q> if <b> else <q>
        """,
    "x": """
        <i>
        <i>
        <f>
        <s>
        <s>
        <y>
        <b>
        <l>
        <l>
        <u>
        <d>
        <S>
        <o>
        <o>
        t('x', <x>)
        <x> if <b> else <x>
        <x> and <x>
        <x> or <x>
        <x> + <x>
        <x> * <k>
        <x> - <x>
        <x>[<k>]
        <d>[<x>]
        <d>.get(<x>)
        <d>.get(<x>, <x>)
        <d>.setdefault(<x>, <x>)
        <d>.pop(<x>, <x>)
        <l>.pop()
        <l>.pop(<k>)
        <l>[<k>]
        <l>[-1]
        <l>[<i>]
        <u>[<k>]
        next(iter(<q>), <x>)
        next(iter(<q>))
        (lambda: <x>)()
        (lambda <v1>, <v2>=<x>: (<v1>, <v2>))(<x>)
        (lambda *<v1>, **<v2>: (<v1>, <v2>))(*<q>, **<d>)
        (lambda <v1>, *, <v2>=<x>: <x>)(<x>, <v2>=<x>)
        (<v1> := <x>)
        [<v1> := <x>, <v1>]
        getattr(<x>, 'real', <x>)
        getattr(<x>, 'nope')
        <x>.real
        <x>.nope
        <g>
        type(<x>)
        max(<q>)
        boom('x', <E>)
        <E>(<x>)
        slice(<x>, <x>)
        iter(lambda: <x>, <x>).__next__()
        <x>.__eq__(1)
        <x>.__ne__(<i>)
        <i>.__add__(<k>)
        str.__eq__(<s>, <x>)
        object.__ne__(<x>, <x>)
        print
        super
        """,
}
