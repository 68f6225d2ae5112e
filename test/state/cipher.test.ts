import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { Cipher, openCipher } from '../../server/state/cipher.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paas-cipher-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const cipher = new Cipher(Buffer.alloc(32, 1))

test('what is sealed opens in its own place alone', () => {
  const sealed = cipher.seal('secret 世界', 'app1/KEY')
  expect(cipher.open(sealed, 'app1/KEY')).toBe('secret 世界')
  expect(cipher.open(cipher.seal('', 'a'), 'a')).toBe('')
  expect(() => cipher.open(sealed, 'app2/KEY')).toThrow()
  expect(() => cipher.open(sealed, 'app1/OTHER')).toThrow()
  expect(() => new Cipher(Buffer.alloc(32, 2)).open(sealed, 'app1/KEY')).toThrow()
  expect(sealed.includes('secret')).toBe(false)
})

test('one changed bit, or a missing end, is noticed', () => {
  const sealed = cipher.seal('secret', 'a')
  for (let index = 0; index < sealed.length; index++) {
    const changed = Buffer.from(sealed)
    changed[index] = (changed[index] ?? 0) ^ 1
    expect(() => cipher.open(changed, 'a'), `byte ${index}`).toThrow()
  }
  for (let length = 0; length < sealed.length; length++)
    expect(() => cipher.open(sealed.subarray(0, length), 'a'), `${length} bytes`).toThrow()
})

test('the same text is sealed differently each time', () => {
  expect(Buffer.compare(cipher.seal('x', 'a'), cipher.seal('x', 'a'))).not.toBe(0)
})

test('the master key is made once, for its owner alone', () => {
  const path = join(folder, 'master.key')
  const sealed = openCipher(path, true).seal('x', 'a')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(openCipher(path, false).open(sealed, 'a')).toBe('x')
})

test('a key that is gone or broken is named, and no new one is made over an old store', () => {
  const path = join(folder, 'master.key')
  expect(() => openCipher(path, false)).toThrow(UserError)
  writeFileSync(path, 'short')
  chmodSync(path, 0o600)
  expect(() => openCipher(path, true)).toThrow(/not 64 hexadecimal digits/)
})
