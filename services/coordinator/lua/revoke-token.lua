-- Revokes a token, once and for good.
--
-- KEYS  1 token (hash)          fields: info, hash, revokedAt, adopted, …
--       2 listed ends (sorted set)  token id -> the instant (ms) from which its record is gone
-- ARGV  1 token id   2 now (ISO 8601)   3 how long the record is still shown, ms   4 channel
-- Returns 1, or 0 where there is no such token. One that a file brings in is kept for ever: gone, it would be taken
-- for new at the next start.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HSETNX', KEYS[1], 'revokedAt', ARGV[2]) == 1 and redis.call('HEXISTS', KEYS[1], 'adopted') == 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3]), ARGV[1])
end
redis.call('PUBLISH', ARGV[4], cjson.encode({ token = ARGV[1] }))
return 1
