-- Changes a kept wait upon the text that was read, for as long as that one was to live, and tells of it, or does nothing. Of those
-- of a token that are over so many are kept: what ended longest ago is forgotten for the next one.
--
-- KEYS  1 wait (string)   2 the token's open waits (sorted set)   3 its waits that are over (list), the last one first
-- ARGV  1 the text that was read   2 the new text   3 channel   4 id of the wait, which is told
--       5 how many that are over are kept, or empty where this one is not over
--       6 what the key of a wait is called, without its id. It has the hash tag that all our keys share.
-- Returns 1 if changed, 0 if another text is stored, or none.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
redis.call('PUBLISH', ARGV[3], ARGV[4])
if ARGV[5] == '' then return 1 end
redis.call('ZREM', KEYS[2], ARGV[4])
redis.call('LPUSH', KEYS[3], ARGV[4])
-- It is no longer of use than the last of them.
local left = redis.call('PTTL', KEYS[1])
if left > redis.call('PTTL', KEYS[3]) then redis.call('PEXPIRE', KEYS[3], left) end
while redis.call('LLEN', KEYS[3]) > tonumber(ARGV[5]) do
  redis.call('DEL', ARGV[6] .. redis.call('RPOP', KEYS[3]))
end
return 1
