-- Uses a pairing up: of several that have the right PIN at once, one gets it.
--
-- KEYS  1 pairing (hash)   2 open pairings (sorted set)
-- ARGV  1 the pairing's id   2 coordinator id
-- Returns 1 for the one who has it, else 0.
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[2])
return 1
