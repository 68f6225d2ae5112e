import { execa } from 'execa'

/** What came of a load. */
export type Load = {
  readonly perSecond: number
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that were none of 2xx or 3xx. */
  readonly refused: number
  /** Connections that could not be made, or ended in a request. */
  readonly broken: number
}

/** As many requests for `host` as `port` takes, over connections that are kept, by Debian's wrk on processor `core`. */
export async function load(options: {
  readonly port: number
  readonly host: string
  readonly core: number
  readonly connections: number
  readonly seconds: number
}): Promise<Load> {
  const { port, host, core, connections, seconds } = options
  const wrk = ['wrk', '--threads', '1', '--connections', `${connections}`, '--duration', `${seconds}s`]
  const asked = ['--latency', '--header', `Host: ${host}`, `http://127.0.0.1:${port}/`]
  const { stdout } = await execa('taskset', ['-c', `${core}`, ...wrk, ...asked])
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0)
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)?.slice(1)
  return {
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    requests: number(/(\d+) requests in/),
    p50Ms: milliseconds(/^\s+50%\s+(\S+)$/m.exec(stdout)?.[1]),
    p99Ms: milliseconds(/^\s+99%\s+(\S+)$/m.exec(stdout)?.[1]),
    refused: number(/Non-2xx or 3xx responses: (\d+)/),
    broken: (errors ?? []).reduce((sum, each) => sum + Number(each), 0),
  }
}

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 }

/** `1.23ms` as wrk writes it. */
function milliseconds(text = ''): number {
  const [, figure, unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? []
  return Number(figure) * (units[unit] ?? Number.NaN)
}
