import { createHash } from 'node:crypto'
import { UserError } from '../errors.ts'
import { parseKey } from './ssh2.ts'

export type PublicKey = {
  readonly type: string
  readonly blob: Buffer
  /** `SHA256:...`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string
  readonly comment: string
}

/** Reads one line as in `~/.ssh/id_ed25519.pub`. Throws `UserError` when it is no key that the door accepts. */
export function parsePublicKey(line: string): PublicKey {
  const [type = '', base64 = '', ...comment] = line.trim().split(/[ \t]+/)
  if (/PRIVATE KEY/.test(line)) {
    throw new UserError('That is a private key: keep it to yourself', {
      next: 'Give the .pub file beside it',
    })
  }
  if (/[\r\n]/.test(line.trim())) throw new UserError('That is more than one line', { next: 'Give one key' })
  const blob = /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0)
  const fault = keyFault(type, blob)
  if (fault !== undefined) {
    throw new UserError(fault, { next: 'Make a key: ssh-keygen -t ed25519; then give ~/.ssh/id_ed25519.pub' })
  }
  return { type, blob, fingerprint: fingerprintOf(blob), comment: comment.join(' ') }
}

/** `SHA256:...` of a key's wire form. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** Says why a key is not accepted; undefined when it is. Looks only at its form, so its time says nothing. */
export function keyFault(type: string, blob: Buffer): string | undefined {
  if (type.startsWith('sk-')) return 'Security keys (sk-...) are not supported'
  if (!acceptedTypes.has(type)) return 'That is no public key of type ed25519, ecdsa or rsa'
  const fields = wireFields(blob)
  if (fields?.[0]?.toString('latin1') !== type) return 'That public key is damaged'
  if (type !== 'ssh-rsa') return undefined
  const bits = bitLength(fields[2] ?? Buffer.alloc(0))
  if (bits < 2048) return `That RSA key has ${bits} bits; at least 2048 are needed`
  if (bits > 8192 || bitLength(fields[1] ?? Buffer.alloc(0)) > 64) return 'That RSA key is too large'
  return undefined
}

/** The key that checks signatures; undefined when ssh2 cannot use it. */
export function verifyingKey(type: string, blob: Buffer) {
  const key = parseKey(`${type} ${blob.toString('base64')}`)
  return key instanceof Error ? undefined : key
}

const acceptedTypes: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
])

function wireFields(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = []
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return undefined
    const end = at + 4 + blob.readUInt32BE(at)
    if (end > blob.length) return undefined
    fields.push(blob.subarray(at + 4, end))
    at = end
  }
  return fields
}

function bitLength(number: Buffer): number {
  const start = number.findIndex((byte) => byte !== 0)
  if (start < 0) return 0
  return (number.length - start) * 8 - Math.clz32(number[start] ?? 0) + 24
}
