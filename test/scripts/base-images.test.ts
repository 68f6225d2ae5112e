import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'

const checkout = join(import.meta.dirname, '..', '..')
const make = (...names: string[]) =>
  execa(join(checkout, 'scripts', 'run'), ['node', 'scripts/make-base-images.ts', ...names], {
    reject: false,
  })

beforeAll(async () => {
  await make()
}, 300_000)

test('what is there is not made again', async () => {
  const { stdout, exitCode } = await make()
  expect(exitCode).toBe(0)
  expect(stdout).toBe('')
})

test('a stack that nobody has written is refused with those that there are', async () => {
  const { stderr, exitCode } = await make('cobol')
  expect(exitCode).toBe(1)
  expect(stderr).toContain('There are: busybox, ')
  for (const name of readdirSync(join(checkout, 'buildpacks'), { withFileTypes: true })) {
    if (name.isDirectory()) expect(stderr).toContain(name.name)
  }
})

test.each([
  ['paas/busybox', 4],
  ['paas/nginx:1', 131],
  ['paas/node:24', 250],
])('%s has at most %i MB', async (tag, megabytes) => {
  const { stdout } = await execa('docker', ['image', 'inspect', '--format', '{{.Size}}', tag])
  expect(Number(stdout)).toBeGreaterThan(1_000_000)
  expect(Number(stdout)).toBeLessThan(megabytes * 1e6)
})
