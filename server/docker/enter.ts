import { Socket } from 'node:net'
import type { Client } from './client.ts'
import { joinStreams, type Streams } from './joined-streams.ts'

export type EnterOptions = Streams & {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Told how to set the size of its terminal, once it runs. */
  readonly onStarted?: (resize: (size: { columns: number; rows: number }) => Promise<void>) => void
}

export type Entered = { readonly exitCode: number }

/**
 * Runs `command` in a running container, joined to `options`' streams, and waits for its end. The engine cannot end it
 * otherwise: whoever leaves it before has to. `ConflictError` where the container does not run, `RefusedError` where it
 * has no such command, `InterruptedError` with the signal.
 */
export async function enter(client: Client, id: string, options: EnterOptions): Promise<Entered> {
  const what = 'running a command in the container'
  const { command, environment, stdin, tty, signal } = options
  const exec = await client.call(what, { signal }, (abortSignal) =>
    client.docker.getContainer(id).exec({
      Cmd: [...command],
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      AttachStdin: stdin !== undefined,
      AttachStdout: true,
      AttachStderr: true,
      Tty: tty,
      abortSignal,
    }),
  )
  const socket = await client.call(what, { signal }, async (abortSignal) => {
    const stream: unknown = await exec.start({
      hijack: true,
      stdin: stdin !== undefined,
      Tty: tty,
      abortSignal,
    })
    if (!(stream instanceof Socket)) throw new Error('The engine did not hand over the connection')
    return stream
  })
  options.onStarted?.(async ({ columns, rows }) => {
    await client.call('resizing the terminal', { signal }, () => exec.resize({ w: columns, h: rows }))
  })
  await joinStreams(client, socket, options)
  const { ExitCode } = await client.call(what, { signal }, () => exec.inspect())
  return { exitCode: ExitCode ?? 0 }
}
