-- Renews the lease of an attempt, if it is still the task's live attempt (invariant I1).
--
-- KEYS  1 task (hash)   2 leases (sorted set)
-- ARGV  1 task id   2 attempt   3 how long the lease lasts from now, ms
-- Returns 1 if renewed, 0 if the attempt is over.
local row = redis.call('HMGET', KEYS[1], 'attempt', 'live')
if row[1] ~= ARGV[2] or row[2] ~= '1' then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3]), ARGV[1])
return 1
