"""The grammar of expressions of numbers, texts and truths, a table for each kind of value; what `<…>` stands for says `writing.py`."""

from __future__ import annotations

LITERALS = {
    "k": "0|1|2|3|-1|4|True",
    "i": "0|1|2|7|-1|-3|255|1_000|0x1F|0b101|True|False|1073741823|1073741824|-1073741825|2147483647|2147483648|-2147483648"
    "|4294967295|4611686018427387904|9223372036854775807|9223372036854775808|-9223372036854775808|18446744073709551615"
    "|-9223372036854775809|10**19|2**100|1 << 62",
    "f": "0.0|-0.0|1.5|2.0|-2.5|1e308|5e-324|3.0|1e400|-1e400|1e400 - 1e400|0.1|1e16|2j|1.5 + 0j",
    "s": "''|'a'|'abc'|'h\\xe9llo'|'x y z'|'%s-%d'|'{}'|'\\ud800'|'\\N{SNOWMAN}'|'A\\x00b'|'0'|' 12 '|'a' 'b'|'ab\\ncd\\r\\n'",
    "y": "b''|b'abc'|b'\\xff\\x00'|b'a' b'c'|bytearray(b'xy')|bytes(3)",
    "b": "True|False|None|not 0|not ''",
    "l": "[]|[1, 2, 3]|[0]|['a', 'b']|[[1], [2, 3]]|[None]|[1, 2.0, 'c']",
    "u": "()|(1,)|(1, 2)|('a', 'b', 'c')|((1, 2), (3, 4))|(1, (2, 3))",
    "d": "{}|{'a': 1}|{'a': 1, 'b': 2}|{1: 'x', 2: 'y'}|{'k': [1]}|{1: 1, True: 2, 1.0: 3}",
    "S": "set()|{1, 2}|{'a'}|frozenset([1, 2])|{1, True, 1.0}",
    "o": "Loud('a')|Loud('b0')|Loud('no')|Loud('bad')|InPlace('c')|Loud('sx')",
    "x": "None|...|NotImplemented|ValueError|int|len|object",
    "E": "ValueError|KeyError|TypeError|ZeroDivisionError|StopIteration|LookupError|OSError|AttributeError|NameError",
}

SCALARS = {
    "k": """
        len(<q>)
        <k> % 3
        -<k>
        ord(<s>[0:1] or 'z') % 5
        int(<b> is not None)
        """,
    "i": """
        <i> + <i>
        <i> - <i>
        <i> * <i>
        <i> // <i>
        <i> % <i>
        <i> ** <k>
        <i> << <k>
        <i> >> <k>
        <i> & <i>
        <i> | <i>
        <i> ^ <i>
        -<i>
        +<i>
        ~<i>
        (<i> + <i>) * <i>
        abs(<i>)
        len(<q>) * <i>
        len(<q>) << <i> % 66
        10 ** len(<q>)
        len(<q>) - <i>
        -len(<q>)
        len(<q>) / len(<q>)
        len(<q>) - 1 if <b> else 0.5
        hash(<i>) + <i>
        ord('a') * <i>
        ord(<s>)
        sum(<l>)
        sum(<l>, <i>)
        sum(<v1> * 2 for <v1> in <q>)
        max(<i>, <i>)
        min(<i>, <i>, <i>)
        max(<l>, default=<i>)
        min(<l>, key=lambda <v1>: -<i>)
        int(<s>)
        int(<f>)
        int(<i>)
        int(<s>, <i> % 40)
        int()
        round(<f>)
        round(<i>, -<k>)
        divmod(<i>, <i>)[<k>]
        pow(<i>, <k>, <i>)
        <i>.bit_length()
        (<i>).real
        bool(<x>)
        (<x> is <x>) + <i>
        (<i> < <i>) + (<i> > <i>)
        (<i> == <i>) - 2 ** 63
        not <x>
        <s>.count(<s>)
        <s>.find(<s>)
        <l>.index(<x>)
        <y>[<k>]
        id(<x>) == id(<x>)
        [<i>, <i>][<k>]
        (<i>, <i>)[<b>]
        {'a': <i>}['a']
        t('i', <i>) + t('j', <i>)
        (<v1> := <i>) + (<v1> := <i>) * <v1>
        """,
    "f": """
        <f> + <f>
        <f> - <f>
        <f> * <f>
        <f> / <f>
        <i> / <i>
        <f> // <f>
        <f> % <f>
        <f> ** <k>
        <f> ** -0.5
        <i> ** -<k>
        -<f>
        float(<s>)
        float(<i>)
        abs(<f>)
        <f> + <i>
        <i> * <f>
        <i> - <f>
        <f> * 0
        0 + <f>
        <f> + 0
        <f> if <b> else <i>
        round(<f>, <k>)
        <f>.is_integer()
        <f>.conjugate()
        complex(<f>, <f>)
        <i> + 1j
        max(<f>, <i>)
        <f>.hex()
        """,
    "s": """
        <s> + <s>
        <s> * <k>
        <k> * <s>
        <s> % <u>
        '%s' % <x>
        '%r %s' % (<x>, <x>)
        '%d%%' % <i>
        '%5.2f|%-4s|%+d|%x' % (<f>, <s>, <i>, <i>)
        '%(a)s' % <d>
        '%c' % <i>
        '%6s' % (<s>,)
        f'{<x>}'
        f'{<x>!r:>{<k>}}|{<s>:^5}'
        f'{<f>:.{<k>}f}'
        f'{<i>:,}{<i>:#x}{<i>:+d}{{}}'
        f'a{t("p", <x>)}b{t("q", <x>)!s}c'
        f'{<x>=}'
        f'{<o>}' f'{<o>!r}' 'z'
        str(<x>)
        str(<y>, 'latin-1')
        repr(<x>)
        <s>[<k>]
        <s>[<k>:<k>]
        <s>[::-1]
        <s>[<i>:<i>]
        <s>.upper()
        <s>.strip()
        <s>.replace(<s>, <s>)
        <s>.join(<q>)
        ','.join(str(<v1>) for <v1> in <q>)
        ''.join([<s>, <s>])
        <s>.format(<x>, <x>)
        '{0!r:>4} {a}'.format(<x>, a=<x>)
        <y>.decode()
        <y>.decode('latin-1')
        <s>.partition(<s>)[<k>]
        <s>.ljust(<k>)
        chr(<i>)
        type(<x>).__name__
        <s>.lower() or <s>
        <s> and <s>
        """,
    "y": """
        <y> + <y>
        <y> * <k>
        <y>[<k>:]
        <s>.encode()
        <s>.encode('ascii', 'replace')
        bytes(<l>)
        bytes([<i> & 255])
        bytearray(<y>)
        <y>.join([<y>, <y>])
        b'%d %s' % (<i>, <y>)
        <y>.upper()
        """,
    "b": """
        <x> == <x>
        <x> != <x>
        <i> < <i>
        <i> <= <f>
        <x> < <x>
        <i> < <i> <= <i>
        <x> == <x> != <x>
        t('a', <i>) < t('b', <i>) < t('c', <i>)
        <o> < <x> < <o>
        <x> is <x>
        <x> is not None
        <x> is None
        <x> in <q>
        <x> not in <q>
        <x> in (<x>, <x>)
        <x> in (1, 2, 'a')
        <x> not in {1, 'a', None}
        <x> in {<x>, <x>}
        <x> in [<x>]
        <s> in <s>
        <s> in 'abc'
        <i> in <y>
        <x> in <d>
        <x> < <x> in <q>
        not <b>
        <b> and <b>
        <b> or <b>
        not (<b> and not <b>)
        <b> and <x> or <x>
        isinstance(<x>, (int, str))
        isinstance(<x>, <x>)
        isinstance(<x>, (Loud, list))
        isinstance(<x>, int | str)
        issubclass(type(<x>), (int, object))
        callable(<x>)
        hasattr(<x>, 'real')
        any(<v1> for <v1> in <q>)
        all(<b> for <v1> in <q> if <v1>)
        any(<v1> == <x> for <v1> in <q>)
        bool(<x>)
        <s>.startswith(<s>)
        <s>.startswith(('a', <s>))
        <s>.endswith(<s>, <k>)
        <s>.isdigit()
        <o>
        <x>
        (<v1> := <x>) is not None
        type(<x>) is int
        <l> < <l>
        <u> == <u>
        """,
}
