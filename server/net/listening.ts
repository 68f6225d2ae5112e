import type { Server } from 'node:net'
import { UnavailableError } from '../errors.ts'

export type Entrance = {
  readonly host: string
  readonly port: number
  /** `SSH` */
  readonly what: string
  /** Settings that say where it listens: `PAAS_SSH_HOST and PAAS_SSH_PORT` */
  readonly settings: string
}

/** Resolves when the server listens. Throws `UnavailableError` where it may not, or the port is taken. */
export function listening(server: Server, { host, port, what, settings }: Entrance): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(
        new UnavailableError(`${what} cannot listen on ${host}:${port}: ${cause.message}`, {
          next: `Set ${settings} to an address and port that are free`,
          cause,
        }),
      )
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve()
    })
  })
}
