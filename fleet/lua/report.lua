-- Notes how many requests a process let through before a pause that were not refused.
-- The pace follows from that, also if it is late.
-- ARGV: the number of the pause, how many.
if lane.number ~= tonumber(ARGV[1]) then
  return 0
end
lane.reported, lane.settled = lane.reported + tonumber(ARGV[2]), 0
save()
return 1
