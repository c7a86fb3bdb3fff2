# The service: Python, gateledger and its dependencies, nothing else; runs as an ordinary user.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/gateledger
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY cmdb cmdb
COPY collectors collectors
COPY evaluator evaluator
COPY gateledger gateledger
COPY migrations migrations
RUN /opt/gateledger/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/gateledger gateledger
COPY --from=build /opt/gateledger /opt/gateledger
ENV PATH=/opt/gateledger/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GATELEDGER_DATA_DIR=/var/lib/gateledger \
    GATELEDGER_LOG_FORMAT=json
USER gateledger
WORKDIR /var/lib/gateledger
VOLUME /var/lib/gateledger
ENTRYPOINT ["gateledger"]
CMD ["schedule"]
