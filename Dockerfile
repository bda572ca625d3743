# One image for every role: SDPController, SDPSubarray, ska-sdp-lmc (register, sim, web, secure-etcd)
# and ska-sdp. See docs/how-to/container.md.

# The build context has no git repository, so the version is an argument of the build.
ARG VERSION=0.1.1.dev0

FROM python:3.11.15-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build

# Build tools stay in this stage.
COPY requirements/build.lock requirements/image.lock ./requirements/
RUN python -m venv /build/tools \
    && /build/tools/bin/pip install --no-cache-dir --only-binary :all: --require-hashes \
        -r requirements/build.lock

# Dependencies first, for the layer cache: they change less often than the package. The
# environment itself has no pip.
RUN python -m venv --without-pip /opt/sdp \
    && /build/tools/bin/pip --python /opt/sdp/bin/python install --no-cache-dir \
        --only-binary :all: --require-hashes -r requirements/image.lock

COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY devices ./devices
ARG VERSION
RUN SETUPTOOLS_SCM_PRETEND_VERSION="${VERSION}" \
        /build/tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation \
        --wheel-dir /build/wheels . \
    && /build/tools/bin/pip --python /opt/sdp/bin/python install --no-cache-dir --no-deps \
        --no-index --find-links /build/wheels ska-sdp-lmc


FROM python:3.11.15-slim-bookworm

ARG VERSION
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ska-sdp-lmc" \
      org.opencontainers.image.description="Local monitoring and control of a radio telescope's science data processor" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11.15-slim-bookworm"

RUN groupadd --gid 10001 sdp \
    && useradd --uid 10001 --gid sdp --no-create-home --home-dir /tmp --shell /usr/sbin/nologin sdp
COPY --from=build /opt/sdp /opt/sdp

ENV PATH=/opt/sdp/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SDP_LMC_HEALTH_PORT=8080
# Numeric, as Kubernetes cannot verify runAsNonRoot for a user name.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "ska_sdp_lmc.observability.alive"]
CMD ["ska-sdp-lmc", "--help"]
