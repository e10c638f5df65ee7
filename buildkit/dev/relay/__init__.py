"""Holds the addresses of `invoke dev` while services come and go, and passes bytes on: a process beside the loop.

The loop opens each listening socket, and keeps it while the address is wanted. This program gets it too, accepts on it
and passes each connection on to the process that serves: bytes only, whatever the protocol. While no process is ready,
connections wait.

    events      sockets that are ready, and a tick of the clock
    messages    what the loop and this program tell each other
    target      a process that serves
    front       one address: who serves it, who waits, what is still open with a process that leaves
    address     what a connection asks of it
    connection  one client's connection, from its acceptance to its end
    side        one end of it: what it is owed, and what is still to come from it
    dialogue    what was said on it with one process, and what of it is under way
    farewell    how a client of HTTP/2 is brought to the next process
    framing     where the messages of HTTP/1 end, both ways
    streams     which streams of HTTP/2 are open
    heads       what their heads say of what follows
    opening     what a request tells who answers it here: whether it is whole, and whether it wants a page
    pages       the answer where nobody serves
    program     all of them together

It runs without the suite's environment, by the standard library alone.
"""
