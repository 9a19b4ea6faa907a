-- Returns the value, or gives the caller the lead.
-- KEYS: the value, the lease, the failure of the holder for which the caller has waited.
-- ARGV: the caller, how long its lease is in milliseconds, the value that is not wanted.
local value = redis.call('GET', KEYS[1])
if value and value ~= '' and value ~= ARGV[3] then
  return {'value', value}
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  return {'failed', ''}
end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then
  return {'wait', holder}
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {'lead', ''}
