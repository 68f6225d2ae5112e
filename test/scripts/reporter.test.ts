import { mkdtempDisposable, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it } from 'vitest'
import { checkout } from '../../scripts/instance.ts'

it('counts failures in and outside of tests, and shows why a test was skipped', async () => {
  const { exitCode, lines } = await run({
    'a.test.ts': `
      import { expect, it } from 'vitest'
      it('passes', () => {})
      it('fails', () => expect(1).toBe(2))
      it('is skipped', (context) => context.skip('no such kernel'))`,
    'b.test.ts': `throw new Error('cannot be loaded')`,
  })
  expect(lines.at(-1)).toBe('1 passed, 2 failed')
  expect(lines).toContain('       skipped: is skipped (no such kernel)')
  expect(lines).toContain('=====> a.test.ts > fails')
  expect(lines).toContain('cannot be loaded')
  expect(exitCode).toBe(1)
})

it('ends with 0 when every test passed', async () => {
  const { exitCode, lines } = await run({
    'a.test.ts': `import { it } from 'vitest'; it('passes', () => {})`,
  })
  expect(lines.at(-1)).toBe('1 passed, 0 failed')
  expect(exitCode).toBe(0)
})

async function run(files: Readonly<Record<string, string>>): Promise<{ exitCode?: number; lines: string[] }> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'paas-reporter-'))
  await symlink(join(checkout, 'node_modules'), join(folder.path, 'node_modules'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder.path, name), content)
  const reporter = join(checkout, 'test', 'reporter.ts')
  const { exitCode, stdout } = await execa({ reject: false, cwd: folder.path, lines: true })(
    process.execPath,
    [join(checkout, 'node_modules/vitest/vitest.mjs'), 'run', `--reporter=${reporter}`],
  )
  return { ...(exitCode !== undefined && { exitCode }), lines: stdout }
}
