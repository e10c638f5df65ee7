"""The precomputed data of a service: stages, generations, and the decision of a start.

Standard library only, on Python 3.10 or newer: the same code brings a developer's folder up to date and runs inside the
container, where nothing else is installed. Each knows those below it:

    artifact     a generation in a registry, pushed and pulled
    refresh      makes what is due, in a new generation
    processes    running a stage whole, or in pieces
    status       how the data stands: what is due and why, what a start does, what is damaged
    volume       the data's folder: generations, manifests, the lease, what the disk refuses
    stages       what is declared, and what each stage would be made from
"""
