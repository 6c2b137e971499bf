# The image of the gateway, which serves the demo by default: `docker run --read-only -v photos:/data -p 127.0.0.1:8000:8000 IMAGE`
FROM python:3.13.1-slim-bookworm AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock requirements-geonames.lock ./
# `--build-arg GEONAMES=1` brings scipy too, for `photos-gateway places import`.
ARG GEONAMES=
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements.lock ${GEONAMES:+-r requirements-geonames.lock}
COPY . .
RUN /venv/bin/pip install --no-deps -e . && /venv/bin/python -m compileall -q /app /venv

FROM python:3.13.1-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /home/photos photos \
    && install -d -o photos -g photos -m 0700 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
# Inside a container the server must listen on all addresses; the published port decides who can connect.
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    PHOTOS_DATA=/data PHOTOS_HOST=0.0.0.0 PHOTOS_PORT=8000 PHOTOS_EXPOSE=true
USER 10001
WORKDIR /home/photos
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["photos-gateway"]
CMD ["serve", "--demo"]
