"""Pushes a generation to a registry as an OCI artefact, and pulls one instead of making it.

The artefact is an OCI manifest. Its config is the generation's own manifest, its layers are plain tar files of one
stage each, a new one wherever a file would pass 16 MB. A layer follows from the content of its files alone, so a push
sends what the registry lacks, and a pull fetches the stages that no generation on the volume has.
"""
