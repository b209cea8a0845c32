-- Takes entries out of a coordinator's box.
--
-- KEYS  1 box (hash)   2 pending (sorted set)   3 due (sorted set)
-- ARGV  1 coordinator id   2 the entries' ids as a JSON array, '' for all
-- Returns how many are gone, and how many are left.
local wanted = nil
if ARGV[2] ~= '' then
  wanted = {}
  for _, id in ipairs(cjson.decode(ARGV[2])) do wanted[id] = true end
end
local gone = 0
for _, taskId in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if not wanted or wanted[cjson.decode(redis.call('HGET', KEYS[1], taskId)).id] then
    redis.call('HDEL', KEYS[1], taskId)
    redis.call('ZREM', KEYS[2], taskId)
    gone = gone + 1
  end
end
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if first[2] then redis.call('ZADD', KEYS[3], first[2], ARGV[1]) else redis.call('ZREM', KEYS[3], ARGV[1]) end
return { gone, redis.call('ZCARD', KEYS[2]) }
