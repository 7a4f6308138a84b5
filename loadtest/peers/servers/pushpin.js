// Pushpin before a minimal backend: the backend tells it to hold each request, and what is published goes to its control port.
// It is five processes, of which the backend is this one. Its limits on open requests and on the rate of messages are raised:
// they would be what is measured otherwise.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { folderWith, freePort, supervise } from './program.js'

const holdSeconds = 120

const backend = createServer((request, response) => {
  const topic = new URL(request.url ?? '', 'http://localhost').searchParams.get('topic') ?? ''
  const hold = { 'grip-hold': 'response', 'grip-channel': topic, 'grip-timeout': String(holdSeconds) }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2, ...hold }).end('{}')
})
// Otherwise it would close connections that are about to be used again.
backend.keepAliveTimeout = 600_000
await once(backend.listen({ host: '127.0.0.1', port: 0 }), 'listening')
const { port: backendPort } = /** @type {import('node:net').AddressInfo} */ (backend.address())
const [port, control, push, pushSub, command] = await Promise.all([1, 2, 3, 4, 5].map(freePort))

const folder = folderWith('pushpin', {
  routes: () => `* 127.0.0.1:${backendPort}\n`,
  'zurl.conf': (folder) => `
[General]
instance_id=load
in_spec=ipc://${folder}/zurl-in
in_stream_spec=ipc://${folder}/zurl-in-stream
out_spec=ipc://${folder}/zurl-out
in_req_spec=
defpolicy=allow
allow=
deny=
max_open_requests=19500
buffer_size=20000
timeout=600
in_hwm=20000
out_hwm=20000
`,

  'pushpin.conf': (folder) => `
[global]
include={libdir}/internal.conf
rundir=${folder}
ipc_prefix=pushpin-
[runner]
services=condure,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:${port}
logdir=${folder}
log_level=0
client_buffer_size=8192
client_maxconn=19500
[proxy]
routesfile=routes
zurl_out_specs=ipc://${folder}/zurl-in
zurl_out_stream_specs=ipc://${folder}/zurl-in-stream
zurl_in_specs=ipc://${folder}/zurl-out
sig_key=load
[handler]
push_in_spec=tcp://127.0.0.1:${push}
push_in_sub_specs=tcp://127.0.0.1:${pushSub}
push_in_http_addr=127.0.0.1
push_in_http_port=${control}
push_in_http_max_headers_size=10000
push_in_http_max_body_size=1000000
stats_spec=ipc://{rundir}/{ipc_prefix}stats
command_spec=tcp://127.0.0.1:${command}
message_rate=1000000
message_hwm=1000000
message_wait=5000
id_cache_ttl=60
connection_subscription_max=20
subscription_linger=60
`,
})
await supervise('zurl', [`--config=${folder}/zurl.conf`, '--loglevel=0'])
await supervise('pushpin', [`--config=${folder}/pushpin.conf`], /** @type {number[]} */ ([port, control]))
console.log(`listens on http://127.0.0.1:${port} and takes messages on http://127.0.0.1:${control}`)
