"""The target `compose`: the services of one host, by the docker command line and the project's compose file.

project     the resolved compose file, and the commands on it
engine      asks the engine of the host
containers  one container as the engine describes it
waiting     until containers are well, or surely will not be
rollout     a new version in the place of the old one
lock        one release at a time on the host
oneshot     the migration, in a container of its own
target      all of these behind `release.target.Target`
"""
