-- The tasks whose lease has ended, by Redis time.
--
-- KEYS  1 leases (sorted set)   ARGV  1 how many at most
-- Returns task ids.
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', time[1] * 1000 + math.floor(time[2] / 1000), 'LIMIT', 0, tonumber(ARGV[1]))
