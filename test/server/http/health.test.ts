import { describe, expect, it } from 'vitest'
import { Served } from './served.ts'

describe('health', () => {
  it('is told to anybody, and is never kept by a cache', async () => {
    await using served = await Served.start(['--publish-key', 'p', '--subscribe-key', 's'])
    const alive = await served.get('/healthz')
    const ready = await served.get('/readyz')
    expect(alive).toMatchObject({ status: 200, json: { status: 'ok' }, headers: { 'cache-control': 'no-store' } })
    expect(ready).toMatchObject({ status: 200, json: { status: 'ready' }, headers: { 'cache-control': 'no-store' } })
    expect(await served.send('HEAD', '/healthz')).toMatchObject({ status: 200, text: '' })
  })

  it('does not wear out, however often and however it is asked', async () => {
    await using served = await Served.start(['--requests-per-second', '1'])
    for (const path of ['/healthz', '/readyz', '/healthz/', '/readyz?from=probe', '/healthz']) {
      expect((await served.get(path)).status).toBe(200)
    }
  })

  it('is alive but not ready while the server drains', async () => {
    await using served = await Served.start(['--drain-pause-ms', '3600000'])
    const polled = served.get('/messages?topic=a')
    await served.waiting(1)
    const drained = served.app.drain()
    expect((await served.get('/healthz')).status).toBe(200)
    const { status, headers, json } = await served.get('/readyz')
    expect(status).toBe(503)
    expect(headers).toMatchObject({ 'retry-after': '5', 'cache-control': 'no-store' })
    expect(json.code).toBe('ENCKE_ERR_SERVER_DRAINING')
    served.app.hurry()
    expect((await polled).status).toBe(200)
    await drained
  })
})
