# All services, one target each: coordinator, mcp-gateway, relay, launcher, cli. One build stage makes what they run.
# Kept to what the classic builder and BuildKit both know, so that it builds with any engine since 20.10.
ARG NODE_IMAGE=node:22-bookworm-slim

# ---- build: everything is installed and compiled once; each service's tree has its production dependencies only ----
FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY packages/cli/package.json packages/cli/
COPY packages/contracts/package.json packages/contracts/
COPY packages/host/package.json packages/host/
COPY packages/scripted-agent/package.json packages/scripted-agent/
COPY packages/testkit/package.json packages/testkit/
COPY services/coordinator/package.json services/coordinator/
COPY services/launcher/package.json services/launcher/
COPY services/mcp-gateway/package.json services/mcp-gateway/
COPY services/relay/package.json services/relay/
COPY services/runner/package.json services/runner/
COPY deploy/images/install.sh deploy/images/
RUN sh deploy/images/install.sh /trees
COPY tsconfig.json tsconfig.base.json ./
COPY scripts scripts
COPY packages packages
COPY services services
COPY deploy/images deploy/images
RUN sh deploy/images/build.sh /trees

# ---- base: what all services share. The folders are volumes later; who mounts one first gets this owner with it ----
FROM ${NODE_IMAGE} AS base
ENV NODE_ENV=production
RUN install -d -o node -g node -m 0700 /var/lib/roundhouse/coordinator /var/lib/roundhouse/coordinator/hubs \
    /var/lib/roundhouse/secrets/operator /var/lib/roundhouse/secrets/launcher \
 && install -d -o 7402 -g 7402 -m 0755 /var/lib/roundhouse/doors
COPY deploy/images/health.mjs /opt/health.mjs
WORKDIR /app

# git lands work (merge-tree, 2.38 or newer) and pushes the demo's repository; nothing else has it.
FROM base AS with-git
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends git && rm -rf /var/lib/apt/lists/*

FROM with-git AS coordinator
COPY deploy/images/make-secrets.mjs /opt/make-secrets.mjs
COPY --from=build /trees/coordinator /app
USER node
EXPOSE 7400
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["node", "/opt/health.mjs", "http://127.0.0.1:7400/api/health"]
CMD ["node", "services/coordinator/dist/main.js"]

FROM base AS mcp-gateway
COPY --from=build /trees/mcp-gateway /app
USER node
EXPOSE 7401
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["node", "/opt/health.mjs", "http://127.0.0.1:7401/health"]
CMD ["node", "services/mcp-gateway/dist/main.js"]

FROM base AS relay
COPY --from=build /trees/relay /app
# Nobody else's id: sandboxes run as 1000, as `node` does, and the doors are the relay's alone to write.
USER 7402:7402
# Through a door, as a sandbox goes: it is healthy when a sandbox would reach the coordinator.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["node", "/opt/health.mjs", "unix:/var/lib/roundhouse/doors/own/coordinator.sock:/api/health"]
CMD ["node", "services/relay/dist/main.js"]

# Root, alone among the services: the Docker socket belongs to root, and so does the right to mount. Compose takes all
# capabilities from it but those that mounting and handing over files need.
FROM base AS launcher
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends e2fsprogs mount util-linux && rm -rf /var/lib/apt/lists/*
COPY deploy/images/start-launcher.sh /opt/start-launcher.sh
COPY --from=build /runner-tree /opt/runner-tree
COPY --from=build /trees/launcher /app
USER root
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["node", "/opt/health.mjs", "unix:/var/run/docker.sock:/_ping"]
CMD ["sh", "/opt/start-launcher.sh"]

FROM with-git AS cli
COPY --from=build /trees/cli /app
USER node
# The one folder that a read-only container of it needs: git's settings and temporary repositories.
ENV HOME=/tmp
ENTRYPOINT ["node", "/app/packages/cli/dist/main.js"]
CMD ["--help"]
