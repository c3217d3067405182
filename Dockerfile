# The platform's API, its worker and the enclave's processes; which of them a container is, its command says (see
# docker-compose.yml).
FROM node:24.21.0-bookworm-slim

# Shuts runners of functions in.
RUN apt-get update && apt-get install --yes --no-install-recommends bubblewrap && rm -rf /var/lib/apt/lists/*

WORKDIR /strongroom
COPY package.json package-lock.json .npmrc ./
# Installation scripts fetch a second Node and an embedded Postgres: this image needs neither.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY domain domain
COPY client client
COPY crypto crypto
COPY storage storage
COPY stack stack
COPY workflows workflows
COPY activities activities
COPY workers workers
COPY containers containers
COPY enclave enclave
COPY api api

# The certificate authority's key is in here, and the enclave's secrets, each in a folder (and a volume) of its own.
RUN install -d -o node -g node -m 700 /data /data/enclave /data/enclave/host /data/enclave/offline-root /data/enclave/broker /data/enclave/broker-key
VOLUME /data
ENV NODE_ENV=production STRONGROOM_DATA=/data
USER node
CMD ["node", "api/server.ts"]
