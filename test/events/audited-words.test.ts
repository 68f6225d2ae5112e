import { expect, test } from 'vitest'
import { parseFlags } from '../../server/command-line/flags.ts'
import { splitWords } from '../../server/command-line/words.ts'
import { auditedWords, isAudited } from '../../server/events/audited-words.ts'
import { loadRegistry } from '../../server/registry.ts'

const registry = await loadRegistry()

function kept(line: string): string {
  const [word = '', ...typed] = splitWords(line)
  const { name, command } = registry.find(word)
  return auditedWords(
    name,
    command,
    parseFlags(command, typed, () => false),
  )
}

test.each([
  ['config:set A=secret B="two secrets" --no-restart', 'config:set --no-restart A=... B=...'],
  ['config:set PASSWORD -', 'config:set PASSWORD -'],
  // A value that lost its key looks like one.
  ['config:set PASSWORD HUNTER2', 'config:set ...'],
  ['config:set PASSWORD c2VjcmV0==', 'config:set ...'],
  ['config:set A=secret HUNTER2', 'config:set ...'],
  ['config:unset A B', 'config:unset A B'],
  ['config:unset A=secret', 'config:unset ...'],
  ['run -e TOKEN=secret mysql -psecret', 'run --env TOKEN=... ...'],
  ['scale web=3 worker=1', 'ps:scale web=3 worker=1'],
  ['access:add ann -r viewer', 'access:add --role viewer ann'],
  ['apps:destroy --confirm secret', 'apps:destroy --confirm ...'],
  ['domains:add "a b.example.com"', 'domains:add "a b.example.com"'],
  ['keys:add ann --admin', 'keys:add --admin ann'],
])('%s is kept as %s', (line, expected) => {
  expect(kept(line)).toBe(expected)
})

test('what a command does not declare is never kept', () => {
  const command = {
    summary: 'It',
    right: 'develop',
    app: 'none',
    arguments: [{ name: 'WORD', repeats: true }],
    flags: { with: { value: 'VALUE', summary: 'With it' } },
    examples: ['it'],
    run: async () => {},
  } as const
  const parsed = parseFlags(
    command,
    ['secret', '--with', 'secret', '--with=secret', '--', '-secret'],
    () => false,
  )
  expect(auditedWords('it', command, parsed)).toBe('it --with ... --with ... ...')
})

test('every command is audited that has a right to change something and does not declare that it only reads', () => {
  const unaudited = [...registry.commands].filter(([, command]) => !isAudited(command))
  for (const [name, command] of unaudited) expect(command.right === 'view' || command.reads, name).toBe(true)
  const names = new Set(unaudited.map(([name]) => name))
  for (const name of [
    'run',
    'apps:create',
    'config:set',
    'mysql:import',
    'mysql:connect',
    'keys:add',
    'undo',
  ])
    expect(names, name).not.toContain(name)
})
