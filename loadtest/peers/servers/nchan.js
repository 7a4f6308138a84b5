// nchan: nginx with one worker and the module, as its documentation has a publisher and a long-polling subscriber.

import { existsSync } from 'node:fs'
import process from 'node:process'
import { folderWith, freePort, supervise } from './program.js'

const modules = [
  '/usr/lib/nginx/modules',
  '/usr/lib64/nginx/modules',
  '/usr/local/lib/nginx/modules',
  '/etc/nginx/modules',
]
const nchan = modules.map((folder) => `${folder}/ngx_nchan_module.so`).find((path) => existsSync(path))
const port = await freePort()

const folder = folderWith('nchan', {
  'nginx.conf': (folder) => `
${nchan === undefined ? '' : `load_module ${nchan};`}
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 19900; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_timeout 120s;
  keepalive_requests 100000000;
  nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:${port};
    location = /publish {
      nchan_publisher;
      nchan_channel_id $arg_topic;
      nchan_message_buffer_length 100;
      nchan_message_timeout 10m;
    }
    location = /messages {
      nchan_subscriber longpoll eventsource;
      nchan_channel_id $arg_topic;
      nchan_subscriber_first_message newest;
    }
  }
}
`,
})
await supervise('nginx', ['-p', folder, '-c', `${folder}/nginx.conf`, '-e', `${folder}/error.log`], [port])
console.log(`listens on http://127.0.0.1:${port}`)
