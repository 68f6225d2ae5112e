import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changesNothing } from '../server/command.ts'
import { UsageError } from '../server/errors.ts'
import { loadRegistry } from '../server/registry.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paas-registry-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const whole = { summary: 'It', right: 'view', app: 'none', examples: ['it'], aliases: [] as string[] }

function write(path: string, declared: object): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `export default ${JSON.stringify(declared)}\n`)
}

test('a file’s path is its command’s name', async () => {
  write('config/set.ts', { ...whole, aliases: ['config:add'] })
  write('config/index.ts', whole)
  write('logs.ts', whole)
  const registry = await loadRegistry(folder)
  expect([...registry.commands.keys()]).toEqual(['config', 'config:set', 'logs'])
  expect(registry.find('config:add').name).toBe('config:set')
})

test.each(['right', 'summary', 'examples'])('a command without %s does not load', async (field) => {
  write('it.ts', { ...whole, [field]: undefined })
  await expect(loadRegistry(folder)).rejects.toThrow(/it declares no/)
})

test('a right that does not exist is none', async () => {
  write('it.ts', { ...whole, right: 'everyone' })
  await expect(loadRegistry(folder)).rejects.toThrow('it declares no right')
})

test('every command can say beforehand what it changes, or changes nothing', async () => {
  const { commands } = await loadRegistry()
  const silent = [...commands].filter(([, command]) => !command.plans && !changesNothing(command))
  expect(silent.map(([name]) => name)).toEqual([])
})

test('a name that two commands claim does not load', async () => {
  write('one.ts', { ...whole, aliases: ['first'] })
  write('two.ts', { ...whole, aliases: ['first'] })
  await expect(loadRegistry(folder)).rejects.toThrow('first is claimed twice: by one and two')
})

test('an unknown name throws with the nearest one, or a hint, or neither', async () => {
  const registry = await loadRegistry()
  const message = (word: string): string | undefined => {
    try {
      registry.find(word)
      return undefined
    } catch (error) {
      if (error instanceof UsageError) return error.next
      throw error
    }
  }
  expect(message('confg:set')).toContain('Did you mean config:set?')
  expect(message('scael')).toContain('Did you mean scale?')
  expect(message('nginx:anything')).toContain('logs -s router')
  expect(message('constructor')).toBe('All commands: help')
  expect(message('__proto__')).toBe('All commands: help')
  expect(message('x'.repeat(10_000))).toBe('All commands: help')
})
