import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../../test/router/harness.ts'

/** A running nginx of Debian's. */
export type Nginx = AsyncDisposable & { readonly pid: number }

/**
 * Starts an nginx with one worker from `folder`, which is made, on processor `core`; returns when `port` answers.
 * @param http the lines of its `http` section
 */
export async function startNginx(options: {
  readonly folder: string
  readonly core: number
  readonly port: number
  readonly http: string
}): Promise<Nginx> {
  const { folder, core, port, http } = options
  await mkdir(folder, { recursive: true })
  const configuration = join(folder, 'nginx.conf')
  await writeFile(configuration, configurationText(folder, http))
  const words = ['-c', `${core}`, 'nginx', '-e', join(folder, 'error.log'), '-p', folder, '-c', configuration]
  const child = spawn('taskset', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  await until('nginx answers', () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    ),
  )
  return { pid: pidOf(child), [Symbol.asyncDispose]: () => end(child) }
}

const configurationText = (folder: string, http: string): string => `
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
events { worker_connections 8000; }
http {
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
${http}
}
`

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('nginx was not started')
  return pid
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
