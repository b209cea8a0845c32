# The sandbox's image with coding agents in it: what a project or a task names with `--image`, or all of them with
# ROUNDHOUSE_IMAGE. AGENTS says which, in exact versions, as npm takes them:
#   docker build --tag roundhouse-agents --file deploy/images/agents.Dockerfile \
#     --build-arg AGENTS='@anthropic-ai/claude-code@2.1.330 @openai/codex@0.169.0' deploy/images
# Their credentials do not belong in it: see ROUNDHOUSE_AGENT_SECRETS in docker-compose.yml.
ARG SANDBOX_IMAGE=roundhouse-sandbox:0.1.0
ARG NODE_IMAGE=node:22-bookworm-slim
FROM ${NODE_IMAGE} AS agents
ARG AGENTS=@anthropic-ai/claude-code@2.1.330
RUN npm install --global --prefix /opt/agents --no-audit --no-fund --loglevel=error ${AGENTS} \
 && npm cache clean --force

FROM ${SANDBOX_IMAGE}
COPY --from=agents /usr/local/bin/node /usr/local/bin/node
COPY --from=agents /opt/agents /opt/agents
ENV PATH=/opt/agents/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
