"""The pipeline of the data, as the settings declare it; whoever asks for it alone loads nothing that runs it."""

from __future__ import annotations

from buildkit.config import Config
from buildkit.data.stages.pipeline import Pipeline, Stage


def pipeline_of(config: Config) -> Pipeline:
    """Return the pipeline that the configuration declares, with the folders of this machine."""
    return Pipeline(
        root=config.root,
        source_root=config.source,
        folder=config.root / config.data.path,
        stages=tuple(
            Stage(
                name=stage.name,
                run=stage.run,
                inputs=stage.inputs,
                outputs=stage.outputs,
                params=stage.params,
                ttl=stage.ttl,
                each=stage.each,
                combine=stage.combine,
                jobs=config.data.jobs if stage.jobs is None else stage.jobs,
                memory=config.data.memory if stage.memory is None else stage.memory,
            )
            for stage in config.data.stage
        ),
        ttl=config.data.ttl,
        verify=config.data.verify,
        policy=config.data.policy,
        on_failure=config.data.on_failure,
        signal=config.data.signal,
        artifact=config.data.artifact,
    )
