# The platform's API and worker; which of the two a container is, its command says (see docker-compose.yml).
FROM node:24.21.0-bookworm-slim

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
COPY api api

# The certificate authority's key is in here.
RUN install -d -o node -g node -m 700 /data
VOLUME /data
ENV NODE_ENV=production STRONGROOM_DATA=/data
USER node
CMD ["node", "api/server.ts"]
