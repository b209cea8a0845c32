-- Takes a webhook message whose next try is due, for one process alone and for so long at most.
--
-- KEYS  1 tries (sorted set): coordinator id -> ms   2 webhooks (hash)   3 coordinators (hash)   4 secrets (hash)
-- ARGV  1 how long a try may take, ms: then another process may take it
-- Returns coordinator id, the message as JSON, address and secret; false where none is due.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
while true do
  local id = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 1)[1]
  if not id then return false end
  local message = redis.call('HGET', KEYS[2], id)
  local owner = cjson.decode(redis.call('HGET', KEYS[3], id) or '{}')
  local url = type(owner.notifications) == 'table' and owner.notifications.webhookUrl
  local secret = redis.call('HGET', KEYS[4], id)
  if message and type(url) == 'string' and secret then
    redis.call('ZADD', KEYS[1], now + ARGV[1], id)
    return { id, message, url, secret }
  end
  -- Its coordinator has no address any more.
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
end
