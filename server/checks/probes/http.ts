import { askHttp } from '../ask-http.ts'
import type { ProbeRun } from '../probe.ts'

const bodyBytes = 64 * 1024

/** Passes with a status from 200 to 399, and with the wanted content in the first 64 KB where there is one. */
export const http: ProbeRun<'http'> = async (_paas, subject, probe, { timeoutMs, signal }) => {
  const port = probe.port ?? subject.port
  const headers = new Map(probe.headers.map(({ name, value }) => [name.toLowerCase(), value]))
  const answer = await askHttp({
    address: subject.container.address,
    port,
    path: probe.path,
    headers: new Map([['host', subject.host], ...headers]),
    timeoutMs,
    bodyBytes,
    signal,
  })
  if (!answer) return { passed: false, answered: false, saw: `no answer from port ${port}` }
  if (answer.status < 200 || answer.status > 399)
    return { passed: false, answered: true, saw: inWords(answer) }
  if (probe.content !== undefined && !answer.body.includes(probe.content))
    return { passed: false, answered: true, saw: `"${probe.content}" is not in ${inWords(answer)}` }
  return { passed: true, answered: true, saw: inWords(answer) }
}

const inWords = ({ status, start }: { status: number; start: string }): string =>
  `status ${status}${start === '' ? '' : `: ${start}`}`
