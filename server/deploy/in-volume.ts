import { type Readable, Writable } from 'node:stream'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { randomName } from '../state/identifiers.ts'
import type { Volume } from '../state/storage.ts'
import { volumeLabels } from './mounts.ts'
import { runJoined } from './run-joined.ts'

/** Where the command sees the volume. */
export const volumeDirectory = '/volume'

export type InVolume = {
  readonly command: readonly string[]
  readonly stdin?: Readable
  readonly stdout?: Writable
  readonly signal: AbortSignal
}

/**
 * Runs a command of busybox over the files of a volume, in a container that has nothing else and no network. Throws
 * `UserError` with its last line of stderr where it fails.
 */
export async function inVolume(
  paas: Paas,
  app: App,
  volume: Pick<Volume, 'name' | 'dockerName'>,
  { command, stdin, stdout, signal }: InVolume,
): Promise<void> {
  const labels = volumeLabels(paas, app, volume)
  const said = lastLine()
  const spec = {
    name: `paas-${app.id}-files-${randomName(6)}`,
    image: 'paas/busybox:latest',
    entrypoint: [''],
    command,
    // The files are whoever's they are, and no link leads out of this container.
    user: '0:0',
    environment: { EXTRACT_UNSAFE_SYMLINKS: '1' },
    labels,
    network: { none: true },
    mounts: [{ volume: volume.dockerName, labels, directory: volumeDirectory }],
    limits: { memoryBytes: 128 * 1024 * 1024, cpus: 1, pids: 16 },
  } as const
  const code = await runJoined(paas, spec, {
    ...(stdin ? { stdin } : {}),
    stdout: stdout ?? said.stream,
    stderr: said.stream,
    signal,
  })
  if (code !== 0) throw new UserError(said.text() || `${command[0]} ended with exit code ${code}`)
}

function lastLine(): { readonly stream: Writable; text(): string } {
  let end = ''
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      end = (end + chunk.toString('utf8')).slice(-2_000)
      done()
    },
  })
  return { stream, text: () => end.trimEnd().split('\n').at(-1) ?? '' }
}
