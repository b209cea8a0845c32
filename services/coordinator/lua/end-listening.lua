-- A wait of a coordinator ends. Once none is open, what is due is told after a moment: it may call the next one.
--
-- KEYS  1 listening (sorted set)   2 pending (sorted set)   3 due (sorted set)
-- ARGV  1 the call's id   2 coordinator id   3 the moment, ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) > 0 then return 0 end
local soon = now + ARGV[3]
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. string.format('%.0f', soon))) do
  redis.call('ZADD', KEYS[2], soon, id)
end
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if first[2] then redis.call('ZADD', KEYS[3], first[2], ARGV[2]) end
return 1
