import { execa } from 'execa'
import type { TestInstance } from './instance.ts'

/** Ids of all containers (sandboxes apart) and images, running or not, tagged or not, that Docker has of an app. */
export async function made(
  paas: TestInstance,
  app: string,
): Promise<{ readonly containers: readonly string[]; readonly images: readonly string[] }> {
  const labels = ['--filter', `label=paas.instance=${paas.id}`, '--filter', `label=paas.app=${app}`]
  const [containers, images] = await Promise.all([
    ids(['ps', '--all', '--quiet', ...labels, '--filter', 'label=paas.process']),
    ids(['images', '--all', '--quiet', ...labels]),
  ])
  return { containers, images }
}

const ids = async (words: readonly string[]): Promise<readonly string[]> =>
  (await execa('docker', words)).stdout.split('\n').filter(Boolean).sort()
