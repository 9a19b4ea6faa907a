-- Gives the lead up at once.
-- KEYS: the lease. ARGV: the caller.
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
