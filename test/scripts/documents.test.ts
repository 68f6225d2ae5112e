import { readFileSync } from 'node:fs'
import { chmod, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa, execaSync } from 'execa'
import { expect, test } from 'vitest'
import { documents } from '../../scripts/documents/documents.ts'
import { loadRegistry } from '../../server/registry.ts'

const checkout = join(import.meta.dirname, '..', '..')
const registry = await loadRegistry()
const made = documents(registry)

test.each(Object.keys(made))('%s says what the commands say now', (path) => {
  expect(readFileSync(join(checkout, path), 'utf8') === made[path], 'type: make docs').toBe(true)
})

test('the page and the manual name every command with its options', () => {
  const page = made['docs/commands.md'] ?? ''
  const manual = (made['docs/paas.1'] ?? '').replaceAll('\\-', '-')
  for (const [name, { flags = {} }] of registry.commands) {
    expect(page).toContain(`\n### ${name}\n`)
    expect(manual).toMatch(new RegExp(`^\\.B ${name}( |$)`, 'm'))
    for (const flag of Object.keys(flags)) expect(page, name).toMatch(new RegExp(`--${flag}[ \`]`))
  }
})

test('bash completes commands, options and apps', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'paas-completion-'))
  // Stands for the client, which would ask a server.
  await writeFile(join(folder.path, 'paas'), '#!/bin/sh\n[ "$1" = apps ] && printf "blog\\nshop\\n"\n')
  await chmod(join(folder.path, 'paas'), 0o755)
  const complete = async (line: string): Promise<readonly string[]> => {
    const script = `. ${join(checkout, 'completions', 'paas.bash')}; COMP_LINE=$1 COMP_POINT=\${#1}; _paas; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await execa('bash', ['--norc', '-c', script, 'bash', line], {
      env: { PATH: `${folder.path}:${process.env.PATH}` },
    })
    return stdout.split('\n').filter(Boolean)
  }
  expect(await complete('paas sca')).toEqual(['scale'])
  // bash itself keeps what stands before the colon.
  expect(await complete('paas config:s')).toEqual(['set'])
  expect(await complete('paas config:set --no-r')).toEqual(['--no-restart'])
  expect(await complete('paas config:add --no-r')).toEqual(['--no-restart'])
  expect(await complete('paas scale --no-r')).toEqual([])
  expect(await complete('paas -a b')).toEqual(['blog'])
  expect(await complete('paas -a blog sca')).toEqual(['scale'])
  expect(await complete('paas logs ')).toEqual(['blog', 'shop'])
})

test.each([
  ['zsh', ['-n', 'completions/_paas']],
  ['fish', ['-n', 'completions/paas.fish']],
  ['man', ['--warnings', '-l', 'docs/paas.1']],
])('%s reads what is made for it without a complaint', (program, words) => {
  const ran = execaSync(program, words, { cwd: checkout, reject: false, env: { LC_ALL: 'C.UTF-8' } })
  // Not on every machine.
  if (ran.code === 'ENOENT') return
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
})
