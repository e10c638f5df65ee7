"""The target `ecs`: services of Amazon ECS, by botocore alone, which no other target loads.

amazon       one call to AWS, and in words why it is refused
shapes       which fields of an answer botocore's model of the API knows
definitions  a task definition with another image, and what differs between two; pure
deployments  how a deployment stands, from what ECS says of it; pure
tasks        what runs, and why tasks ended; pure
cluster      asks ECS, for one service at a time
look         the look at the services, and what a new task definition of each is made from
ecr          the login of Amazon's registry
oneshot      the migration, as a task of its own
rollout      another task definition in the place of the one that runs
target       all of these behind `release.target.Target`
"""
