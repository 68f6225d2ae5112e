import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { loadHostKey } from '../../server/ssh/host-key.ts'
import { generateKey, nativeCryptoLoaded, parseKey } from '../../server/ssh/ssh2.ts'
import { execute } from './execute.ts'

test('the host key is made once, also by two at a time, private, and as ssh-keygen reads it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'host-key-'))
  try {
    const path = join(folder, 'ssh', 'host_key')
    const keys = await Promise.all(Array.from({ length: 5 }, () => loadHostKey(path)))
    keys.push(await loadHostKey(path))
    expect(new Set(keys.map(({ privateKey }) => privateKey)).size).toBe(1)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const { stdout } = await execute('ssh-keygen', ['-l', '-f', `${path}.pub`])
    expect(stdout.toString()).toContain(keys[0]?.fingerprint)
    const derived = await execute('ssh-keygen', ['-y', '-f', path])
    expect(derived.stdout.toString().trim()).toBe(keys[0]?.publicKey)
    expect((await readFile(`${path}.pub`, 'utf8')).trim()).toBe(keys[0]?.publicKey)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a damaged host key is named and never replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'host-key-'))
  try {
    const path = join(folder, 'host_key')
    await writeFile(path, 'damaged')
    await expect(loadHostKey(path)).rejects.toThrow(UserError)
    expect(await readFile(path, 'utf8')).toBe('damaged')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('every key that is made can be read', () => {
  const unreadable = Array.from({ length: 1500 }, () => generateKey('').private).filter(
    (text) => parseKey(text) instanceof Error,
  )
  expect(unreadable).toEqual([])
})

test("ssh2's native binding is loaded", () => {
  expect(nativeCryptoLoaded()).toBe(true)
})
