-- Takes one of the tries that a pairing has, before the PIN is looked at: two at once are two tries.
--
-- KEYS  1 pairing (hash)   fields: id, salt, hash, tries
-- ARGV  1 how many tries there are
-- Returns {id, salt, hash, which try this is}, {'locked'} where all are used up, or {} where no pairing is open.
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local tries = redis.call('HINCRBY', KEYS[1], 'tries', 1)
if tries > tonumber(ARGV[1]) then return { 'locked' } end
local row = redis.call('HMGET', KEYS[1], 'id', 'salt', 'hash')
return { row[1], row[2], row[3], tries }
