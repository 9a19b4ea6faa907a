-- Gives the lead up without a value, and tells those who wait.
-- KEYS: the lease, the failure. ARGV: the caller, how long they may learn of it in milliseconds.
if redis.pcall('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
return 1
