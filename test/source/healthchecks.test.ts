import { expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { parseAppJson } from '../../server/source/app-json.ts'

const read = (checks: unknown) => parseAppJson(JSON.stringify({ healthchecks: checks })).healthchecks

test('all fields of a check are read, seconds become milliseconds', () => {
  expect(
    read({
      web: [
        {
          type: 'readiness',
          name: 'api',
          path: '/health?deep=1',
          port: 8080,
          httpHeaders: [{ name: 'X-Probe', value: 'yes' }],
          content: 'ok',
          initialDelay: 2,
          wait: 3,
          timeout: 4,
          attempts: 5,
        },
      ],
      worker: [{ type: 'liveness', command: ['/bin/check', '--quick'] }, { listening: true }, { uptime: 7 }],
    }),
  ).toEqual({
    web: [
      {
        when: 'readiness',
        name: 'api',
        probe: {
          kind: 'http',
          path: '/health?deep=1',
          port: 8080,
          headers: [{ name: 'X-Probe', value: 'yes' }],
          content: 'ok',
        },
        initialDelayMs: 2000,
        waitMs: 3000,
        timeoutMs: 4000,
        attempts: 5,
      },
    ],
    worker: [
      {
        when: 'liveness',
        name: '/bin/check --quick',
        probe: { kind: 'command', command: ['/bin/check', '--quick'] },
        initialDelayMs: 0,
      },
      { when: 'startup', name: 'listening', probe: { kind: 'listening' }, initialDelayMs: 0 },
      {
        when: 'startup',
        name: 'running for 7 s',
        probe: { kind: 'uptime', uptimeMs: 7000 },
        initialDelayMs: 7000,
      },
    ],
  })
  expect(read({ web: [{}] }).web?.[0]?.probe).toEqual({ kind: 'http', path: '/', headers: [] })
  expect(read({ web: [{ listening: false, uptime: 0, path: '/' }] }).web).toHaveLength(1)
  expect(read({ constructor: [{}] })).toHaveProperty('constructor')
})

test.each<[unknown, string]>([
  [[], '"healthchecks" is not an object'],
  [{ web: {} }, '"healthchecks.web" is not a list'],
  [{ web: ['x'] }, '"healthchecks.web[0]" is not an object'],
  [{ web: Array(21).fill({}) }, 'more than 20'],
  [{ web: [{}, { type: 'sometimes' }] }, '"healthchecks.web[1].type" is not startup, readiness or liveness'],
  [{ web: [{ path: 'health' }] }, '.path" is not a path'],
  [{ web: [{ path: '/a b' }] }, '.path" is not a path'],
  [{ web: [{ path: '/x\r\nHost: y' }] }, '.path" is not a path'],
  [{ web: [{ httpHeaders: [{ name: 'X: y', value: '' }] }] }, '.httpHeaders" has an entry'],
  [{ web: [{ httpHeaders: [{ name: 'X', value: 'a\r\nb' }] }] }, '.httpHeaders" has an entry'],
  [{ web: [{ httpHeaders: {} }] }, '.httpHeaders" is not a list'],
  [{ web: [{ command: 'curl localhost' }] }, '.command" is not a list of words'],
  [{ web: [{ command: [] }] }, '.command" is not a list of words'],
  [{ web: [{ path: '/', command: ['x'] }] }, 'path and command: one check asks one thing'],
  [{ web: [{ uptime: 5, listening: true }] }, 'one check asks one thing'],
  [{ web: [{ listening: 'yes' }] }, '.listening" is not true or false'],
  [{ web: [{ port: 70_000 }] }, '.port" is not a whole number from 1 to 65535'],
  [{ web: [{ attempts: 0 }] }, '.attempts" is not a whole number from 1 to 100'],
  [{ web: [{ timeout: 1.5 }] }, '.timeout" is not a whole number'],
  [{ web: [{ wait: '5' }] }, '.wait" is not a whole number'],
  [{ web: [{ uptime: 4000 }] }, '.uptime" is not a whole number'],
  [{ web: [{ scheme: 'https' }] }, '.scheme" can only be http'],
  [{ web: [{ name: 5 }] }, '.name" is not a text'],
])('%j is refused by the name of the field', (checks, message) => {
  expect(() => read(checks)).toThrow(UserError)
  expect(() => read(checks)).toThrow(message)
})
