// Make a topic, as it is asked for or as a fork of another; remove one; remember the forks of one, and forget them.
//
// A fork crosses slots. Its source remembers it first (`beginFork`), then the messages are copied into a draft of their own
// (KEYS[9], which expires by itself), then `create` makes a topic of the draft in one step. What is left half-done is swept.

/** Make a topic that keeps everything. ARGV 6 epoch, 7 content type, 8 lifetime, 9 closed, 10 room, 11–17 the fork, 18 drafts and behind them the length of the fork's draft. */
export const create = `
local fresh, contentType, lifetime, isClosed, room = ARGV[6], ARGV[7], ARGV[8], ARGV[9], tonumber(ARGV[10])
local source, head, oldest, bytes, id, segments = ARGV[11], tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14]), ARGV[15], ARGV[16]
local isOnlyAsking, drafts = ARGV[17] == '1', 18
live()
if isNewer() then return { 'newer', str(m.V) } end
if m.e then
  local isSame = m.d ~= '1' and m.k == 'w' and m.c == contentType and (m.l or '') == lifetime and m.x == isClosed and (m.s or '') == source
  return { isSame and 'existed' or 'conflict', record() }
end
if isOnlyAsking then return { 'free' } end
if draftBytes(drafts) + bytes > room then return { 'full' } end
local isDrafted = source ~= '' and head >= oldest
if isDrafted and call('XLEN', D) ~= tonumber(ARGV[drafts + tonumber(ARGV[drafts]) * 3 + 1]) then return { 'lost' } end
call('DEL', S, K, Z, P, Q, F)
if isDrafted then
  call('RENAME', D, S)
  call('PERSIST', S)
end
m = {}
setAll({
  V = 1, e = fresh, h = head, o = oldest, b = bytes, a = now, c = contentType, x = isClosed, l = lifetime, k = 'w',
  r = replicationId(), u = now, i = id ~= '' and id or nil, s = source ~= '' and source or nil, g = segments ~= '' and segments or nil,
})
beginSegment(head + 1)
local count, size = add(drafts, true)
if string.sub(lifetime, 1, 1) == 'a' then set('y', tonumber(string.sub(lifetime, 2))) end
use(true)
tell()
return { 'created', record(), str(m.h - m.o + 1), str(m.b) }
`

/** Copy entries into the draft of a fork. ARGV 6 for how long it is kept, 7 whether it is the first part, 8 how many, then each. */
export const draft = `
if ARGV[7] == '1' then call('DEL', D) end
for j = 0, tonumber(ARGV[8]) - 1 do
  local at = 9 + j * 5
  call('XADD', D, ARGV[at] .. '-0', 'i', ARGV[at + 1], 't', ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
end
call('PEXPIRE', D, ARGV[6])
return call('XLEN', D)
`

export const remove = `
if not live() then return { '0' } end
if isNewer() then return { 'newer', str(m.V) } end
local source = m.s or ''
local gone = bury()
return { '1', str(gone[1]), str(gone[2]), gone[3], m.e and '' or source, m.e and '0' or '1' }
`

/** Remember a fork before it is made. ARGV 6 point or -1 for the head, 7 name of the fork. */
export const beginFork = `
local point, name = tonumber(ARGV[6]), ARGV[7]
local exists = live()
if isNewer() then return { 'newer', str(m.V) } end
if not m.e then return { 'noSource' } end
if not exists then return { 'sourceRemoved', record() } end
if point < 0 then point = m.h end
if point > m.h then return { 'pastHead', record() } end
if call('HEXISTS', F, name) == 0 then call('HSET', F, name, str(now)) end
-- While it has forks, its name is needed: it does not go by itself.
call('PERSIST', M)
call('PERSIST', F)
use(true)
return { 'begun', record(), str(point) }
`

/** Forget a fork. Returns whether its source was there for its forks alone and is gone now, and what that was forked from. */
export const endFork = `
load()
call('HDEL', F, ARGV[6])
if not m.e or call('HLEN', F) > 0 then return { '0', '' } end
if m.d ~= '1' then
  if m.y then expire(M, S) end
  return { '0', '' }
end
local source = m.s or ''
call('DEL', M, S, K, Z, P, Q, F)
return { '1', source }
`
