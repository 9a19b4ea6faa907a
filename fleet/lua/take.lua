-- Returns the value, or gives the caller the lead. What other programs left here, such as
-- a list, is no value.
-- KEYS: the value, the lease, the failure of the holder for which the caller has waited.
-- ARGV: the caller, how long its lease is in milliseconds, the value that is not wanted,
-- how long a value is at most.
local value = redis.pcall('GET', KEYS[1])
if type(value) == 'string' and value ~= '' and #value <= tonumber(ARGV[4]) and value ~= ARGV[3] then
  return {'value', value}
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  return {'failed', ''}
end
local holder = redis.pcall('GET', KEYS[2])
if type(holder) == 'string' and holder ~= ARGV[1] then
  if redis.call('PTTL', KEYS[2]) ~= -1 then -- all that is ours expires
    return {'wait', holder}
  end
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {'lead', ''}
