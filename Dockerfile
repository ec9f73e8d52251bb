# syntax=docker/dockerfile:1

# Two wheels: this package and the renderer. Nothing of this stage is in the image.
FROM rust:1.95-slim-bookworm AS build
# hadolint ignore=DL3008 # Debian removes old versions, so a pin breaks the build
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        cmake g++ make nasm python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /uv \
    && /uv/bin/pip install --no-cache-dir uv==0.13.8
WORKDIR /src
# The renderer first: it changes least and takes longest.
COPY img_compressor img_compressor
RUN /uv/bin/uv build --wheel --no-cache --out-dir /wheels img_compressor
COPY pyproject.toml CHANGELOG.md LICENSE README.md ./
COPY dbt_project dbt_project
COPY dicom_pipeline dicom_pipeline
RUN /uv/bin/uv build --wheel --no-cache --out-dir /wheels .

# The locked versions, checked by hash and compiled: an import takes half the time.
FROM python:3.11-slim-bookworm AS packages
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
COPY --from=build /uv/bin/uv /usr/local/bin/uv
COPY --from=build /wheels /wheels
COPY requirements.lock /
RUN uv venv /opt/dicom-pipeline \
    && uv pip install --no-cache --compile-bytecode \
        --python /opt/dicom-pipeline/bin/python \
        --constraint /requirements.lock /wheels/*.whl

FROM python:3.11-slim-bookworm
# The key file and the credentials must belong to this user.
RUN useradd --uid 10001 --create-home dicom \
    && install -d -o dicom -m 0700 /var/lib/dicom-pipeline
COPY --from=packages /opt/dicom-pipeline /opt/dicom-pipeline
COPY workspace.yaml /etc/dicom-pipeline/workspace.yaml
ENV PATH=/opt/dicom-pipeline/bin:$PATH \
    DAGSTER_HOME=/var/lib/dicom-pipeline/dagster \
    DICOM_PIPELINE_HOME=/var/lib/dicom-pipeline \
    PYTHONUNBUFFERED=1
WORKDIR /var/lib/dicom-pipeline
VOLUME /var/lib/dicom-pipeline
USER 10001
ENTRYPOINT ["dicom-pipeline"]
CMD ["--help"]
