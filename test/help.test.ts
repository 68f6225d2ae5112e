import { expect, test } from 'vitest'
import { commandHelp, overview, topicHelp } from '../server/help.ts'
import { loadRegistry } from '../server/registry.ts'

const registry = await loadRegistry()
const helps = [
  overview(registry, { all: false }),
  overview(registry, { all: true }),
  ...[...registry.commands].map(([name, command]) => commandHelp(name, command)),
  ...[...registry.commands.keys()].map((name) => topicHelp(registry, name.split(':')[0] ?? name)),
]

test('no line of any help is wider than 100 columns', () => {
  for (const line of helps.flatMap((help) => help.split('\n')))
    expect(line.length, line).toBeLessThanOrEqual(100)
})

test('every command that is not hidden is in the overview, and each alias in help --all', () => {
  const [short = '', all = ''] = helps
  for (const [name, { hidden, aliases }] of registry.commands) {
    const begins = new RegExp(`^  ${name}( |$)`, 'm')
    expect(begins.test(short), name).toBe(!hidden)
    for (const alias of aliases ?? []) expect(all).toContain(alias)
  }
})

test('every example begins with a command that exists', () => {
  for (const [name, { examples, aliases }] of registry.commands)
    for (const example of examples)
      expect([name, ...(aliases ?? [])], example).toContain(example.split(' ')[0])
})
