"""Builds an image without an engine and without root: files, layers, configuration and layout are written here.

    reference      where a base comes from: a registry, or a folder with an OCI layout
    layout         the folder that holds images: blobs by their digests, and an index of names
    base           brings a base into the layout
    ground         what a base holds that matters for what is put on it: Python, C library, folders
    target         which wheels fit there, and what markers mean there
    nodes          files, folders and links of an image, as values
    fetching       the wheels that a lock or requirements name, by pip
    wheel          what a wheel becomes when it is installed
    venv           the virtual environment around them
    bytecode       compiles sources by a Python of the image's version
    service        the project's own files, its extensions and the suite's runtime
    grouping       which of these files make which layer
    layer          a layer as bytes: a tar that follows from its files alone
    runtime        the configuration, as the last stage of the Dockerfile says it
    writing        joins these into an image of the layout
    archive        an image of the layout as a tar for `docker image load`

What the image is made of is planned by `image.staging`, as it is for a build by Docker: the Dockerfile's last stage is
read for the configuration, and `image.gathering` says which files of the project come along.
"""
