import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'

/** What runs as an operator's hook gets this PATH; its environment is otherwise a constant list of facts. */
const hookPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The executable files in `folder`, in the order of their names; none where there is no such folder. */
export function executablesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
  return files
    .map((entry) => join(folder, entry.name))
    .filter(isExecutable)
    .sort()
}

export type HookRun = {
  readonly words?: readonly string[]
  /** Beside PATH; nothing else is in it. */
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly cancelSignal?: AbortSignal
  /** Told each line that it writes, as soon as it has. */
  readonly onLine?: (line: string) => void
}

/** How one run of an operator's hook ended, and the last line that it wrote. */
export type HookEnd = {
  readonly failed: boolean
  readonly isCanceled: boolean
  readonly timedOut: boolean
  readonly exitCode: number | undefined
  readonly lastLine: string
}

/** Runs a hook; one that does not end when it is told to is killed soon, so that it holds up nobody behind it. */
export async function runHook(path: string, run: HookRun): Promise<HookEnd> {
  const hook = execa(path, run.words ?? [], {
    env: { PATH: hookPath, ...run.environment },
    extendEnv: false,
    reject: false,
    all: true,
    buffer: false,
    stdin: 'ignore',
    timeout: run.timeoutMs,
    forceKillAfterDelay: 2_000,
    ...(run.cancelSignal === undefined ? {} : { cancelSignal: run.cancelSignal }),
  })
  let lastLine = ''
  for await (const line of hook.iterable({ from: 'all' })) {
    if (line === '') continue
    run.onLine?.(line)
    lastLine = line.slice(0, 200)
  }
  const { failed, isCanceled, timedOut, exitCode } = await hook
  return { failed, isCanceled, timedOut, exitCode, lastLine }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
