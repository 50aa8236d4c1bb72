-- reservation: the schedule that the replicas of a gate share for one API, as one atomic step. Leases slots
-- of the near future to the caller and keeps N seats, one for each process that may exist.
--
-- Times are microseconds of this Redis; TAT is GCRA's theoretical arrival time of the next slot. The
-- timetable has a place at each multiple of the interval; place p is that of seat p mod N. While every seat
-- is in the pool, slots follow the TAT alone. While some are withheld, the pool uses its own seats' places
-- only, and the silent owners of the others use theirs on their own: together one request for each place.
--
-- A seat: live (its owner called within the heartbeat), left (cleanly: its share is the pool's), detached
-- (its owner is silent) or unknown (the state is new: withheld for GRACE, then left). Fields of the hash, for
-- seat i:
--   t<i> live until, or "L"   o<i> owner   w<i> weight of its demand   c<i> its configuration, if not `c`
--   f<i> the period of its own places, if they are not those of today's timetable
-- and tat, gen (grows with every cold start), born, n (seats), f (period of a seat's places), hold, r (times
-- of the vendor's last rejections, newest first).
local LEAD, HEARTBEAT, GRACE, KEEP_MS = 650000, 1000000, 120000000, 86400000
local HEARTBEAT_PER_SEAT = 50000  -- at most 80 heartbeats a second, however many replicas
local CALL_PER_SEAT = 5           -- what a call costs this Redis, about

local key, op, id = KEYS[1], ARGV[1], ARGV[2]
local a = {}
for i = 3, #ARGV do a[i - 2] = tonumber(ARGV[i]) end
local now, seat, want, ahead, weight, interval, tolerance, seats = unpack(a, 1, 8)
local earliest, latest, known_gen, known_tat, hold_left, rejected_ago, bursts, slowed, paid = unpack(a, 9, 17)
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
-- A call that was stuck on its way has no effect.
if latest > 0 and now > latest then return {-1, now} end

local s = {}
local all = redis.call('HGETALL', key)
for i = 1, #all, 2 do s[all[i]] = all[i + 1] end
local changed, gone = {}, {}
local function set(field, value)
  s[field] = value
  changed[#changed + 1] = field
  changed[#changed + 1] = value
end
local function clear(field)
  if s[field] then
    s[field] = nil
    gone[#gone + 1] = field
  end
end

local fresh = not s.tat
local tat, gen, born = tonumber(s.tat or 0), tonumber(s.gen or 0), tonumber(s.born or now)
local seats_before = tonumber(s.n or seats)

local function state(i)
  local t = s['t' .. i]
  if t == 'L' then return 'left' end
  if not t then return now < born + GRACE and 'unknown' or 'left' end
  return now <= tonumber(t) and 'live' or 'detached'
end

-- Replicas may be configured differently: the slowest, the least burst and the most seats are in force.
local mine = string.format('%d %d %d', interval, tolerance, seats)
local N, T, tau = seats, interval, tolerance
if not s.c then set('c', mine) end
if not fresh then
  for i = 0, seats_before - 1 do
    if i ~= seat and state(i) ~= 'left' then
      local c = s['c' .. i] or s.c
      if c ~= mine then
        local its_interval, its_tolerance, its_seats = string.match(c, '(%d+) (%d+) (%d+)')
        T, tau = math.max(T, tonumber(its_interval)), math.min(tau, tonumber(its_tolerance))
        N = math.max(N, tonumber(its_seats))
      end
      N = math.max(N, i + 1)
    end
  end
  for i = seats_before, N - 1 do set('t' .. i, 'L') end
end
T, tau, slowed = T / 1000, tau / 1000, slowed / 1000
local lead = math.ceil(math.max(LEAD, (N + 1) * T))        -- no slot is leased longer ahead
local heartbeat = math.max(HEARTBEAT, N * HEARTBEAT_PER_SEAT)
if s.n ~= tostring(N) then set('n', tostring(N)) end

-- The owners of these seats do not keep to today's timetable, should they be on their own.
local function mark_irregular(period)
  for i = 0, N - 1 do
    if i ~= seat and not s['f' .. i] and state(i) ~= 'left' then set('f' .. i, period) end
  end
end
local period = string.format('%.3f', N * T)
if s.f ~= period then
  if s.f then mark_irregular(s.f) end
  set('f', period)
end

-- Cold: nothing is known of the slots that are leased, so they run out first; others count when they are
-- heard.
local function start_cold()
  gen = math.max(gen, known_gen) + 1
  tat = now + lead + tau + T
  for i = 0, N - 1 do
    if i ~= seat and state(i) == 'live' then set('t' .. i, now - 1) end
  end
end
if fresh then
  gen, born = math.max(now, known_gen), now
  set('born', now)
  start_cold()
elseif known_gen > 0 and known_gen >= gen then
  local stepped = op == 'stepped' or now < earliest
  local older = known_gen > gen or known_tat > tat  -- than what the caller has seen: writes were lost
  if stepped then mark_irregular(period) end
  if stepped or older then start_cold() end
end

-- The caller's seat.
local function find(wanted)
  for i = 0, N - 1 do
    if state(i) == wanted then return i end
  end
end
local function find_own()
  for i = 0, N - 1 do
    if s['o' .. i] == id and state(i) ~= 'left' then return i end
  end
end
local is_new, assigned = known_gen == 0, false
if seat < 0 or seat >= N or (s['o' .. seat] ~= id and (s['o' .. seat] or state(seat) == 'live')) then
  seat = find_own()
  if not seat and op ~= 'leave' then
    assigned = true
    -- Who was silent is one of those for whom a share is withheld; who is new is not.
    if is_new then
      seat = find('left') or find('unknown') or find('detached')
    else
      seat = find('unknown') or find('detached') or find('left')
    end
  end
  if not seat then return {0, now, N} end
end
local before = state(seat)
if before == 'detached' or before == 'unknown' then
  tat = math.max(tat, math.max(now, paid) + T + tau)  -- its owner may just have sent on its own
  -- and if that was another one, it may still do so, for which the share of one of these is withheld
  if assigned then mark_irregular(period) end
end

if op == 'leave' then
  set('t' .. seat, 'L')
  for _, field in ipairs({'o', 'w', 'c', 'f'}) do clear(field .. seat) end
else
  set('t' .. seat, now + heartbeat)
  if s['o' .. seat] ~= id then set('o' .. seat, id) end
  if weight > 0 then set('w' .. seat, weight) else clear('w' .. seat) end
  if mine == s.c then clear('c' .. seat) elseif s['c' .. seat] ~= mine then set('c' .. seat, mine) end
  clear('f' .. seat)
end

-- The vendor has said 429, to the caller or to another. Several answers of one moment are one.
local hold = tonumber(s.hold or 0)
if rejected_ago >= 0 and now - rejected_ago >= hold then
  local times = {string.format('%d', now - rejected_ago)}
  for time in string.gmatch(s.r or '', '%d+') do
    if #times < 3 then times[#times + 1] = time end
  end
  set('r', table.concat(times, ' '))
end
if hold_left > 0 and now + hold_left > hold then
  hold = now + hold_left
  tat = math.max(tat, hold + tau)
  set('hold', hold)
end

-- Who is there, and who asks.
local withheld, pool, irregular, beyond, total, least, asking = {}, 0, 0, 0, 0, nil, 0
for i = 0, N - 1 do
  local is = state(i)
  if is == 'live' or is == 'left' then
    pool = pool + 1
    local w = is == 'live' and tonumber(s['w' .. i] or 0) or 0
    if w > 0 then total, least, asking = total + w, math.min(least or w, w), asking + 1 end
  else
    withheld[i] = true
    local its_period = s['f' .. i]
    if its_period then
      irregular = irregular + 1
      beyond = beyond + math.max(0, 1 / tonumber(its_period) - 1 / (N * T))
    end
  end
end

-- Slots.
local quota, retry, slots = 0, 0, {}
local step, reach = math.max(T, slowed), math.max(0, tau - irregular * T)
local rate = pool / (N * T) - beyond
if beyond > 0 and rate > 0 then step = math.max(step, 1 / rate) end
if weight > 0 then
  -- The slots of a window are shared out by weight: as many rounds as fit, in each of which the least gets
  -- one. A fraction is now one more, now not.
  local most, round = lead / T, total / least
  local share = math.min(most, math.max(1, math.floor(most / round)) * round) * weight / total
  quota = math.max(1, math.floor(share + math.sin(tat) * 43758.5453 % 1))
end
while #slots < want and op ~= 'leave' and not is_new and rate > 0 do
  local base = math.max(tat, bursts == 1 and now or now + tau)
  local at = base - reach
  if pool < N then
    local place = math.ceil(at / T - 1e-6)
    while withheld[place % N] do place = place + 1 end
    at = place * T
    base = math.max(base, at + reach)
  end
  local slot = math.max(now, math.ceil(at))
  if slot > now then
    if slot > now + lead then retry = slot - lead end
    if ahead >= quota or retry > 0 then break end
    ahead = ahead + 1
  end
  slots[#slots + 1] = slot
  tat = base + step
end
-- Of many that ask in vain, each asks again in its own turn of a cycle: they cost half of this Redis' time at most.
local cycle = math.min(2 * asking * N * CALL_PER_SEAT, lead / 4)
if retry > 0 and cycle > T then retry = math.ceil(retry + (seat / N * cycle - retry) % cycle) end
if want > 0 and #slots == 0 and retry == 0 then retry = now + math.min(math.max(T, 5000), 100000) end
-- The others have had a look at the clock and the state by then.
if is_new then retry = now + heartbeat / 4 + 50000 end

tat = math.ceil(tat)
set('tat', tat)
set('gen', gen)
redis.call('HSET', key, unpack(changed))
if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
redis.call('PEXPIRE', key, KEEP_MS)
local times = {}
for time in string.gmatch(s.r or '', '%d+') do times[#times + 1] = tonumber(time) end
return {1, now, seat, gen, tat, math.ceil(T * 1000), N, lead, heartbeat, pool, math.ceil(total), quota, retry, hold,
        times[1] or 0, times[2] or 0, times[3] or 0, unpack(slots)}
