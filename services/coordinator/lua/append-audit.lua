-- Appends entries to the audit's chain, if its head is still the one that they follow.
--
-- KEYS  1 head (hash)       fields: seq, hash
--       2 entries (stream)  id <seq>-0, field: entry (JSON)
--       3 … logs (lists)    numbers of the entries about one coordinator, the latest first
-- ARGV  1 seq of the head that the entries follow   2 its hash   3 hash of the last entry
--       4 how many entries are kept   5 how many numbers a log keeps
--       6 … two for each entry: its JSON, and which of the logs it belongs to (1, 2, …; 0: none)
-- Returns {appended (1|0), seq of the head, its hash}. The very same entries again, because the first answer was lost,
-- are not appended twice.
local head = redis.call('HMGET', KEYS[1], 'seq', 'hash')
local seq, hash = tonumber(head[1] or '0'), head[2] or string.rep('0', 64)
local from = tonumber(ARGV[1])
local id = function(number) return string.format('%d-0', number) end
if seq ~= from or hash ~= ARGV[2] then
  local there = redis.call('XRANGE', KEYS[2], id(from + 1), id(from + 1))
  if there[1] and there[1][2][2] == ARGV[6] then return { 1, seq, hash } end
  return { 0, seq, hash }
end
local logs = {}
for index = 6, #ARGV, 2 do
  seq = seq + 1
  redis.call('XADD', KEYS[2], id(seq), 'entry', ARGV[index])
  local log = tonumber(ARGV[index + 1])
  if log > 0 then
    redis.call('LPUSH', KEYS[2 + log], string.format('%d', seq))
    logs[log] = true
  end
end
redis.call('HSET', KEYS[1], 'seq', string.format('%d', seq), 'hash', ARGV[3])
redis.call('XTRIM', KEYS[2], 'MAXLEN', tonumber(ARGV[4]))
for log in pairs(logs) do redis.call('LTRIM', KEYS[2 + log], 0, tonumber(ARGV[5]) - 1) end
return { 1, seq, ARGV[3] }
