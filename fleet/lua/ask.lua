-- Says what a request has to do: "pass"; "wait", and ask again, since there is a pause;
-- take its "turn" after waiting, unless there is a new pause; or "leave", since it would
-- have to wait for too long. With that come the wait, the number of the pause, how long
-- it is, how long ago it began, when it ends, and the turn.
-- ARGV: how long the request can wait, and 1 if it has waited for the end of a pause.
local room = tonumber(ARGV[1])
if not lane.till then
  return {'pass', 0, 0, 0, 0, 0, ''}
end
local left = lane.till - now
local function answer(what, wait, turn)
  return {what, math.ceil(wait), lane.number, lane.length, now - lane.began, math.max(left, 0), turn and string.format('%.17g', turn) or ''}
end
if left > 0 then
  if left >= room then
    return answer('leave', left)
  end
  return answer('wait', left)
end

if lane.settled == 0 then -- the first one after the pause, or after a late report
  lane.settled = 1
  local last = lane.last
  local n = math.max(lane.reported, lane.before - lane.refused)
  lane.n, lane.plateau, lane.doubling, lane.soon = 0, 0, 1000, 0
  if n < 1 then
    lane.weight, lane.futile = 0, lane.failed + 1
    if lane.futile > 1 then -- nothing is accepted: find out with as few requests as possible
      lane.n, lane.doubling = 1, math.min(lane.length, 5000000) / 4
    end
  else
    lane.futile = 0
    n = math.max(n, 0.75 * lane.grown)
    local near = n < 1.5 * last
    if near and last < 1.5 * n then
      lane.weight = lane.weighed + n
    else
      lane.weight = n
    end
    local plateau = math.min(math.max(60 * lane.length, 60000000), 1800000000)
    local pace, doubling = 0.97 * n, plateau / 3
    if last == 0 then
      if n < 2 * lane.refused then -- there were more at once than the vendor accepts, so it may accept more over time
        plateau, doubling = 5 * lane.length, lane.length
      end
    elseif near and lane.grown > 0 then -- the pace grew until it was too fast
      pace = math.max(last, pace / 2 ^ math.min(lane.length / lane.doubled, 40))
    elseif near and lane.ran < 2 * lane.length then -- it was too fast from the start, or many came late
      pace = 0.85 * n
      if n > last then
        pace = 0.93 * last
      end
      plateau, doubling = plateau / 6, doubling / 3
    elseif near then
      pace = 0.97 * math.min(n, last)
    end
    local sure = math.min(lane.weight / 20, 1) ^ 2
    lane.n, lane.plateau, lane.doubling = pace, sure * plateau, math.max(sure * doubling, 1000)
    lane.soon = n
    if sure < 1 and last == 0 then -- n is a guess
      lane.soon = 1e15
    end
  end
end

local wait, k = 0
if lane.n > 0 then
  local after = now - lane.till
  local first = count(after) - math.max(1, lane.n / 80) -- unused turns expire
  k = math.max(lane.k, first)
  local again
  if (lane.back or 0) > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. string.format('%.17g', first))
    again = redis.call('ZRANGE', KEYS[3], 0, 0)[1]
    k = again and tonumber(again) or k
  end
  wait = when(k) - after
  if ARGV[2] == '1' and k < lane.soon then
    wait = math.min(wait, 5000000 - after)
  end
  wait = math.max(wait, 0)
  if wait >= room then
    save()
    return answer('leave', wait)
  end
  if again then
    redis.call('ZREM', KEYS[3], again)
  else
    lane.k, lane.back = k + 1, 0
  end
end
issue()
if wait > 0 then
  if now - lane.queued > memory() / 2 then
    remember(memory() + wait)
    lane.queued = now
  end
  save()
  return answer('turn', wait, k)
end
save()
return answer('pass', 0)
