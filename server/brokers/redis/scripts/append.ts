// Append to one topic, with its key, its producer, the writer's mark and the close, in one step.

import { keyMs } from './prelude.ts'

export const append = `
local mostKeys, fresh, contentType, ifMissing = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]
local key, bodyHash = ARGV[10], ARGV[11]
local producer, epoch, sequence = ARGV[12], tonumber(ARGV[13]), tonumber(ARGV[14])
local mark, isClosing, room, mostProducers, drafts = ARGV[15], ARGV[16] == '1', tonumber(ARGV[17]), tonumber(ARGV[18]), 19
local count = tonumber(ARGV[drafts])
local told = drafts + count * 3 + 1

local exists = live()
local function refuse(...) return { 'refused', standing(), ... } end

local last = producer ~= '' and exists and call('HGET', P, producer) or false
local lastEpoch, lastSequence
if last then
  lastEpoch, lastSequence = string.match(last, '(%d+) (%d+)')
  lastEpoch, lastSequence = tonumber(lastEpoch), tonumber(lastSequence)
end
local function duplicate() return { 'duplicate', standing(), lastSequence and str(lastSequence) or '' } end

-- Whether the writer's mark is not above the last one, by bytes: the server's own order depends on its language.
local function isNotAbove(given, before)
  for j = 1, math.min(#given, #before) do
    local one, other = string.byte(given, j), string.byte(before, j)
    if one ~= other then return one < other end
  end
  return #given <= #before
end

-- What is answered without anything being appended, in the order in which a client is told of it.
if isNewer() then return { 'newer', str(m.V) } end
if not exists and m.d == '1' then return refuse('removed') end
if not exists and ifMissing == 'refuse' then return refuse('missing') end
if exists and key ~= '' then
  local answer = call('HGET', K, key)
  if answer then
    local hash, time, first, ids = string.match(answer, '^(%S*) (%d+) (%d+) ?(.*)$')
    if tonumber(time) > now - ${keyMs} then
      if hash ~= bodyHash then return refuse('keyReused') end
      return { 'replayed', standing(), first, time, ids }
    end
  end
end
local expected = 0
if producer ~= '' then
  if last and epoch < lastEpoch then return refuse('producerFenced', str(lastEpoch)) end
  if last and epoch == lastEpoch then expected = lastSequence + 1 end
  if sequence < expected then return duplicate() end
end
if exists and m.x == '1' then
  if count == 0 and isClosing then return duplicate() end
  return refuse('closed')
end
if exists and count > 0 and contentType ~= m.c then return refuse('contentType', m.c) end
if producer ~= '' and sequence > expected then
  return refuse('producerGap', str(expected), (last and epoch == lastEpoch) and '' or '1')
end
if mark ~= '' and exists and m.w and isNotAbove(mark, m.w) then return refuse('sequence') end
local bytes, largest = draftBytes(drafts)
if exists and m.k == 'w' then
  if bytes > room then return { 'full' } end
elseif largest > maxBytes then
  return { 'over', str(largest) }
end

local id = replicationId()
local begins = false
if not exists then
  call('DEL', M, S, K, Z, P, Q, F)
  m = {}
  setAll({ V = 1, e = fresh, h = 0, o = 1, b = 0, a = now, c = contentType, x = '0', l = '', k = 'b', r = id })
  beginSegment(1)
elseif recall(told) then
  begins = true
elseif m.r ~= id then
  begins = true
  set('r', id)
  beginSegment(m.h + 1)
end
local first = m.h + 1
add(drafts)
local goneMessages, goneBytes = trim()

if key ~= '' then
  local ids = {}
  for j = 1, count do ids[j] = ' ' .. ARGV[drafts + j * 3 - 2] end
  local known = call('HGET', K, key)
  local total = tonumber(call('HGET', K, '#') or 0)
  local function forget(text)
    local answer = call('HGET', K, text)
    local _, kept = string.gsub(string.match(answer or '', '^%S* %d+ %d+(.*)$') or '', ' ', '')
    total = total - kept
    call('HDEL', K, text)
    call('ZREM', Z, text)
  end
  if known then forget(key) end
  -- The oldest goes while there are too many, or while its time is over: two of those at each append are enough.
  local aged = 2
  while true do
    local oldest = call('ZRANGE', Z, 0, 0)[1]
    if not oldest then break end
    if total + count <= mostKeys then
      local time = tonumber(string.match(call('HGET', K, oldest) or '', '^%S* (%d+)') or 0)
      if aged == 0 or time > now - ${keyMs} then break end
      aged = aged - 1
    end
    forget(oldest)
  end
  local answer = bodyHash .. ' ' .. str(now) .. ' ' .. str(first) .. table.concat(ids)
  call('HSET', K, key, answer, '#', str(total + count))
  call('ZADD', Z, str(first), key)
  local at = str(now + ${keyMs} - shift)
  call('PEXPIREAT', K, at)
  call('PEXPIREAT', Z, at)
end
if producer ~= '' then
  set('n', (m.n or 0) + 1)
  call('HSET', P, producer, str(epoch) .. ' ' .. str(sequence))
  call('ZADD', Q, str(m.n), producer)
  while call('ZCARD', Q) > mostProducers do call('HDEL', P, call('ZPOPMIN', Q)[1]) end
  lastSequence = sequence
end
if mark ~= '' then set('w', mark) end
if isClosing then set('x', '1') end
use(true)
if isClosing or begins then tell() end
return {
  'appended', standing(), str(first), str(now), lastSequence and str(lastSequence) or '',
  exists and '0' or '1', str(count - goneMessages), str(bytes - goneBytes), m.k,
}
`
