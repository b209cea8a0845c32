-- The ids of one page of tasks, newest first. In one step: a task that is added between the search for the anchor and the
-- reading from there would move all ranks, and the anchor would come twice.
--
-- KEYS  1 tasks (sorted set), by creation
-- ARGV  1 the id after which to go on, or empty for the beginning
--       2 how many at most
-- Returns the ids, or nil where the anchor is not in the set.
local from = 0
if ARGV[1] ~= '' then
  local rank = redis.call('ZREVRANK', KEYS[1], ARGV[1])
  if not rank then return false end
  from = rank + 1
end
return redis.call('ZREVRANGE', KEYS[1], from, from + tonumber(ARGV[2]) - 1)
