-- What a launcher says of itself, which counts until a moment of Redis time.
--
-- KEYS  1 launchers (hash)         launcher id -> its state as JSON
--       2 seen (sorted set)        launcher id -> the instant (ms, Redis time) until which its word counts
-- ARGV  1 launcher id   2 state   3 how long it counts, ms
-- Returns nothing. Forgets those whose word counts no more: each start of a launcher has an id of its own.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[1])
