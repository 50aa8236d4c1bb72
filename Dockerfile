# The image: sluice and what it loads, on nothing else. config/image/README.md says how to build and run it.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY dev ./
RUN ./dev prepare ca-certificates python3 tzdata
COPY . .
ENV LANG=C.UTF-8
ARG CCACHE_DISABLE
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --preset release -DBUILD_TESTING=OFF -DCMAKE_EXE_LINKER_FLAGS=-Wl,--build-id=none && \
    cmake --build --preset release --target sluice -- --quiet
ARG VERSION=0.1.0
ARG SOURCE_DATE_EPOCH=0
RUN build/release/sluice version | grep --quiet "^sluice ${VERSION} " || { echo "VERSION=${VERSION} is not the sources'" >&2; exit 1; } ; \
    python3 -B config/image/stage.py build/release/sluice /stage

FROM scratch
COPY --from=build /stage /
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="sluice" \
      org.opencontainers.image.description="A gate before the Push Security and SecurEnvoy REST APIs: holds the keys, enforces a policy, paces and audits" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${BASE}"
USER 65532:65532
WORKDIR /var/lib/sluice
EXPOSE 8080 9901
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/sluice", "ready"]
ENTRYPOINT ["/usr/bin/sluice"]
CMD ["serve", "--config", "/etc/sluice/config/sluice.yaml"]
