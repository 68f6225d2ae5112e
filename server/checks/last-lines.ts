import type { Paas } from '../paas.ts'

const most = 20

/** A container's last 20 lines, without the app's secrets. */
export async function lastLinesOf(paas: Paas, name: string): Promise<readonly string[]> {
  const lines: string[] = []
  const [, appId = ''] = name.split('-')
  for await (const line of paas.engine.containers.logs(name, { tail: most }))
    lines.push(paas.secrets.hide(appId, line.text))
  return lines
}
