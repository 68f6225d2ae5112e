import { type Argument, type Command, changesNothing, type Flag } from '../command.ts'
import { exitCode } from '../errors.ts'
import { topicOf } from '../help.ts'
import type { Registry } from '../registry.ts'
import { ownVersion } from '../version.ts'
import { whoMay } from '../who-may.ts'
import { statusOf } from './answer.ts'
import { apiFlags, takesApp } from './api-flags.ts'

type Json = Readonly<Record<string, unknown>>

/** The API as OpenAPI 3.1, of what the commands declare: all that a token may run. */
export function description(registry: Registry): Json {
  const commands = [...registry.commands].filter(([, command]) => !command.keyOnly)
  return {
    openapi: '3.1.0',
    info: {
      title: 'paas',
      version: ownVersion(),
      description:
        'The commands of ssh paas as JSON over HTTP. What a command takes is said in a JSON body, or in the query with what it reads as the body. Accept: application/x-ndjson tells all that is said as it is said.',
    },
    // It goes by the address that this was read from.
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [...new Set(commands.map(([name]) => topicOf(name)))].map((name) => ({ name })),
    paths: {
      '/v1/openapi.json': {
        get: {
          operationId: 'openapi',
          summary: 'This description',
          responses: { 200: { description: 'OpenAPI', content: { 'application/json': { schema: {} } } } },
        },
      },
      ...Object.fromEntries(commands.map(([name, command]) => [`/v1/commands/${name}`, path(name, command)])),
    },
    components,
  }
}

function path(name: string, command: Command): Json {
  const operation = {
    tags: [topicOf(name)],
    summary: command.summary,
    description: `For ${whoMay[command.right]}. As typed: ${command.examples.map((example) => `ssh paas ${example}`).join('; ')}`,
    responses,
  }
  return {
    parameters: parametersOf(command),
    ...(changesNothing(command) ? { get: { operationId: `${name}.get`, ...operation } } : {}),
    post: {
      operationId: name,
      ...operation,
      requestBody: {
        content: {
          'application/json': { schema: callOf(command) },
          'application/octet-stream': { schema: {} },
        },
      },
    },
  }
}

/** By the query: for GET, and where the body is what the command reads. */
function parametersOf(command: Command): readonly Json[] {
  const words = command.arguments ?? []
  return [
    ...(takesApp(command)
      ? [{ name: 'app', in: 'query', description: 'The app that is meant', schema: { type: 'string' } }]
      : []),
    ...(words.length > 0
      ? [
          {
            name: 'argument',
            in: 'query',
            description: wordsText(words),
            schema: wordsSchema(words),
          },
        ]
      : []),
    ...Object.entries(apiFlags(command)).map(([name, flag]) => ({
      name,
      in: 'query',
      description: flag.summary,
      schema: flag.value === undefined ? { type: 'boolean' } : { type: 'array', items: { type: 'string' } },
    })),
  ]
}

function callOf(command: Command): Json {
  const words = command.arguments ?? []
  return object({
    ...(takesApp(command) ? { app: { type: 'string', description: 'The app that is meant' } } : {}),
    ...(words.length > 0 ? { arguments: { ...wordsSchema(words), description: wordsText(words) } } : {}),
    flags: object(
      Object.fromEntries(Object.entries(apiFlags(command)).map(([name, flag]) => [name, flagSchema(flag)])),
    ),
    stdin: { type: 'string', description: 'What the command reads, where it reads' },
  })
}

const object = (properties: Json): Json => ({ type: 'object', properties, additionalProperties: false })

const flagSchema = ({ value, summary }: Flag): Json =>
  value === undefined
    ? { type: 'boolean', description: summary }
    : {
        description: `${value}: ${summary}`,
        oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'array', items: { type: 'string' } }],
      }

function wordsSchema(words: readonly Argument[]): Json {
  const needed = words.filter((word) => word.required).length
  return {
    type: 'array',
    items: { type: 'string' },
    ...(needed > 0 ? { minItems: needed } : {}),
    ...(words.at(-1)?.repeats ? {} : { maxItems: words.length }),
  }
}

const wordsText = (words: readonly Argument[]): string =>
  words
    .map(({ name, required, repeats }) => {
      const word = `${name}${repeats ? '...' : ''}`
      return required ? word : `[${word}]`
    })
    .join(' ')

const failures: readonly (readonly [code: number, meaning: string])[] = [
  [exitCode.usage, 'What is asked could not be understood'],
  [exitCode.notAllowed, 'The token may not do this'],
  [exitCode.noSuchApp, 'There is no such app, or it does not exist for the token'],
  [exitCode.failed, 'The command failed, or a program that it ran ended with another code than 0'],
  [exitCode.unavailable, 'A part of the server is down, or the server ended the request: try again'],
]

const responses: Json = {
  200: { $ref: '#/components/responses/done' },
  401: { $ref: '#/components/responses/needsToken' },
  ...Object.fromEntries(
    failures.map(([code]) => [statusOf(code), { $ref: `#/components/responses/exit${code}` }]),
  ),
}

const failed = (meaning: string): Json => ({
  description: meaning,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/failure' } } },
})

const components: Json = {
  securitySchemes: {
    token: { type: 'http', scheme: 'bearer', description: 'Made with ssh paas tokens:create' },
  },
  responses: {
    done: {
      description: 'What the command prints with --json; the bytes of one that writes bytes',
      content: {
        'application/json': { schema: {} },
        'application/x-ndjson': { schema: { $ref: '#/components/schemas/said' } },
        'application/octet-stream': { schema: {} },
      },
    },
    needsToken: failed('No token was shown, or none that is valid now'),
    ...Object.fromEntries(failures.map(([code, meaning]) => [`exit${code}`, failed(meaning)])),
  },
  schemas: {
    failure: {
      type: 'object',
      required: ['exitCode', 'error'],
      properties: {
        exitCode: { type: 'integer', description: 'As of the command over ssh' },
        error: { $ref: '#/components/schemas/error' },
        result: { description: 'What the command printed all the same' },
      },
    },
    error: {
      type: 'object',
      required: ['message', 'hint', 'lines'],
      properties: {
        message: { type: 'string' },
        hint: { type: ['string', 'null'], description: 'What to do next' },
        lines: { type: 'array', items: { type: 'string' }, description: 'What the app printed last' },
      },
    },
    said: {
      type: 'object',
      description: 'One line of application/x-ndjson. The last has exitCode; without it the answer broke off',
      properties: {
        step: { type: 'string' },
        heading: { type: 'string' },
        detail: { type: 'string' },
        trouble: { type: 'string' },
        item: { description: 'One of what goes on: a line of a log, an event' },
        output: { type: 'string', description: 'What a program wrote to stdout' },
        errors: { type: 'string', description: 'What a program wrote to stderr' },
        result: { description: 'What the command prints with --json' },
        error: { $ref: '#/components/schemas/error' },
        exitCode: { type: 'integer' },
      },
    },
  },
}
