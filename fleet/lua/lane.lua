-- What processes know together of a key that was paused. All times are in microseconds,
-- by the clock of the server. Package client does the same for one process (lane.go).
-- KEYS: the mark, whose value is the number of the pause, the lane, and a sorted set of
-- the turns that were given back.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local lane = {}
local fields = redis.pcall('HGETALL', KEYS[2])
for i = 1, #fields, 2 do
  lane[fields[i]] = tonumber(fields[i + 1])
end
for _, name in ipairs({
  'number', 'began', 'length', 'till', 'last', 'doubled', 'weighed', 'failed', 'grown', 'ran',
  'before', 'reported', 'refused', 'settled', 'k', 'queued',
}) do
  if not lane[name] and (#fields > 0 or fields.err) then -- another program left it
    redis.call('DEL', KEYS[2], KEYS[3])
    lane, fields = {}, {}
  end
end

-- save stores the lane. It is forgotten with the mark.
local function save()
  local args = {}
  for name, v in pairs(lane) do
    args[#args + 1] = name
    args[#args + 1] = string.format('%.17g', v)
  end
  redis.call('HSET', KEYS[2], unpack(args))
end

if lane.began and now < lane.began then -- the clock was set back, or is that of another server
  local by = lane.began - now
  lane.began, lane.till, lane.queued = now, lane.till - by, lane.queued - by
  if lane.window then
    lane.window = math.min(lane.window - by, now)
  end
  save()
end

-- memory returns how long the last pause has an effect after a request had to wait.
local function memory()
  return math.min(math.max(30 * lane.length, 30000000), 600000000)
end

-- remember makes the mark and the lane last for t, for an hour at most.
local function remember(t)
  local millis = math.min(math.ceil(t / 1000), 3600000)
  redis.call('PEXPIRE', KEYS[1], millis)
  redis.call('PEXPIRE', KEYS[2], millis)
end

-- count returns how many turns there are until t after the pause.
local function count(t)
  if t <= lane.plateau then
    return lane.n * t / lane.length
  end
  local doublings = math.min((t - lane.plateau) / lane.doubling, 40)
  return lane.n / lane.length * (lane.plateau + lane.doubling / math.log(2) * (2 ^ doublings - 1))
end

-- when returns when the turn k comes: it is the inverse of count.
local function when(k)
  local t = k * lane.length / lane.n
  local over = t - lane.plateau
  if over > 0 then
    t = lane.plateau + lane.doubling * math.log(1 + over * math.log(2) / lane.doubling) / math.log(2)
  end
  return t
end

-- issued returns about how many requests were let through in the last span, since the
-- first pause.
local function issued(span)
  if not lane.window then
    return 0
  end
  local age = now - lane.window
  if age >= 2 * lane.span then
    return 0
  elseif age >= lane.span then
    return lane.current * (2 - age / lane.span) * span / lane.span
  end
  return (lane.current + lane.previous * (1 - age / lane.span)) * span / lane.span
end

-- issue counts a request that is let through.
local function issue()
  if not lane.window or now - lane.window >= 2 * lane.span then
    lane.window, lane.span, lane.current, lane.previous = now, lane.length, 0, 0
  elseif now - lane.window >= lane.span then
    lane.window, lane.current, lane.previous = lane.window + lane.span, 0, lane.current
  end
  lane.current = lane.current + 1
end
