-- Keeps a wait, or does nothing where its token has as many that are open as it may.
--
-- KEYS  1 wait (string)   2 the token's open waits (sorted set), by when they are forgotten (ms, Redis time)
-- ARGV  1 its text   2 how long it lives, ms   3 its id   4 how many may be open
-- Returns 1 if kept, 0 if there are too many.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[3])
if tonumber(ARGV[2]) > redis.call('PTTL', KEYS[2]) then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
return 1
