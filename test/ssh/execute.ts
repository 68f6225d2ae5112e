import { type ChildProcess, spawn } from 'node:child_process'
import { buffer, text } from 'node:stream/consumers'

export type Outcome = { readonly code: number | null; readonly stdout: Buffer; readonly stderr: string }

export type Execution = { readonly child: ChildProcess; readonly outcome: Promise<Outcome> }

/** Runs a real program to its end. */
export function execute(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string | Buffer } = {},
): Promise<Outcome> {
  const { child, outcome } = launch(command, args, options)
  child.stdin?.end(options.input ?? '')
  return outcome
}

/** Starts a real program; its stdin stays open. */
export function launch(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Execution {
  const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: 'pipe' })
  child.stdin.on('error', () => {})
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const outcome = Promise.all([closed, buffer(child.stdout), text(child.stderr)]).then(
    ([code, stdout, stderr]) => ({ code, stdout, stderr }),
  )
  return { child, outcome }
}
