"""A client of image registries, as the OCI distribution specification has them; for whatever lies in one.

Standard library only, on Python 3.10 or newer, because a container pulls with it. It knows no data and no image: who
uses it says what a manifest means, and turns a `failure.Failure` into an error of its own.

    reference       registry.example/team/name:tag, and digests as registries write them
    credentials     user and password, as variables or `docker login` name them
    authorization   what is shown with a request: a password, or a token for it
    patience        what is tried again, and for how long
    deadline        the time that one request may take
    exchange        one request, its redirects and the answer, over a network of which nothing is believed
    session         requests to one repository: logged in, tried again, refusals in words
    upload          a blob up, in one stream or in pieces
    download        a blob down, from where the last attempt ended
    client          one repository: blobs, manifests, tags
    failure         what went wrong, in words

Nothing counts before its digest is right, and nothing has more bytes than it was said to have.
"""
