# redis:7-alpine: Debian's redis-server, which is Redis 7, behaving like the public image.
redis_recipe() { recipe_of image-redis.sh "$(label_of "$DEBIAN_TAG" "$RECIPE_LABEL")"; }

ensure_redis_image() {
  local recipe folder=$scratch/redis
  recipe="$(redis_recipe)"
  if is_there "$REDIS_TAG" "$recipe"; then return 0; fi
  say "$REDIS_TAG: Debian's redis-server"
  mkdir -p "$folder"
  install -m 755 "$here/steps/redis-entrypoint.sh" "$folder/docker-entrypoint.sh"
  cat >"$folder/Dockerfile" <<DOCKERFILE
FROM $DEBIAN_TAG
RUN groupadd --system --gid 999 redis && useradd --system --uid 999 --gid redis --home-dir /data redis \
 && apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server \
 && rm -rf /var/lib/apt/lists/* /etc/redis && mkdir -p /data && chown redis:redis /data
COPY docker-entrypoint.sh /usr/local/bin/
VOLUME /data
WORKDIR /data
EXPOSE 6379
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
LABEL $KIND_LABEL=redis $RECIPE_LABEL=$recipe
DOCKERFILE
  build_stand_in "$REDIS_TAG" "$folder"
}
