import { execa } from 'execa'

/** Ids of all containers, running or not, that carry these labels. */
export async function containersWith(labels: readonly string[]): Promise<readonly string[]> {
  const filters = labels.flatMap((label) => ['--filter', `label=${label}`])
  const { stdout } = await execa('docker', ['ps', '--all', '--quiet', ...filters])
  return stdout.split('\n').filter(Boolean)
}
