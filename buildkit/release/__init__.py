"""From a commit to running services and back: one look at everything, one plan, then its steps in order.

sight     what the look found, as values: images in the registry, what runs, database, record
gates     what a release may not go past; pure
plan      the decision: each step with its reason; pure
saved     a plan as a file, and what has changed since it was written
labels    what an image says of itself
images    looks images up in the registry, and moves tags
record    the release record, an artefact beside the images
target    the Protocol of all places where services run; `targets` has them in one visible dict
verifying asks a service by HTTP whether it serves
redaction takes secrets out of what services say
endings   what exit codes mean, and which error they are
compose   the target `compose`: one host with Docker Compose
aws       the target `ecs`: services of Amazon ECS
workflows what a CI service does for the project, as the files that it reads
"""
