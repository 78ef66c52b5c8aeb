# maild in a container. `docker build -t maild .`; compose.yaml runs it beside a PostgreSQL.
# The configuration is /etc/maild/config.toml, the state /var/lib/maild/var; secrets are files that the configuration
# names, and never stand in the image or in its environment.

FROM python:3.13-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
WORKDIR /src
# The image's own pip installs into it; what runs later has none.
RUN python -m venv --without-pip /opt/maild
COPY requirements.lock ./
RUN pip --python /opt/maild/bin/python install --require-hashes -r requirements.lock
COPY . ./
RUN pip --python /opt/maild/bin/python install --no-deps --no-build-isolation .

FROM python:3.13-slim-trixie
# pg_dump, for `maild backup` and for the copy before an upgrade: it must not be older than the server.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17 && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 maild \
 && useradd --system --uid 10001 --gid maild --home-dir /var/lib/maild --shell /usr/sbin/nologin maild \
 && install -d -o maild -g maild -m 0700 /var/lib/maild
COPY --from=build /opt/maild /opt/maild
# Any language in any letter. Time zones come from the package tzdata of the lock, the words of dates from Babel.
ENV PATH=/opt/maild/bin:$PATH LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
# By number, so that a cluster can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/maild
VOLUME ["/var/lib/maild"]
# The board, where [http] opens it.
EXPOSE 8025
HEALTHCHECK --interval=1m --timeout=20s --start-period=1m --retries=3 CMD ["maild", "status", "--quiet"]
ENTRYPOINT ["maild"]
CMD ["run"]
