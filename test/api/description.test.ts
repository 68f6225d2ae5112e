import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { askedInJson, askedInQuery, wordsOf } from '../../server/api/asked.ts'
import { description } from '../../server/api/description.ts'
import { changesNothing } from '../../server/command.ts'
import { parseFlags } from '../../server/command-line/flags.ts'
import { loadRegistry } from '../../server/registry.ts'

type Schema = {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly minItems?: number
}
type Operation = {
  readonly requestBody: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
}
type Path = {
  readonly get?: Operation
  readonly post?: Operation
  readonly parameters: readonly { readonly name: string; readonly schema: Schema }[]
}

const registry = await loadRegistry()
const described = description(registry)
const paths = described.paths as Readonly<Record<string, Path>>

test('the description is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(
    structuredClone(described) as Record<string, unknown>,
  )
  expect(errors ?? []).toEqual([])
  expect(valid).toBe(true)
})

test('it has each command that a token may run, and no other', () => {
  const wanted = [...registry.commands]
    .filter(([, command]) => !command.keyOnly)
    .map(([name]) => `/v1/commands/${name}`)
  expect(Object.keys(paths).sort()).toEqual(['/v1/openapi.json', ...wanted].sort())
  expect(wanted).not.toContain('/v1/commands/tokens:create')
})

test('GET is described where it is answered', () => {
  for (const [name, command] of registry.commands)
    if (!command.keyOnly)
      expect(paths[`/v1/commands/${name}`]?.get !== undefined, name).toBe(changesNothing(command))
})

const shown = [...registry.commands].filter(([, command]) => !command.keyOnly)

test.each(shown)('what is described of %s is taken, in a body and in a query', (name, command) => {
  const { post, parameters } = paths[`/v1/commands/${name}`] ?? expect.fail()
  const schema = post?.requestBody.content['application/json'].schema ?? expect.fail()
  const flags = schema.properties?.flags?.properties ?? {}
  const words = Array.from({ length: schema.properties?.arguments?.minItems ?? 0 }, () => 'x')
  const body = {
    ...(schema.properties?.app ? { app: 'blog' } : {}),
    ...(words.length > 0 ? { arguments: words } : {}),
    flags: Object.fromEntries(
      Object.entries(flags).map(([flag, { type }]) => [flag, type === 'boolean' ? true : ['1', '2']]),
    ),
    stdin: 'x',
  }
  const query = new URLSearchParams(
    parameters.flatMap(({ name: key, schema: { type } }): [string, string][] =>
      key === 'argument'
        ? words.map((word) => [key, word])
        : key === 'app'
          ? [[key, 'blog']]
          : type === 'boolean'
            ? [[key, 'true']]
            : [
                [key, '1'],
                [key, '2'],
              ],
    ),
  )
  for (const asked of [
    askedInJson(JSON.stringify(body), name, command),
    askedInQuery(query, name, command),
  ]) {
    const [first, ...typed] = wordsOf(name, command, asked)
    expect(first).toBe(name)
    const parsed = parseFlags(command, typed, () => false)
    expect(parsed.words).toEqual(words)
    expect(parsed.flags.has('json')).toBe(true)
    for (const [flag, { type }] of Object.entries(flags))
      expect(parsed.flags.values(flag), flag).toEqual(type === 'boolean' ? [''] : ['1', '2'])
    if (schema.properties?.app) expect(parsed.flags.value('app')).toBe('blog')
  }
})
