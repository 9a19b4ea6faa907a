-- Extends a lease, if the caller still has it.
-- KEYS: the lease. ARGV: the caller, how long the lease is in milliseconds.
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
