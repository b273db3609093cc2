# A server of conversational search: docker run -p 8081:8081 -v "$PWD/my-index:/index:ro" IMAGE
FROM python:3.12-slim

# The CPU build of torch, which is much smaller than the default build with CUDA.
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "torch>=2.9"

WORKDIR /app
COPY . /app
RUN pip install --no-cache-dir "/app[serve]" \
    && useradd --create-home --uid 1000 disco

USER 1000
ENV PYSERINI_CACHE=/home/disco/.cache/pyserini
EXPOSE 8081
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/health')"]

# What follows the image's name in `docker run` replaces /index: other folders, and options of `disco serve`.
ENTRYPOINT ["disco", "serve", "--host", "0.0.0.0"]
CMD ["/index"]
