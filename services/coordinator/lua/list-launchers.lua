-- The launchers whose word still counts.
--
-- KEYS  1 launchers (hash)         launcher id -> its state as JSON
--       2 seen (sorted set)        launcher id -> the instant (ms, Redis time) until which its word counts
-- Returns their states.
local time = redis.call('TIME')
local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. (time[1] * 1000 + math.floor(time[2] / 1000)), '+inf')
if #ids == 0 then return {} end
return redis.call('HMGET', KEYS[1], unpack(ids))
