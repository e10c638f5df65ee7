"""From a commit to a running service, and the way back.

workflows       what a CI service does for the project, as the files that it reads
"""
