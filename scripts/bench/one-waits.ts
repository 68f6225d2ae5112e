import { execa } from 'execa'
import { containersWith } from './containers-with.ts'

/** Whether one container of an app is left, and a sandbox waits for the next; it may be in a sandbox itself. */
export async function oneWaits(labels: readonly string[]): Promise<boolean> {
  const [live, ...others] = await containersWith([...labels, 'paas.process'])
  if (live === undefined || others.length > 0) return false
  const { stdout } = await execa('docker', ['inspect', '--format', '{{.HostConfig.NetworkMode}}', live], {
    reject: false,
  })
  const own = stdout.startsWith('container:') ? 1 : 0
  return (await containersWith([...labels, 'paas.sandbox'])).length === own + 1
}
