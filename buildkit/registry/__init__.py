"""A client of registries by the OCI distribution specification, for images and other artefacts.

Standard library only, on Python 3.10 or newer, because a container pulls with it. It knows no data and no image: its
users decide what a manifest means, and turn a `failure.Failure` into an error of their own.

    reference       registry.example/team/name:tag, and digests as registries write them
    credentials     user and password, as variables or `docker login` name them
    authorization   the header of a request that proves who asks: a password, or a token for it
    patience        which failures are tried again, and for how long
    deadline        the time that one request may take
    exchange        one request, its redirects and the answer, over a network that is not trusted
    session         requests to one repository: with login, further tries, and messages for refusals
    upload          sends a blob, in one stream or in pieces
    download        fetches a blob, from where the last attempt ended
    client          one repository: blobs, manifests, tags
    failure         the failure that users of this room see

Content is used only after its digest was compared, and never has more bytes than were announced.
"""
