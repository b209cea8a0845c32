-- Moves entries of a coordinator's box to a later instant: those of tasks that a wait has told of, or all that are due.
--
-- KEYS  1 box (hash)   2 pending (sorted set)   3 due (sorted set)
-- ARGV  1 coordinator id   2 how far from now, ms
--       3 '' for all that are due; else what was told, as a JSON array of {taskId, version}: no later version was
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] == '' then
  for _, taskId in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do redis.call('ZADD', KEYS[2], now + ARGV[2], taskId) end
else
  for _, seen in ipairs(cjson.decode(ARGV[3])) do
    local taskId = seen.taskId
    local text = redis.call('HGET', KEYS[1], taskId)
    local entry = text and cjson.decode(text)
    if entry and entry.version <= seen.version then
      entry.told = entry.told + 1
      redis.call('HSET', KEYS[1], taskId, cjson.encode(entry))
      redis.call('ZADD', KEYS[2], now + ARGV[2], taskId)
    end
  end
end
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if first[2] then redis.call('ZADD', KEYS[3], first[2], ARGV[1]) end
return 1
