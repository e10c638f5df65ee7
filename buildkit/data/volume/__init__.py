"""The data's folder: generations and their manifests, the lease, errors of the disk.

<folder>/current -> generations/000007-…        what the service reads; switched by one rename
<folder>/generations/000007-…/manifest.json     what each stage was made from, and every file; written last
<folder>/generations/000008-….partial/          work under way, or what a crash left: never read by the service
<folder>/generations/.000008-….partial.aside/   records of its finished stages, and what no stage is to see
<folder>/lease.lock, leases/                    who works here, and who did
<folder>/inputs.json                            digests of inputs by their stat; may be deleted at any time
"""
