# syntax=docker/dockerfile:1

FROM node:22-slim AS web
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/build.mjs web/index.html web/svelte.config.js web/tsconfig.json web/vite.config.ts web/vite.plugins.ts ./
COPY web/src src
RUN npm run build:app

FROM rust:1.90-slim-bookworm AS build
WORKDIR /build
# Names in a backtrace are enough in an image.
ENV CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=debuginfo
# What others wrote, in a layer of its own: it is built anew only when Cargo's files change.
COPY Cargo.toml Cargo.lock ./
COPY .cargo/config.toml .cargo/
COPY load/Cargo.toml load/
RUN mkdir -p src load/src benches \
    && touch src/lib.rs benches/path.rs benches/fanout.rs benches/edit_rate.rs \
    && echo 'fn main() {}' >src/main.rs \
    && cp src/main.rs load/src/ \
    && cargo build --release --locked --package loggia --bin loggia \
    && rm -r src
COPY build.rs ./
# The browser app: there is no npm here, so it is taken as it is.
COPY --from=web /web/dist web/dist
COPY src src
# The demo's collection.
COPY tests/data/adyen-management.postman_collection.json tests/data/
# Cargo goes by time: what was copied may be older than what was built.
RUN touch src/lib.rs src/main.rs \
    && cargo build --release --locked --package loggia --bin loggia \
    && mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/loggia /usr/local/bin/loggia
# For the embedded store: a volume that is mounted here belongs to the user below.
COPY --from=build --chown=nonroot:nonroot /data /data
ENV LOGGIA_LISTEN=0.0.0.0:8080 LOGGIA_DATA=/data
USER nonroot
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["loggia", "ready"]
ENTRYPOINT ["loggia"]
CMD ["serve"]
