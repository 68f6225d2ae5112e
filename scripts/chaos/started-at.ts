import { execa } from 'execa'
import type { TestInstance } from '../../test/instance.ts'

/** When each running container of an instance's apps was started, in an order that does not change. */
export async function startedAt({ id }: TestInstance): Promise<readonly string[]> {
  const filters = [`label=paas.instance=${id}`, 'label=paas.process']
  const { stdout } = await execa('docker', ['ps', '-q', ...filters.flatMap((each) => ['--filter', each])])
  const ids = stdout.split('\n').filter(Boolean)
  return (await execa('docker', ['inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...ids])).stdout
    .split('\n')
    .sort()
}
