"""A generation as an artefact in a registry: pushed once where it was made, pulled where it need not be made.

The artefact is an OCI manifest. Its config is the generation's own manifest, its layers are plain tar files of one
stage each, a new one wherever a file would pass 16 MB. A layer follows from the content of its files alone, so a push
sends what the registry lacks, and a pull fetches the stages that no generation on the volume has.
"""
