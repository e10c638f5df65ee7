"""The answer where nobody serves: a page that comes back by itself, or the same words as text."""

from __future__ import annotations

import html
import zlib

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
:root {{ color-scheme: light dark; --line: #c33; --back: #fafafa; --ink: #222; --box: #fff; --dim: #777 }}
@media (prefers-color-scheme: dark) {{ :root {{ --back: #181818; --ink: #ddd; --box: #222; --dim: #888 }} }}
body {{ margin: 0; padding: 2.5rem clamp(1rem, 5vw, 4rem); font: 16px/1.5 system-ui, sans-serif;
  background: var(--back); color: var(--ink) }}
h1 {{ font-size: 1.3rem; margin: 0 0 1rem; border-left: .3rem solid var(--line); padding-left: .7rem }}
pre {{ background: var(--box); padding: 1rem; border: 1px solid #8884; border-radius: .4rem;
  font: 14px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }}
p {{ color: var(--dim) }}
</style></head><body><h1>{title}</h1><pre>{words}</pre>
<p>This page comes back by itself as soon as the service answers.</p>
<script>
const shown = "{mark}";
async function look() {{
  try {{
    const answer = await fetch(location.href, {{headers: {{accept: "text/html"}}, cache: "no-store"}});
    if (answer.headers.get("x-buildkit-dev") !== shown) return location.replace(location.href);
  }} catch {{}}
  setTimeout(look, 500);
}}
setTimeout(look, 500);
</script></body></html>
"""


def answer(words: str, *, as_page: bool) -> bytes:
    """Return a whole response of HTTP with status 503.

    Args:
        words: the first line is the title; the rest is what went wrong.
        as_page: as a page; else as text.
    """
    title, _, rest = words.partition("\n")
    mark = f"{zlib.crc32(words.encode('utf-8', 'replace')):08x}"
    text = words + "\n"
    if as_page:
        text = _PAGE.format(title=html.escape(title), words=html.escape(rest or title), mark=mark)
    body = text.encode("utf-8", "replace")
    head = (
        "HTTP/1.1 503 Service Unavailable\r\n"
        f"Content-Type: text/{'html' if as_page else 'plain'}; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Buildkit-Dev: {mark}\r\n"
        "Retry-After: 1\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
