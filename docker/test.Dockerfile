# The project's tests, run on what the stage `build` of the Dockerfile made: the same compiled modules, the same packages.
#
# `invoke image` puts this text behind the Dockerfile, so that both share every layer up to here. By hand:
#
#     docker buildx build -f .buildkit/image/NAME/test.Dockerfile --build-context buildkit=.buildkit/image/NAME .

FROM build AS test
# What `system-packages` names is installed here, by apt or apk.
ARG PYTHON_BUILD
ARG TARGETARCH
ARG PACKAGE_INDEX
ARG SOURCE_ROOT=.
COPY --from=buildkit test-requirements.txt /requirements/
RUN --mount=type=cache,id=buildkit-pip-${PYTHON_BUILD}-${TARGETARCH},target=/cache/pip \
    --mount=type=secret,id=ca --mount=type=secret,id=pip.conf --mount=type=secret,id=netrc \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca SSL_CERT_FILE=/run/secrets/ca; fi \
    && if [ -s /run/secrets/pip.conf ]; then export PIP_CONFIG_FILE=/run/secrets/pip.conf; fi \
    && if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi \
    && python3 -m pip --python /opt/venv/bin/python install --no-compile --requirement /requirements/test-requirements.txt
ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONPATH=/app/${SOURCE_ROOT}
