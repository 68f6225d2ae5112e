import { createServer } from 'node:net'
import { join } from 'node:path'
import { UserError } from '../server/errors.ts'
import { inspectPart } from './inspect-part.ts'
import type { Layout } from './layout.ts'
import type { HeldSocket, Listener, Part } from './parts.ts'
import { startDetached } from './start-detached.ts'
import { isAsStarted, recordStart, type Start } from './start-record.ts'
import { stopPart } from './stop-part.ts'

/**
 * Starts a part under a supervisor that outlives us; one that runs as it should goes on untouched, one with
 * another command, other settings or other code, or without its supervisor, is replaced.
 * Throws `UserError` where another program has its port.
 */
export async function startPart(start: Start): Promise<'started' | 'running' | 'replaced'> {
  const { part, places } = start
  const { supervisor } = inspectPart(part.name, places)
  if (supervisor && (await isAsStarted(start))) return 'running'
  const replaced = await stopPart(part.name, places)
  await Promise.all(part.listens.map(refuseTakenPort))
  await recordStart(start)
  await supervise(part, places)
  return replaced ? 'replaced' : 'started'
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
