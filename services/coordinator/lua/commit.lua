-- One transition of one task: state, event and effects, all or nothing.
--
-- KEYS  1 task (hash)              fields: version, attempt, live, data (the record as JSON)
--       2 prompts (hash)           prompt id -> text
--       3 events (stream)          of the task's coordinator
--       4 unsettled (set)          task ids that count in `remaining` (invariant I5)
--       5 notices (sorted set)     task id -> the instant (ms, Redis time) from which its notice may be handed out; below 0
--                                  where nobody has it, the oldest first
--       6 tasks (sorted set)       of the coordinator, by creation (ms)
--       7 all tasks (sorted set)   by creation (ms)
--       8 leases (sorted set)      task id -> the instant (ms, Redis time) at which its attempt's lease ends
--       9 outbox (stream)          effects to execute
--      10 deadlines (sorted set)   task id -> the instant (ms) at which its attempt has run for as long as it may
--      11 coordinators (hash)      coordinator id -> its record as JSON: paused, maxRunning and budget are read here
--      12 places (set)             of the coordinator: task ids that are admitted and have not ended (invariant I13)
--      13 all places (set)         the same of all coordinators
--      14 live (sorted set)        of the coordinator: task id -> since when (ms, Redis time) its attempt runs
--      15 usage (hash)             of the coordinator: spentMs, the time of attempts that are over; sinceSumMs, the sum of the
--                                  scores of live; held:<by>, how many tasks are held so; graph, the version of its dependencies
--      16 line (sorted set)        of the coordinator and the task's kind of agent: task id -> its turn, the lowest first
--      17 lines (set)              names of the lines that are not empty
--      18 edges (sorted set)       "<dependency's id>:<id of the task that waits for it>", all of score 0
--      19 breakers (hash)          kind of agent -> the breaker as JSON, absent where it is closed
--      20 box (hash)               of the coordinator: task id -> its notification entry as JSON
--      21 pending (sorted set)     of the coordinator: task id -> the instant (ms) at which its entry is told, or told again
--      22 due (sorted set)         coordinator id -> the first instant of its pending entries
--      23, 24 box and pending      of the coordinator that the task hosts; its own where it hosts none
--      25 holds (sorted set)       task id -> the instant (ms) at which a person's hold of its keyboard ends
-- ARGV  1 one JSON object:
--         expected   version that must be stored, 0 where the task must not exist
--         version, attempt, live (0|1), id
--         event      string, or absent where nothing is told
--         settled    boolean
--         notice     absent where none is to be handed out, else {mark, turn, againMs}. mark: what is stored under the same
--                    mark stays as it is; turn: its score while nobody has it, or absent; againMs: how far from now it is handed
--                    out again, where somebody has it
--         createdAt  ms
--         deadline   ms, or absent where no attempt runs
--         holdUntil  ms, or absent where no person holds the keyboard
--         leaseMs    > 0 sets the lease to end so far from now, 0 ends it, -1 leaves it
--         trim       how many events the stream keeps at least
--         effects    strings
--         promptId   of the prompt whose text is given, or absent
--         channel    where to publish the event
--         coordinatorId, kind (of its agent), lineName (what `lines` calls its line)
--         place      boolean: whether it is admitted and has not ended
--         held       what of its own holds it, or absent
--         turn       its score in the line, or absent where it does not stand in it
--         waitsFor   ids of the tasks that it waits for
--         box        absent, or what becomes of its entry: {type = 'enter', entry, delayMs, againMs} (delayMs absent: the
--                    coordinator's; againMs: a wait has it, so it is told again then),
--                    {type = 'told', againMs}, {type = 'leave'}
--         stir       absent, or {coordinatorId, all, delayMs}: all entries of the hosted coordinator, or those that were never
--                    told, are due after delayMs
--         graph      the version of the coordinator's dependencies that the change was decided upon, or absent
--         admit      absent, or {most, trial, rivals}: this commit admits it. most: how many places there are in all, absent
--                    where there is no limit; trial: it may pass a breaker that is half open, and becomes its trial; rivals:
--                    where any of these lines has somebody in it ("*": where any line has), it is not its turn yet
--         count      boolean: whether the answer is to say how many tasks are in `unsettled` now
--       2 data: the record as JSON. Beside the object, since it is long and only stored: within it, it would be escaped by one
--         side and read by the other
--       3 the prompt's text
-- Returns 1 if committed, or {1, how many are unsettled} where that is asked for; 0 if the stored version (or the graph's) is
-- another one. Where it was refused, and nothing changed: 2 its turn has not come, 3 the coordinator is paused, 4 or has no place,
-- 5 the service has none, 6 the budget of time is used up, 7 the quota is, 8 the budget of tasks is (of a creation).
local change = cjson.decode(ARGV[1])
local stored = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if stored ~= change.expected then return 0 end
if change.graph and tonumber(redis.call('HGET', KEYS[15], 'graph') or '0') ~= change.graph then return 0 end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function coordinator()
  local text = redis.call('HGET', KEYS[11], change.coordinatorId)
  return text and cjson.decode(text) or {}
end
-- cjson reads null as a value of its own, which is neither nil nor a number.
local function limit(value) return type(value) == 'number' and value or nil end

if change.expected == 0 then
  local budget = coordinator().budget
  local most = type(budget) == 'table' and limit(budget.tasks)
  if most and redis.call('ZCARD', KEYS[6]) >= most then return 8 end
end

local function refusal(admit)
  for _, line in ipairs(admit.rivals) do
    if line == '*' and redis.call('SCARD', KEYS[17]) > 0 then return 2 end
    if line ~= '*' and redis.call('SISMEMBER', KEYS[17], line) == 1 then return 2 end
  end
  local owner = coordinator()
  if type(owner.paused) == 'table' then return 3 end
  local own = limit(owner.maxRunning)
  if own and redis.call('SCARD', KEYS[12]) >= own then return 4 end
  if admit.most and redis.call('SCARD', KEYS[13]) >= admit.most then return 5 end
  local seconds = type(owner.budget) == 'table' and limit(owner.budget.wallClockSeconds)
  if seconds then
    local used = redis.call('HMGET', KEYS[15], 'spentMs', 'sinceSumMs')
    local running = redis.call('ZCARD', KEYS[14]) * now - tonumber(used[2] or '0')
    if tonumber(used[1] or '0') + running >= seconds * 1000 then return 6 end
  end
  local text = redis.call('HGET', KEYS[19], change.kind)
  if text then
    local breaker = cjson.decode(text)
    local till = limit(breaker['until'])
    if till then
      if now < till then return 7 end
    else
      if now < (limit(breaker.retryAt) or 0) or breaker.trial ~= cjson.null or not admit.trial then return 7 end
      breaker.trial = change.id
      redis.call('HSET', KEYS[19], change.kind, cjson.encode(breaker))
    end
  end
  return nil
end
if change.admit then
  local refused = refusal(change.admit)
  if refused then return refused end
end

redis.call('HSET', KEYS[1], 'version', change.version, 'attempt', change.attempt, 'live', change.live, 'data', ARGV[2])
if change.promptId then redis.call('HSET', KEYS[2], change.promptId, ARGV[3]) end
if change.expected == 0 then
  redis.call('ZADD', KEYS[6], change.createdAt, change.id)
  redis.call('ZADD', KEYS[7], change.createdAt, change.id)
end
if change.settled then redis.call('SREM', KEYS[4], change.id) else redis.call('SADD', KEYS[4], change.id) end
-- By one clock for all processes, and once: a later change of the task must not put off that its notice comes again.
if not change.notice then
  redis.call('ZREM', KEYS[5], change.id)
elseif redis.call('HGET', KEYS[1], 'notice') ~= change.notice.mark then
  redis.call('HSET', KEYS[1], 'notice', change.notice.mark)
  redis.call('ZADD', KEYS[5], change.notice.turn or now + change.notice.againMs, change.id)
end
if change.leaseMs == 0 then
  redis.call('ZREM', KEYS[8], change.id)
elseif change.leaseMs > 0 then
  redis.call('ZADD', KEYS[8], now + change.leaseMs, change.id)
end
if change.deadline then redis.call('ZADD', KEYS[10], change.deadline, change.id) else redis.call('ZREM', KEYS[10], change.id) end
if change.holdUntil then redis.call('ZADD', KEYS[25], change.holdUntil, change.id) else redis.call('ZREM', KEYS[25], change.id) end

local onPlaces = change.place and 'SADD' or 'SREM'
redis.call(onPlaces, KEYS[12], change.id)
redis.call(onPlaces, KEYS[13], change.id)

local since = redis.call('ZSCORE', KEYS[14], change.id)
if change.live == 1 and not since then
  redis.call('ZADD', KEYS[14], now, change.id)
  redis.call('HINCRBY', KEYS[15], 'sinceSumMs', now)
elseif change.live == 0 and since then
  redis.call('ZREM', KEYS[14], change.id)
  redis.call('HINCRBY', KEYS[15], 'sinceSumMs', -since)
  redis.call('HINCRBY', KEYS[15], 'spentMs', math.max(0, now - since))
end

if change.turn then redis.call('ZADD', KEYS[16], change.turn, change.id) else redis.call('ZREM', KEYS[16], change.id) end
local onLines = redis.call('ZCARD', KEYS[16]) > 0 and 'SADD' or 'SREM'
redis.call(onLines, KEYS[17], change.lineName)

local before = redis.call('HMGET', KEYS[1], 'held', 'waitsFor')
local held = change.held or ''
if (before[1] or '') ~= held then
  if (before[1] or '') ~= '' then redis.call('HINCRBY', KEYS[15], 'held:' .. before[1], -1) end
  if held ~= '' then redis.call('HINCRBY', KEYS[15], 'held:' .. held, 1) end
  redis.call('HSET', KEYS[1], 'held', held)
end
local waitsFor = table.concat(change.waitsFor, ' ')
if (before[2] or '') ~= waitsFor then
  for id in string.gmatch(before[2] or '', '%S+') do redis.call('ZREM', KEYS[18], id .. ':' .. change.id) end
  for _, id in ipairs(change.waitsFor) do redis.call('ZADD', KEYS[18], 0, id .. ':' .. change.id) end
  redis.call('HSET', KEYS[1], 'waitsFor', waitsFor)
end
if change.graph then redis.call('HINCRBY', KEYS[15], 'graph', 1) end

-- A coordinator from before there were settings has the 30 s of the contracts.
local function ownDelay()
  local settings = coordinator().notifications
  return (type(settings) == 'table' and settings.delaySeconds or 30) * 1000
end
local function keepDue(pending, id)
  local first = redis.call('ZRANGE', pending, 0, 0, 'WITHSCORES')
  if first[2] then redis.call('ZADD', KEYS[22], first[2], id) else redis.call('ZREM', KEYS[22], id) end
end
if change.box then
  local box = change.box
  if box.type == 'enter' then
    redis.call('HSET', KEYS[20], change.id, box.entry)
    if box.againMs then redis.call('ZADD', KEYS[21], now + box.againMs, change.id)
    -- What is due already takes the newer state along.
    else redis.call('ZADD', KEYS[21], 'LT', now + (box.delayMs or ownDelay()), change.id) end
  elseif box.type == 'told' then
    local text = redis.call('HGET', KEYS[20], change.id)
    if text then
      local entry = cjson.decode(text)
      entry.told = entry.told + 1
      redis.call('HSET', KEYS[20], change.id, cjson.encode(entry))
      redis.call('ZADD', KEYS[21], now + box.againMs, change.id)
    end
  else
    redis.call('HDEL', KEYS[20], change.id)
    redis.call('ZREM', KEYS[21], change.id)
  end
  keepDue(KEYS[21], change.coordinatorId)
end
if change.stir then
  local due = now + change.stir.delayMs
  for _, id in ipairs(redis.call('ZRANGE', KEYS[24], 0, -1)) do
    local text = redis.call('HGET', KEYS[23], id)
    if change.stir.all or (text and cjson.decode(text).told == 0) then redis.call('ZADD', KEYS[24], due, id) end
  end
  keepDue(KEYS[24], change.stir.coordinatorId)
end

for _, effect in ipairs(change.effects) do redis.call('XADD', KEYS[9], '*', 'effect', effect) end
if change.event then
  local id = redis.call('XADD', KEYS[3], 'MAXLEN', '~', change.trim, '*', 'event', change.event)
  redis.call('PUBLISH', change.channel, '{"id":"' .. id .. '","event":' .. change.event .. '}')
end
if change.count then return { 1, redis.call('SCARD', KEYS[4]) } end
return 1
