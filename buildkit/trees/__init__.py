"""Trees of files: cut, hashed, packed, unpacked, shared and compared, by one set of rules.

Standard library only, on Python 3.10 or newer, because it runs in containers as well. It knows no data, no store and no
image; where one of these has a rule of its own, that is a parameter, and its reason stands here.

    entry        the kinds of things, their modes, what a link may lead to, what a record says of a file
    listing      what lies in a tree that is to be kept
    sealing      made read-only and put on the disk; shared with other trees
    comparing    as it was recorded, by size and time or by every byte
    folders      made below a top, put on the disk, deleted
    exact        a folder that holds these files and nothing else
    tar          plain files one after the other, written and read
    unpacking    the files of a tar into a folder, as a manifest lists them
    zipped       what a zip file would unpack to
    inflating    what is deflated, and how much may come of it

                      kept in a tree            taken from an archive            a folder made exactly
    absolute, `..`    (cannot be)               refused                          refused
    longer names      refused by the disk       refused: 255 bytes, 4096 a path  refused
    no UTF-8          carried (PEP 383); refused where Python reads names in another encoding than UTF-8
    control letters   kept; shown as U+FFFD in words
    link              kept if it leads,         refused in a tar or zip: no      deleted, and nothing that it leads
                      relative, to something    layer has any (1)                to is touched
                      below the same top
    link on the way   (not followed)            refused: it may lead anywhere    deleted (2)
    second name       a body of its own, if     (a hard link is refused)         (replaced by a rename)
                      it can still be written
    FIFO, device      refused by name           refused                          deleted
    twice             (cannot be)               refused                          (cannot be)
    file in a file    (cannot be)               refused                          the file makes room
    mode              0444, and 0555 where its  what the record says of the      0664 less the umask
                      owner may execute it,     kind; that of the archive does
                      less the umask            not count, nor does setuid
    owner             who runs                  who runs; none is written        who runs
    time of change    recorded                  what the record says; 0 is       that of the writing
                                                written
    size              recorded                  what was said before, to the     what was handed in
                                                byte (3)
    cut short         (sealed once it is on     refused; what was whole until    old or new, by a rename
                      the disk)                 then stays only by its digest

    (1) An artefact's manifest names links and empty folders, which follow the rule of the first column.
    (2) Except above the folder itself, where a link is refused: what lies there is not the suite's.
    (3) A record names the size of each file of an artefact. An archive of the store has no record: there an entry has a
        most, the whole may unpack to a share of what it holds, and no name is ever used as a path: an entry is put
        where its digest says.

Three places have rules of others, and for that reason none of these: what Docker's builder sends (`image.context`),
where links, modes and sockets count as they do for the builder; the last step of an image build (`image.assemble`),
which follows links, since nothing but the context is there; inputs of a stage (`data.stages.globs`), where a link
counts as what it leads to. The names, numbers and JSON of `core.untrusted` stay there: they are pure, and registries,
settings and states have the same rules without any tree.
"""
