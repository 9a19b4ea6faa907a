-- Notes how many requests a process let through before a pause that were not refused.
-- ARGV: the number of the pause, how many.
if lane.number ~= tonumber(ARGV[1]) or lane.settled == 1 and lane.n > 0 then
  return 0
end
if lane.settled == 1 then -- too late, but better than nothing
  lane.settled, lane.futile = 0, math.max(lane.futile - 1, 0)
end
lane.reported = lane.reported + tonumber(ARGV[2])
save()
return 1
