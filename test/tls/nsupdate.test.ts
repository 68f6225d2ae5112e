import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runHook } from '../../server/executables.ts'
import { type NameServer, startNameServer } from './name-server.ts'

let server: NameServer
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paas-nsupdate-'))
  server = await startNameServer()
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await server?.[Symbol.asyncDispose]()
})

const name = '_acme-challenge.example.com'

/** The script of docs/tls.md, for our name server and its key. */
function documented(keyFile = server.keyFile): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs/tls.md'), 'utf8')
  const lines = /^ {4}#!\/bin\/sh\n(?: {4}.*\n)+/m.exec(text)?.[0] ?? ''
  const script = lines
    .replaceAll(/^ {4}/gm, '')
    .replace('server ns1.example.com', `server 127.0.0.1 ${server.port}`)
    .replace('/etc/paas-dns.key', keyFile)
  const path = join(folder, 'hook')
  writeFileSync(path, script)
  chmodSync(path, 0o755)
  return path
}

const run = (hook: string, ...words: string[]) =>
  runHook(hook, { words, environment: {}, timeoutMs: 30_000, cancelSignal: new AbortController().signal })

test('the documented hook for nsupdate makes each record, and takes away that one alone', async () => {
  const hook = documented()
  // A domain and its wildcard are proved by two values of one name; either may begin with a dash.
  const [one, other] = ['-'.padEnd(43, 'a'), 'b'.repeat(43)]
  for (const value of [one, other])
    expect(await run(hook, 'present', `${name}.`, value)).toMatchObject({ failed: false, lastLine: '' })
  expect([...(await server.txt(name))].sort()).toEqual([one, other])
  expect(await run(hook, 'cleanup', `${name}.`, one)).toMatchObject({ failed: false })
  expect(await server.txt(name)).toEqual([other])
  await run(hook, 'cleanup', `${name}.`, other)
  expect(await server.txt(name)).toEqual([])
})

test('what the name server refuses fails the hook, with its reason as the last line', async () => {
  const keyFile = join(folder, 'other.key')
  writeFileSync(keyFile, readFileSync(server.keyFile, 'utf8').replace(/secret ".{6}/, 'secret "AAAAAA'))
  const { failed, lastLine } = await run(documented(keyFile), 'present', `${name}.`, 'value')
  expect(failed).toBe(true)
  expect(lastLine).toMatch(/BADSIG|refused|NOTAUTH/i)
  expect(await server.txt(name)).toEqual([])
})
