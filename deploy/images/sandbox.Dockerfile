# The image that agents run in where neither task nor project names one. Any glibc image with git will do instead: the
# runner comes with its own Node, mounted read-only. In it is what agents' shells expect and little else:
# git and TLS roots; curl (through the egress proxy), less and procps (pagers, ps and kill), ripgrep (agents search
# with it), openssh-client (git remotes over ssh). Languages and compilers belong into an image of your own.
ARG DEBIAN_IMAGE=debian:bookworm-slim
FROM ${DEBIAN_IMAGE}
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends ca-certificates curl git less openssh-client procps ripgrep \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 1000 agent && useradd --uid 1000 --gid agent --home-dir /sandbox/home --no-create-home --shell /bin/bash agent
USER agent
CMD ["bash"]
