import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parsePublicKey } from '../../server/ssh/public-key.ts'
import { execute } from './execute.ts'

test.each([
  ['ed25519', []],
  ['ecdsa', ['-b', '521']],
  ['rsa', ['-b', '3072']],
])('a key of type %s has the fingerprint that ssh-keygen prints', async (type, bits) => {
  const folder = await mkdtemp(join(tmpdir(), 'key-'))
  try {
    const path = join(folder, 'key')
    await execute('ssh-keygen', ['-q', '-t', type, ...bits, '-N', '', '-C', 'ada at home', '-f', path])
    const { stdout } = await execute('ssh-keygen', ['-l', '-f', path])
    const key = parsePublicKey(await readFile(`${path}.pub`, 'utf8'))
    expect(stdout.toString()).toContain(key.fingerprint)
    expect(key.comment).toBe('ada at home')
    expect(() => parsePublicKey(`${key.type} ${key.blob.toString('base64').slice(0, -8)}`)).toThrow('damaged')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('an RSA key of 1024 bits is refused with its size', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'key-'))
  try {
    const path = join(folder, 'key')
    await execute('ssh-keygen', ['-q', '-t', 'rsa', '-b', '1024', '-N', '', '-f', path])
    const line = await readFile(`${path}.pub`, 'utf8')
    expect(() => parsePublicKey(line)).toThrow('1024 bits')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.each([
  ['', 'no public key'],
  ['ssh-ed25519', 'damaged'],
  ['ssh-dss AAAAB3NzaC1kc3M=', 'no public key'],
  ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI\nssh-ed25519 AAAA', 'more than one line'],
  ['-----BEGIN OPENSSH PRIVATE KEY-----', 'private key'],
  ['sk-ssh-ed25519@openssh.com AAAA', 'Security keys'],
  ['command="sh" ssh-ed25519 AAAA', 'no public key'],
])('%j is refused: %s', (line, words) => {
  expect(() => parsePublicKey(line)).toThrow(words)
})
