# The service: Python, gateledger and its dependencies, nothing else. It runs as any user id, with a read-only
# root file system; /tmp and /var/lib/gateledger have to be writable (a tmpfs or a volume).
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/gateledger
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY cmdb cmdb
COPY collectors collectors
COPY evaluator evaluator
COPY gateledger gateledger
COPY simulated_aws simulated_aws
COPY migrations migrations
RUN /opt/gateledger/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt .

FROM python:3.13-slim
# The embedded PostgreSQL insists on a name for its user id; libnss-wrapper gives one to any number.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libnss-wrapper \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --gid 0 --no-create-home --home-dir /var/lib/gateledger gateledger \
    && install --directory --owner=10001 --group=0 --mode=1777 /var/lib/gateledger
COPY --from=build /opt/gateledger /opt/gateledger
COPY --chmod=755 deploy/container/entrypoint.sh /usr/local/bin/gateledger-entrypoint
ENV PATH=/opt/gateledger/bin:$PATH \
    HOME=/var/lib/gateledger \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GATELEDGER_DATA_DIR=/var/lib/gateledger \
    GATELEDGER_LOG_FORMAT=json
# By number, so that a cluster can see that it is not root.
USER 10001
WORKDIR /var/lib/gateledger
# With these, volumes of Fargate and Docker have the same permissions as the directories here.
VOLUME ["/var/lib/gateledger", "/tmp"]
ENTRYPOINT ["gateledger-entrypoint"]
CMD ["schedule"]
