// What every script begins with: the record of a topic as it is read, changed, told of and forgotten.
//
// Always true:
//   - all keys of a script belong to one topic, so that they share a slot; what a script does happens whole or not at all;
//   - the record, the messages and the producers of a topic expire at the same millisecond, and a script that comes later
//     sees that by itself (`y`): an epoch without its messages is never met;
//   - a record carries the version of its layout (`V`): one of a newer layout is read as far as it goes, never written;
//   - every change that a follower must hear of is published by the script that makes it;
//   - the last argument is when the node gives the script up, or empty.
//
// The fields of a record (KEYS[1]): V version, e epoch, h head, o oldest, b bytes, i id of the newest, a a time not after that of
// the oldest, c content type, x closed, l lifetime (`t<ms>` after its last use, `a<ms>` at a time), k kept (`b` bounded, `w`
// whole), g segments (`number:first,…`), r replication id of the server that took the newest, w the writer's last mark,
// u last use, y when it expires, d removed and needed by forks, s `source offset` of a fork, n count of producers' appends. A field that is empty is not there.

/** The version of the layout that these scripts write. */
const recordVersion = 1

/** How many bytes of data are sent along when a message is told of; a larger one is told by its position. */
const announcedBytes = 16 * 1024

/** How long the same key gives the same answer, in milliseconds. */
export const keyMs = 600_000

const replicationId = `
-- Which server this is, and which of its lives: where it differs from that of the newest message, that may have been lost.
local function replicationId()
  local info = redis.pcall('INFO', 'replication')
  return type(info) == 'string' and string.match(info, 'master_replid:(%w+)') or ''
end
`

/** Who a server is, and what time it has, in milliseconds. */
export const introduction = `${replicationId}
local clock = redis.call('TIME')
return { replicationId(), string.format('%.0f', tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)) }
`

export const prelude = String.raw`${replicationId}
local M, S, K, Z, P, Q, F, C, D = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local call = redis.call
local clock = call('TIME')
local micros = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local shift, topicTtl = tonumber(ARGV[1]), tonumber(ARGV[2])
local maxMessages, maxBytes, maxAge = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local now = math.floor(micros / 1000) + shift

local function str(number) return string.format('%.0f', number) end

-- A server that was paused does not do when it wakes what its node has given up, and sends again to another.
local deadline = tonumber(ARGV[#ARGV])
if deadline and micros > deadline * 1000 then return redis.error_reply('-LATE ' .. str(micros / 1000)) end

local numeric = { V = true, h = true, o = true, b = true, a = true, u = true, y = true, n = true }
-- The record, and which of its fields were changed.
local m, changed = {}, {}

local function load()
  local flat = call('HGETALL', M)
  for j = 1, #flat, 2 do
    local name = flat[j]
    m[name] = numeric[name] and tonumber(flat[j + 1]) or flat[j + 1]
  end
end

local function set(name, value)
  m[name] = value
  changed[name] = true
end

-- What was changed is written once, at the end.
local function save()
  local fields = {}
  for name in pairs(changed) do
    local value = m[name]
    fields[#fields + 1] = name
    fields[#fields + 1] = type(value) == 'number' and str(value) or value or ''
  end
  if #fields > 0 then call('HSET', M, unpack(fields)) end
  changed = {}
end

local function setAll(values)
  for name, value in pairs(values) do set(name, value) end
end

local function segment() return string.match(m.g, '(%d+):%d+$') end

local function standing()
  if not m.e or m.d == '1' then return { '0', '0', '', '1', '0', '0', '' } end
  return { m.e, str(m.h), m.i or '', str(m.o), m.x, segment(), m.c }
end

-- What is told names the server that made it: a cluster also passes on what one tells that is no master any more.
local function tell() call('SPUBLISH', C, '1s ' .. table.concat(standing(), ' ') .. '\n' .. replicationId()) end

local function isNewer() return m.V and m.V > ${recordVersion} end

-- Forget the topic; while forks need its name, only that it was there. Returns how many messages and bytes went.
local function bury()
  local messages, bytes, kept = m.h - m.o + 1, m.b, m.k
  if call('HLEN', F) > 0 then
    call('DEL', S, K, Z, P, Q)
    setAll({ d = '1', o = m.h + 1, b = 0 })
    save()
    call('PERSIST', M)
  else
    call('DEL', M, S, K, Z, P, Q, F)
    m = {}
  end
  tell()
  return { messages, bytes, kept }
end

-- How long it lives after its last use; nil when that does not matter.
local function ttl()
  if m.k == 'b' then return topicTtl end
  if string.sub(m.l or '', 1, 1) == 't' then return tonumber(string.sub(m.l, 2)) end
end

-- A read writes only when the last use is so long ago; it is forgotten one such slack later.
local function slack(ms) return math.min(math.floor(ms / 8), 60000) end

local function expire(...)
  for _, key in ipairs({ ... }) do call('PEXPIREAT', key, str(m.y - shift)) end
end

local function use(isWriting)
  local ms = ttl()
  if ms and (isWriting or now - m.u > slack(ms)) then
    set('u', now)
    set('y', now + ms + slack(ms))
  elseif not isWriting then
    return
  end
  save()
  if not m.y or call('EXISTS', F) == 1 then return end
  expire(M, S)
  if m.n then expire(P, Q) end
end

-- What is read first: a record whose time is over is none.
local function live()
  load()
  if m.e and m.d ~= '1' and m.y and m.y <= now and not isNewer() then bury() end
  return m.e ~= nil and m.d ~= '1'
end

local function entryOf(entry)
  local fields, found = entry[2], {}
  for j = 1, #fields, 2 do found[fields[j]] = fields[j + 1] end
  return found
end

local function sizeOf(found) return #(found.d or found.B or '') end

-- Drop what is beyond the bounds, the newest never. Returns how many messages and bytes went.
local function trim()
  local messages, bytes = 0, 0
  while m.k == 'b' and m.h > m.o do
    local isOver = m.h - m.o + 1 > maxMessages or m.b > maxBytes
    if not isOver and m.a > now - maxAge then break end
    local id = str(m.o) .. '-0'
    local found = call('XRANGE', S, id, id)[1]
    if found then
      found = entryOf(found)
      if not isOver and tonumber(found.t) > now - maxAge then
        set('a', tonumber(found.t))
        break
      end
      set('a', tonumber(found.t))
      set('b', m.b - sizeOf(found))
      bytes = bytes + sizeOf(found)
      messages = messages + 1
    end
    set('o', m.o + 1)
  end
  -- Whole nodes of the stream at once: what is before the oldest is never read, and one by one costs ten times as much.
  if messages > 0 then call('XTRIM', S, 'MINID', '~', str(m.o) .. '-0') end
  return messages, bytes
end

local function beginSegment(first)
  local number = micros
  if m.g then
    local last, begun = string.match(m.g, '(%d+):(%d+)$')
    number = math.max(micros, tonumber(last) + 1)
    -- A segment without a message is replaced.
    if tonumber(begun) == first then m.g = string.match(m.g, '^(.*),[^,]*$') end
  end
  set('g', (m.g and m.g .. ',' or '') .. str(number) .. ':' .. str(first))
end

-- A node was told of more, by a server that is no more, than there is now: what was lost keeps its offsets. So readers are told
-- how many messages they have missed, and those who had read them have missed none. ARGV at: epoch, head, id of the newest.
local function recall(at)
  local head = tonumber(ARGV[at + 1])
  if ARGV[at] ~= m.e or m.d == '1' or head <= m.h or isNewer() then return false end
  local id = replicationId()
  -- Others have gone on from here already: these offsets have other messages by now.
  if m.r == id then return false end
  beginSegment(m.h + 1)
  setAll({ h = head, i = ARGV[at + 2], r = id })
  return true
end

-- Append the drafts in ARGV from place at on: how many, then for each id, kind ('d' text, 'B' bytes) and data. The record has
-- the replication id of this server by now.
local function add(at, isSilent)
  local count, bytes = tonumber(ARGV[at]), 0
  for j = 1, count do
    local id, kind, data = ARGV[at + j * 3 - 2], ARGV[at + j * 3 - 1], ARGV[at + j * 3]
    m.h = m.h + 1
    if m.h == m.o then set('a', now) end
    m.i = id
    bytes = bytes + #data
    call('XADD', S, str(m.h) .. '-0', 'i', id, 't', str(now), kind, data)
    if not isSilent then
      local place = ' ' .. m.e .. ' ' .. str(m.h) .. ' ' .. id .. ' ' .. str(now)
      if #data <= ${announcedBytes} then
        call('SPUBLISH', C, '1m' .. place .. ' ' .. kind .. ' ' .. m.r .. '\n' .. data)
      else
        call('SPUBLISH', C, '1p' .. place .. '\n' .. m.r)
      end
    end
  end
  if count > 0 then setAll({ h = m.h, i = m.i, b = m.b + bytes }) end
  return count, bytes
end

local function draftBytes(at)
  local total, largest = 0, 0
  for j = 1, tonumber(ARGV[at]) do
    local size = #ARGV[at + j * 3]
    total = total + size
    largest = math.max(largest, size)
  end
  return total, largest
end

local function record()
  return { m.e, str(m.h), m.i or '', str(m.o), m.x, m.g, m.c, m.l or '', m.k, m.s or '', m.d or '', str(m.b), str(ttl() or 0) }
end
`
