import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { UserError } from '../server/errors.ts'
import { inspectPart } from './inspect-part.ts'
import type { Layout } from './layout.ts'
import type { HeldSocket, Listener, Part } from './parts.ts'
import { startDetached } from './start-detached.ts'
import { stopPart } from './stop-part.ts'

/**
 * Starts a part under a supervisor that outlives us; one that runs as it should goes on untouched, one with
 * another command or other settings, or without its supervisor, is replaced.
 * Throws `UserError` where another program has its port.
 */
export async function startPart(part: Part, places: Layout): Promise<'started' | 'running' | 'replaced'> {
  const { supervisor } = inspectPart(part.name, places)
  const wanted = fingerprint(part)
  if (supervisor && (await recorded(part, places)) === wanted) return 'running'
  const replaced = await stopPart(part.name, places)
  await Promise.all(part.listens.map(refuseTakenPort))
  await writeFile(places.commandFile(part.name), wanted, { mode: 0o600 })
  await supervise(part, places)
  return replaced ? 'replaced' : 'started'
}

function fingerprint({ prefix, command, folder, environment, holds }: Part): string {
  return createHash('sha256')
    .update(JSON.stringify([prefix, command, folder, environment, holds]))
    .digest('hex')
}

async function recorded(part: Part, places: Layout): Promise<string> {
  return await readFile(places.commandFile(part.name), 'utf8').catch(() => '')
}

async function refuseTakenPort({ setting, host, port }: Listener): Promise<void> {
  const probe = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  probe.once('error', (error: NodeJS.ErrnoException) => reject(explained(error)))
  probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()))
  return await promise

  function explained(error: NodeJS.ErrnoException): UserError {
    switch (error.code) {
      case 'EADDRINUSE':
        return new UserError(`${setting}=${port} is taken by another program`, {
          next: `Choose another port in .env, or see who has it: ss -ltnp sport = :${port}`,
        })
      case 'EACCES':
        return new UserError(`${setting}=${port}: only root may start on a port below 1024`)
      default:
        return new UserError(
          `${setting.replace('HTTPS', 'HTTP').replace('PORT', 'HOST')}=${host} cannot be listened on: ${error.message}`,
        )
    }
  }
}

async function supervise(part: Part, places: Layout): Promise<void> {
  await startDetached(
    [
      join(import.meta.dirname, 'supervise'),
      part.name,
      ...held(part.holds),
      '--',
      ...part.prefix,
      ...part.command,
    ],
    {
      folder: part.folder,
      environment: { ...part.environment, PAAS_HOME: places.home },
      inheritsEnvironment: part.inheritsEnvironment,
    },
  )
}

function held(socket: HeldSocket | undefined): string[] {
  if (!socket) return []
  const { uid, gid } = socket.owner ?? { uid: process.getuid?.(), gid: process.getgid?.() }
  return ['--hold', socket.path, `${uid}:${gid}`]
}
