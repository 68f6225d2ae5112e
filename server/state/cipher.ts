import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { UserError } from '../errors.ts'
import { writeFileAtomically } from '../files.ts'

const nonceBytes = 12
const tagBytes = 16

/** AES-256-GCM under the instance's master key. A value is `nonce || tag || ciphertext`. */
export class Cipher {
  #key: Buffer

  constructor(key: Buffer) {
    this.#key = key
  }

  /** From now on this is its key. */
  use(key: Buffer): void {
    this.#key = key
  }

  withKey(key: Buffer): Cipher {
    return new Cipher(key)
  }

  /** Whether it was sealed with this key, for this context. */
  opens(sealed: Uint8Array, context: string): boolean {
    try {
      this.open(sealed, context)
      return true
    } catch {
      return false
    }
  }

  /** @param context associated data (app id and name): a value copied to another place does not open there */
  seal(text: string, context: string): Buffer {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context))
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), body])
  }

  /** Throws where key, context or bytes are not those that the value was sealed with. */
  open(sealed: Uint8Array, context: string): string {
    const bytes = Buffer.from(sealed)
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString(
      'utf8',
    )
  }
}

/**
 * The cipher of the key file at `path` (64 hexadecimal digits, mode 0600), made on first start.
 * @param mayMake false where a state store exists already: a new key could not read it
 */
export function openCipher(path: string, mayMake: boolean): Cipher {
  if (!existsSync(path)) {
    if (!mayMake) {
      throw new UserError(`The master key ${path} is gone, and the state store cannot be read without it`, {
        next: `Put the key back from your backup: ${path}`,
      })
    }
    writeFileAtomically(path, `${randomBytes(32).toString('hex')}\n`, 0o600)
  }
  return new Cipher(readKey(path))
}

/** The key in the file at `path`. Throws `UserError` where that is none. */
export function readKey(path: string): Buffer {
  const text = readFileSync(path, 'utf8').trim()
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new UserError(`The master key ${path} is not 64 hexadecimal digits`, {
      next: 'Put it back from your backup',
    })
  }
  return Buffer.from(text, 'hex')
}
