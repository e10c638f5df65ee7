"""What a project that is new to the suite should have: looked at once, then decided by pure functions.

`look` reads the project; `layout`, `applications`, `starts`, `needs` and `migrations` each find one thing in it;
`commands` says how it is run; `settings` and `files` say what is to be written, each line with its reason; `difference`
shows that.
"""
