-- Takes what a coordinator is to be told of now, for one process alone, and hands it to all channels in the same step.
--
-- KEYS  1 due (sorted set): coordinator id -> ms   2 pending (sorted set): task id -> ms   3 box (hash): task id -> entry
--       4 listening (sorted set): open waits -> the instant (ms) from which each counts no more
--       5 events (stream)   6 coordinators (hash)   7 webhooks (hash): coordinator id -> the message that is on its way
--       8 webhook tries (sorted set): coordinator id -> ms   9 outbox (stream)
-- ARGV  1 coordinator id   2 the message's id   3 the instant (ISO)   4 again: ms until an entry is told again
--       5 how many entries at most   6 how many events the stream keeps at least   7 channel of events
-- Returns the message as JSON; false where nothing is due, or a wait is open: then it stays due.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local coordinatorId = ARGV[1]

redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
if redis.call('ZCARD', KEYS[4]) > 0 then return false end

local rows = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
if not rows[2] then
  redis.call('ZREM', KEYS[1], coordinatorId)
  return false
end
if tonumber(rows[2]) > now then
  redis.call('ZADD', KEYS[1], rows[2], coordinatorId)
  return false
end

-- What is due takes along whatever was never told: one message instead of two.
local first, entries = nil, {}
for at = 1, #rows, 2 do
  if #entries == tonumber(ARGV[5]) then break end
  local id = rows[at]
  local entry = cjson.decode(redis.call('HGET', KEYS[3], id))
  if tonumber(rows[at + 1]) <= now or entry.told == 0 then
    entry.told = entry.told + 1
    first = first or entry
    local text = cjson.encode(entry)
    entries[#entries + 1] = text
    redis.call('HSET', KEYS[3], id, text)
    redis.call('ZADD', KEYS[2], now + ARGV[4], id)
  end
end
redis.call('ZADD', KEYS[1], redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2], coordinatorId)

local message = '{"id":"' .. ARGV[2] .. '","coordinatorId":"' .. coordinatorId .. '","at":"' .. ARGV[3] .. '","pending":' ..
  (#rows / 2) .. ',"entries":[' .. table.concat(entries, ',') .. ']}'

local event = '{"taskId":"' .. first.taskId .. '","coordinatorId":"' .. coordinatorId .. '","version":' .. first.version ..
  ',"attempt":' .. first.attempt .. ',"kinds":["notification"],"at":"' .. ARGV[3] .. '","notification":' .. message .. '}'
local place = redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[6], '*', 'event', event)
redis.call('PUBLISH', ARGV[7], '{"id":"' .. place .. '","event":' .. event .. '}')

local owner = cjson.decode(redis.call('HGET', KEYS[6], coordinatorId) or '{}')
local settings = owner.notifications
if type(settings) == 'table' and type(settings.webhookUrl) == 'string' then
  -- One on its way at a time. The newer one takes the place of one that was not taken, with its tries and its age.
  local text = redis.call('HGET', KEYS[7], coordinatorId)
  local before = text and cjson.decode(text) or { since = now, tries = 0 }
  redis.call('HSET', KEYS[7], coordinatorId,
    cjson.encode({ id = ARGV[2], body = message, since = before.since, tries = before.tries }))
  if not text then redis.call('ZADD', KEYS[8], now, coordinatorId) end
end
if type(owner.hostTaskId) == 'string' then
  redis.call('XADD', KEYS[9], '*', 'effect', '{"type":"tell_host","taskId":"' .. owner.hostTaskId .. '","message":' .. message .. '}')
end
return message
