-- Stores a value and gives the lead up.
-- KEYS: the value, the lease.
-- ARGV: the caller, the value, how long to keep it in milliseconds, the value that it replaces.
local holder = redis.pcall('GET', KEYS[2])
if holder == ARGV[1] then
  redis.call('DEL', KEYS[2])
else -- the lease was lost: another process has, or had, the lead
  local value = redis.pcall('GET', KEYS[1])
  if holder or value and value ~= ARGV[4] then
    return 0
  end
end
if tonumber(ARGV[3]) < 1 then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
