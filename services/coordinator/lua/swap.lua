-- Changes one field of a hash upon the value that was read, with its effects and its alarm, or not at all.
--
-- KEYS  1 hash   2 outbox (stream)   3 alarms (sorted set): name -> the instant (ms) at which time alone changes it
-- ARGV  1 field   2 the value that was read, '' where there was none   3 the new value, '' to delete it
--       4 effects, a JSON array of strings   5 the alarm's name, '' where there is none   6 its instant, '' to end it
-- Returns 1 if changed, 0 if another value is stored.
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
if ARGV[5] ~= '' then
  if ARGV[6] == '' then redis.call('ZREM', KEYS[3], ARGV[5]) else redis.call('ZADD', KEYS[3], ARGV[6], ARGV[5]) end
end
for _, effect in ipairs(cjson.decode(ARGV[4])) do redis.call('XADD', KEYS[2], '*', 'effect', effect) end
return 1
