-- One transition of one task: state, event and effects, all or nothing.
--
-- KEYS  1 task (hash)              fields: version, attempt, live, data (the record as JSON)
--       2 prompts (hash)           prompt id -> text
--       3 events (stream)          of the task's coordinator
--       4 unsettled (set)          task ids that count in `remaining` (invariant I5)
--       5 notices (sorted set)     task id -> the instant (ms) from which its notice may be handed out
--       6 tasks (sorted set)       of the coordinator, by creation (ms)
--       7 all tasks (sorted set)   by creation (ms)
--       8 leases (sorted set)      task id -> the instant (ms, Redis time) at which its attempt's lease ends
--       9 outbox (stream)          effects to execute
--      10 deadlines (sorted set)   task id -> the instant (ms) at which its attempt has run for as long as it may
-- ARGV  1 one JSON object:
--         expected   version that must be stored, 0 where the task must not exist
--         version, attempt, live (0|1), data (string), id
--         event      string, or absent where nothing is told
--         settled    boolean
--         noticeAt   ms, or absent where no notice is to be handed out
--         createdAt  ms
--         deadline   ms, or absent where no attempt runs
--         leaseMs    > 0 sets the lease to end so far from now, 0 ends it, -1 leaves it
--         trim       how many events the stream keeps at least
--         effects    strings
--         prompt     {id, text}, or absent
--         channel    where to publish the event
-- Returns 1 if committed, 0 if the stored version is another one.
local change = cjson.decode(ARGV[1])
local stored = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if stored ~= change.expected then return 0 end

redis.call('HSET', KEYS[1], 'version', change.version, 'attempt', change.attempt, 'live', change.live, 'data', change.data)
if change.prompt then redis.call('HSET', KEYS[2], change.prompt.id, change.prompt.text) end
if change.expected == 0 then
  redis.call('ZADD', KEYS[6], change.createdAt, change.id)
  redis.call('ZADD', KEYS[7], change.createdAt, change.id)
end
if change.settled then redis.call('SREM', KEYS[4], change.id) else redis.call('SADD', KEYS[4], change.id) end
if change.noticeAt then redis.call('ZADD', KEYS[5], change.noticeAt, change.id) else redis.call('ZREM', KEYS[5], change.id) end
if change.leaseMs == 0 then
  redis.call('ZREM', KEYS[8], change.id)
elseif change.leaseMs > 0 then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[8], time[1] * 1000 + math.floor(time[2] / 1000) + change.leaseMs, change.id)
end
if change.deadline then redis.call('ZADD', KEYS[10], change.deadline, change.id) else redis.call('ZREM', KEYS[10], change.id) end
for _, effect in ipairs(change.effects) do redis.call('XADD', KEYS[9], '*', 'effect', effect) end
if change.event then
  local id = redis.call('XADD', KEYS[3], 'MAXLEN', '~', change.trim, '*', 'event', change.event)
  redis.call('PUBLISH', change.channel, '{"id":"' .. id .. '","event":' .. change.event .. '}')
end
return 1
