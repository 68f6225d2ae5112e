import type { Paas } from '../paas.ts'

const most = 20

/** A container's last 20 lines. */
export async function lastLinesOf(paas: Paas, name: string): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of paas.engine.containers.logs(name, { tail: most })) lines.push(line.text)
  return lines
}
