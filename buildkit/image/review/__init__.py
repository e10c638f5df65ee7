"""The review of a project's own Dockerfile: what in its text costs time or bytes, or is a risk, with what to write.

Only the stages that the image is built from are looked at. What a file of the context decides, such as whether a list
of requirements names the project itself, is read there. To add a check, write a module with `findings` and name it in
`checks.CHECKS`. `# buildkit: allow CODE` in the line above an instruction accepts what is found there.
"""
