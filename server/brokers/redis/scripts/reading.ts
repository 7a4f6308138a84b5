// Ask about one topic, without and with its messages. Nothing is written for a topic that is not there.

/** Where a topic stands. ARGV 6: whether it is used by that; 7–9: where its node was told that it stands. */
export const look = `
local exists = live()
if not m.e then return { } end
if recall(7) then
  save()
  tell()
end
if exists and ARGV[6] == '1' and not isNewer() then use(false) end
return record()
`

/** Messages from an offset on. ARGV 6 from, 7 how many, 8 how many bytes. */
export const history = `
local from, most, mostBytes = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
if not live() then return { standing(), {}, '0', '0' } end
local goneMessages, goneBytes = 0, 0
if not isNewer() then
  goneMessages, goneBytes = trim()
  use(false)
  save()
end
local messages, bytes, count = {}, 0, 0
from = math.max(from, m.o)
while count < most and from <= m.h do
  local page = call('XRANGE', S, str(from) .. '-0', '+', 'COUNT', str(math.min(most - count, 64)))
  if #page == 0 then break end
  for _, entry in ipairs(page) do
    local found = entryOf(entry)
    bytes = bytes + sizeOf(found)
    -- A slice has no holes: what a failover has lost ends it.
    if count > 0 and (bytes > mostBytes or entry[1] ~= str(from) .. '-0') then
      most = 0
      break
    end
    count = count + 1
    local at = #messages
    messages[at + 1] = string.match(entry[1], '^(%d+)')
    messages[at + 2] = found.i
    messages[at + 3] = found.t
    messages[at + 4] = found.B and 'B' or 'd'
    messages[at + 5] = found.B or found.d
    from = tonumber(messages[at + 1]) + 1
  end
end
return { standing(), messages, str(goneMessages), str(goneBytes) }
`

/** The forks of a topic that have been waited for since before ARGV 6, or all when it is removed. */
export const listForks = `
load()
local forks = call('HGETALL', F)
local names = {}
for j = 1, #forks, 2 do
  if m.d == '1' or tonumber(forks[j + 1]) < now - tonumber(ARGV[6]) then names[#names + 1] = forks[j] end
end
return names
`
