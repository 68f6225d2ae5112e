import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import type Dockerode from 'dockerode'
import { InterruptedError } from '../errors.ts'
import type { Client } from './client.ts'
import { frames } from './frames.ts'

/** How a command inside a container ended. */
export type Executed = {
  /** Undefined: it took too long. */
  readonly exitCode: number | undefined
  /** The first 4 KB of both its streams. */
  readonly output: string
}

const mostOutput = 4096

/**
 * Runs `command` in a running container and waits for its end, `timeoutMs` at most. Docker cannot end it then: where
 * the engine is on this machine its process group is killed here. `ConflictError` where the container does not run,
 * `RefusedError` where it has no such command, `InterruptedError` with the signal.
 */
export async function execute(
  client: Client,
  id: string,
  command: readonly string[],
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<Executed> {
  const what = 'running a command in the container'
  const exec = await client.call(what, { signal }, (abortSignal) =>
    client.docker
      .getContainer(id)
      .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, abortSignal }),
  )
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMs))
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout
  let output = ''
  try {
    const socket = await client.call(what, { signal: either }, async (abortSignal) => {
      const stream: unknown = await exec.start({ hijack: true, stdin: false, abortSignal })
      if (!(stream instanceof Socket)) throw new Error('The engine did not hand over the connection')
      return stream
    })
    for await (const { bytes } of frames(client.read(what, socket, either))) {
      if (output.length < mostOutput) output += bytes.toString('utf8')
    }
    const { ExitCode } = await client.call(what, { signal: either }, () => exec.inspect())
    return { exitCode: ExitCode ?? undefined, output: output.slice(0, mostOutput) }
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error
    await kill(client, exec).catch(() => {})
    if (signal?.aborted) throw error
    return { exitCode: undefined, output: output.slice(0, mostOutput) }
  }
}

/** What an exec starts leads a process group of its own. */
async function kill(client: Client, exec: Dockerode.Exec): Promise<void> {
  const { Pid, Running, ContainerID } = await client.call('reading the command', {}, () => exec.inspect())
  if (!Running || !Pid) return
  // With an engine elsewhere this number is some other process here.
  if (!(await readFile(`/proc/${Pid}/cgroup`, 'utf8')).includes(ContainerID)) return
  process.kill(-Pid, 'SIGKILL')
}
