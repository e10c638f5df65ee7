"""Sends an image of the layout to a registry, under a tag that is never moved, then `latest`.

    parcel      what is sent: manifests and blobs, from the layout
    sending     blobs that the repository lacks, then manifests
    latest      the tag `latest`: what it names, and its move
    remembered  what was sent beside an image by the last push
    tags        whether a tag may be put, and whether `latest` may be moved
    engine      an image of the engine, brought into the layout with layers packed here
    sbom        the list of what is in an image, in CycloneDX's form
    differing   which files of two images differ, and why
    referring   what refers to an image: the referrers of OCI, or a tag where a registry knows none

Whatever builds an image, it is sent from the layout. The engine's own push packs layers anew, by its own compressor, so
one image would have another digest from each engine and each of its two stores; from the layout it has one.
"""
