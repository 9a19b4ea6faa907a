-- Begins or extends a pause. Returns its number, and how long ago it began.
-- ARGV: how long it is.
local d = tonumber(ARGV[1])
if not lane.till or now >= lane.till then -- a new one
  lane.grown, lane.ran = 0, now - (lane.till or 0)
  if lane.settled == 1 and lane.n > 0 and now - lane.till > lane.plateau then
    lane.grown = lane.n / lane.length * 2 ^ math.min((now - lane.till - lane.plateau) / lane.doubling, 40) * d
  end
  lane.last, lane.doubled, lane.weighed, lane.failed = lane.n or 0, lane.doubling or 1000, lane.weight or 0, lane.futile or 0
  lane.before, lane.reported, lane.refused, lane.settled, lane.k = issued(d), 0, 0, 0, 0
  lane.number, lane.began, lane.length, lane.till, lane.back = now, now, d, now, 0
  redis.call('DEL', KEYS[3])
end
lane.refused = lane.refused + 1
lane.till = math.max(lane.till, now + d)
lane.queued = lane.till
save()
if redis.pcall('GET', KEYS[1]) ~= string.format('%.0f', lane.number) then
  redis.call('SET', KEYS[1], string.format('%.0f', lane.number))
end
remember(lane.till - now + memory())
return {lane.number, now - lane.began}
