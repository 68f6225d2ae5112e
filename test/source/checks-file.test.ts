import { expect, test } from 'vitest'
import { readChecksFile } from '../../server/source/checks-file.ts'

test('settings and lines of an old CHECKS file become startup checks', () => {
  const { checks, notes } = readChecksFile(
    '# comment\nWAIT=2\nTIMEOUT=10\nATTEMPTS=4\n\n/health  all is well\r\n//www.example.com/ Hello\nhttps://api.example.com/v1\n/\n',
  )
  expect(notes).toEqual([])
  expect(checks.map(({ probe, ...rest }) => ({ ...probe, ...rest }))).toMatchObject([
    {
      path: '/health',
      content: 'all is well',
      waitMs: 2000,
      timeoutMs: 10_000,
      attempts: 4,
      when: 'startup',
    },
    { path: '/', content: 'Hello', headers: [{ name: 'Host', value: 'www.example.com' }] },
    { path: '/v1', headers: [{ name: 'Host', value: 'api.example.com' }] },
    { path: '/', headers: [] },
  ])
})

test('what does not map is named with its line', () => {
  const { checks, notes } = readChecksFile(
    'relative/path\nCOLOUR=red\n/{{ var "PATH" }}\nWAIT=0\nATTEMPTS=-1\n/ok\n',
  )
  expect(checks).toHaveLength(1)
  expect(notes).toEqual([
    'CHECKS, line 1 is ignored: relative/path',
    'CHECKS, line 2 is ignored: COLOUR=red',
    'CHECKS, line 3 is ignored: /{{ var "PATH" }}',
    'CHECKS, line 4 is ignored: WAIT=0',
    'CHECKS, line 5 is ignored: ATTEMPTS=-1',
  ])
})
