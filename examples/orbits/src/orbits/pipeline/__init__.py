"""The data pipeline, one module per stage.

Every stage is a callable `stage(source, out, **parameters)`: it reads what the
earlier stages left under the folder `source`, writes under the folder
`out`/<name of the stage>, and gives the same bytes for the same input.
"""
