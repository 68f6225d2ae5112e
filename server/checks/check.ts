/** When a check counts: before the swap alone, before it and afterwards for the routes, afterwards for a restart. */
export type CheckWhen = 'startup' | 'readiness' | 'liveness'

/** One health check of a process type, as the pushed tree or the image has it. */
export type Check = {
  readonly when: CheckWhen
  readonly name: string
  readonly probe: Probe
  /** From the container's start to the first attempt. */
  readonly initialDelayMs: number
  /** Added to the first attempt before the swap. */
  readonly graceMs?: number
  /** These three: undefined leaves it to the app's settings. */
  readonly waitMs?: number
  readonly timeoutMs?: number
  readonly attempts?: number
}

/** What is asked of a container. A port that is not named is the release's. */
export type Probe =
  | {
      readonly kind: 'http'
      readonly path: string
      readonly port?: number
      readonly headers: readonly { readonly name: string; readonly value: string }[]
      /** Must stand in the answer's body. */
      readonly content?: string
    }
  | { readonly kind: 'command'; readonly command: readonly string[] }
  | { readonly kind: 'listening'; readonly port?: number }
  | { readonly kind: 'uptime'; readonly uptimeMs: number }

/** Process type -> its checks; a type without an entry is judged by rule. */
export type Checks = Readonly<Record<string, readonly Check[]>>

/** A check as messages name it: `"api" (GET /health)` */
export function checkInWords({ name, probe }: Check): string {
  const asks = probeInWords(probe)
  return name === asks ? asks : `"${name}" (${asks})`
}

/** What a probe asks: `GET /health` */
export function probeInWords(probe: Probe): string {
  switch (probe.kind) {
    case 'http':
      return `GET ${probe.path}`
    case 'command':
      return probe.command.join(' ').slice(0, 80)
    case 'listening':
      return 'listening'
    case 'uptime':
      return `running for ${probe.uptimeMs / 1000} s`
  }
}
