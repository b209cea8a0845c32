-- The oldest notice of a coordinator that may be handed out now, and how many of its tasks are not settled, of one instant: what
-- is read in two steps could be handed out, and handed out again, in between.
--
-- KEYS  1 notices (sorted set)   2 unsettled (set)      see commit.lua
-- ARGV  1 what the key of a task is called, without its id. It has the hash tag that all our keys share.
-- Returns {task id or false, its record or false, how many are not settled}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 1)[1] or false
return {id, id and redis.call('HGET', ARGV[1] .. id, 'data'), redis.call('SCARD', KEYS[2])}
