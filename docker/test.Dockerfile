# The project's tests, run on what the stage `build` of the Dockerfile made: the same compiled modules, the same packages.
#
# `invoke image` puts this text behind the Dockerfile, so that both share every layer up to here. By hand:
#
#     docker buildx build -f .buildkit/image/NAME/test.Dockerfile --build-context buildkit=.buildkit/image/NAME .

FROM build AS test
ARG PYTHON_BUILD
ARG TARGETARCH
ARG SOURCE_ROOT=.
COPY --from=buildkit test-requirements.txt /requirements/
RUN --mount=type=cache,id=buildkit-pip-${PYTHON_BUILD}-${TARGETARCH},target=/cache/pip \
    --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca SSL_CERT_FILE=/run/secrets/ca; fi \
    && python3 -m pip --python /opt/venv/bin/python install --no-compile --requirement /requirements/test-requirements.txt
ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONPATH=/app/${SOURCE_ROOT}
