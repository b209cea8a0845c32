-- Gives a token a new secret. The one before stays good until the given instant, the one before that is over.
--
-- KEYS  1 token (hash)
-- ARGV  1 token id   2 hash of the new secret   3 now (ISO 8601)   4 until when the old one is good (ISO 8601), or ''
--       5 channel
-- Returns 'rotated', 'absent', 'revoked' or 'adopted' (a file brings it in, and would bring in the old secret again).
if redis.call('EXISTS', KEYS[1]) == 0 then return 'absent' end
if redis.call('HEXISTS', KEYS[1], 'revokedAt') == 1 then return 'revoked' end
if redis.call('HEXISTS', KEYS[1], 'adopted') == 1 then return 'adopted' end
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[1], 'previous', 'previousUntil')
else
  redis.call('HSET', KEYS[1], 'previous', redis.call('HGET', KEYS[1], 'hash'), 'previousUntil', ARGV[4])
end
redis.call('HSET', KEYS[1], 'hash', ARGV[2], 'rotatedAt', ARGV[3])
redis.call('PUBLISH', ARGV[5], cjson.encode({ token = ARGV[1] }))
return 'rotated'
