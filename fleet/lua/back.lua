-- Gives a turn back, which the next request that asks gets.
-- ARGV: the number of the pause, the turn.
if lane.number ~= tonumber(ARGV[1]) then
  return 0
end
lane.back = (lane.back or 0) + redis.call('ZADD', KEYS[3], ARGV[2], ARGV[2])
redis.call('PEXPIRE', KEYS[3], 3600000)
if lane.window then -- it was not let through
  lane.current = lane.current - 1
end
save()
return 1
