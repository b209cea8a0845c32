-- Changes a text upon the one that was read, for as long as that one was to live, and tells of it, or does nothing.
--
-- KEYS  1 string
-- ARGV  1 the text that was read   2 the new text   3 channel   4 what is told
-- Returns 1 if changed, 0 if another text is stored, or none.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
