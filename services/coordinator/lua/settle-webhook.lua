-- What a try came to.
--
-- KEYS  1 tries (sorted set): coordinator id -> ms   2 webhooks (hash)   3 outcomes (hash): coordinator id -> {lastError, dropped}
-- ARGV  1 coordinator id   2 the message's id   3 the error, '' where it was taken   4 the first pause, ms   5 the longest, ms
--       6 how long nothing may be taken until it is dropped, ms
-- Returns 'taken', 'again', 'dropped', or 'gone' where the message is not there any more.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local text = redis.call('HGET', KEYS[2], ARGV[1])
if not text then return 'gone' end
local message = cjson.decode(text)
local before = redis.call('HGET', KEYS[3], ARGV[1])
local outcome = before and cjson.decode(before) or { dropped = 0 }

local function finish(word)
  redis.call('HSET', KEYS[3], ARGV[1], cjson.encode(outcome))
  return word
end
local function remove()
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[1], ARGV[1])
end

if ARGV[3] == '' then
  outcome.lastError = nil
  if message.id == ARGV[2] then
    remove()
  else
    -- A newer one took its place meanwhile; it has its own age and tries.
    message.since, message.tries = now, 0
    redis.call('HSET', KEYS[2], ARGV[1], cjson.encode(message))
    redis.call('ZADD', KEYS[1], now, ARGV[1])
  end
  return finish('taken')
end
outcome.lastError = ARGV[3]
if now - message.since >= tonumber(ARGV[6]) then
  outcome.dropped = outcome.dropped + 1
  remove()
  return finish('dropped')
end
local pause = math.min(tonumber(ARGV[5]), ARGV[4] * 2 ^ math.min(message.tries, 30))
message.tries = message.tries + 1
redis.call('HSET', KEYS[2], ARGV[1], cjson.encode(message))
redis.call('ZADD', KEYS[1], now + pause, ARGV[1])
return finish('again')
