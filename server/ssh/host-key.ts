import { randomBytes } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UserError } from '../errors.ts'
import { parsePublicKey } from './public-key.ts'
import { generateKey, parseKey } from './ssh2.ts'

export type HostKey = {
  readonly privateKey: string
  /** One line, as in `known_hosts` after the host's name. */
  readonly publicKey: string
  /** `SHA256:...`, to compare at the first login. */
  readonly fingerprint: string
}

/**
 * The host key at `path`, mode 0600, with `.pub` beside it; made at the first call and never replaced. Throws `UserError` when the file is there and holds no key of type ed25519.
 */
export async function loadHostKey(path: string): Promise<HostKey> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const text = (await existing(path)) ?? (await make(path))
  const key = parseKey(text)
  if (key instanceof Error || key.type !== 'ssh-ed25519' || !key.isPrivateKey()) {
    throw new UserError(`${path} holds no private key of type ed25519`, {
      next: 'Restore it from a backup; or move it away, and every client will have to accept a new one',
    })
  }
  const line = `ssh-ed25519 ${key.getPublicSSH().toString('base64')}`
  await writeFile(`${path}.pub`, `${line}\n`)
  await chmod(path, 0o600)
  return { privateKey: text, publicKey: line, fingerprint: parsePublicKey(line).fingerprint }
}

async function existing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Whole or not at all; where two make it at once, the first one's stays. */
async function make(path: string): Promise<string> {
  const half = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(half, generateKey('').private, { mode: 0o600, flush: true })
  try {
    await link(half, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(half)
  }
  return readFile(path, 'utf8')
}
