-- A wait of a coordinator begins: until it ends, or has lasted longer than any wait may, the coordinator is not told otherwise.
--
-- KEYS  1 listening (sorted set): call id -> the instant (ms) from which it counts no more   ARGV  1 call id   2 how long, ms
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
