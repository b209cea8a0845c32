# What is pinned, and what a caller may set. The pins of npm packages are the registry's own dist.integrity.
NODE_VERSION=22.23.3
NPM_VERSION=10.9.9
NODE_INTEGRITY_X64=sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==
NODE_INTEGRITY_ARM64=sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==
NPM_INTEGRITY=sha512-1g+6jLQvaIuB4zwvHL7yrXuXcWZwDsCtBX8bbWDqbvJSSr9nPiDDWTHNgwXR27iIcTTW7v3A57hDW9RYv2W4Yg==
COMPOSE_PLUGIN_VERSION=2.26.1-4
COMPOSE_PLUGIN_SUITE=trixie
COMPOSE_PLUGIN_FOLDER=/usr/local/lib/docker/cli-plugins

SUITE=bookworm
DEBIAN_TAG=debian:bookworm-slim
NODE_TAG=node:22-bookworm-slim
REDIS_TAG=redis:7-alpine

DATA_ROOT=${AIRGAP_DATA_ROOT:-/var/lib/docker}
RUN_FOLDER=${AIRGAP_RUN_FOLDER:-/run/roundhouse-airgap}
ENGINE_SOCKET=${DOCKER_HOST:-unix:///var/run/docker.sock}
export DOCKER_HOST=$ENGINE_SOCKET
# The classic builder is in every engine and every client; BuildKit would need a plugin.
export DOCKER_BUILDKIT=0
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
