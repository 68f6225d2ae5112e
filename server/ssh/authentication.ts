import { fingerprintOf, keyFault, verifyingKey } from './public-key.ts'
import type { AuthContext, Connection } from './ssh2.ts'

/** Who holds the key that signed. */
export type Person = {
  readonly userId: string
  readonly name: string
  readonly fingerprint: string
}

export type OfferedKey = { readonly fingerprint: string; readonly blob: Buffer; readonly type: string }

export type AuthenticationOptions = {
  readonly connection: Connection
  /** Failed tries, probes included, before the connection ends. */
  readonly tries: number
  readonly identify: (key: OfferedKey) => Person | undefined
  /** Called once, when a signature was proved, before the client is told. */
  readonly onAccepted: (person: Person, sshUser: string) => void
  readonly onRefused: (reason: string) => void
}

/**
 * Lets in who proves a known key by a valid signature, and nobody else. The answer to an offer without a
 * signature says only whether to go on: the identity comes from the key that signed (CVE-2024-45337).
 */
export function authenticate(options: AuthenticationOptions): void {
  const { connection, tries, identify, onAccepted, onRefused } = options
  let failures = 0
  let offers = 0
  let over = false

  const cutOff = (reason: string): void => {
    over = true
    onRefused(reason)
    connection.end()
  }
  const refuse = (context: AuthContext): void => {
    if (++failures >= tries) cutOff('too many tries')
    else context.reject(['publickey'])
  }

  connection.on('authentication', (context) => {
    if (over) return
    // OpenSSH asks with "none" first, to learn the methods: that is no try, but it may not be repeated for ever.
    if (context.method === 'none' && failures === 0 && offers++ === 0) return context.reject(['publickey'])
    if (context.method !== 'publickey' || context.username.length > 64) return refuse(context)
    if (++offers > 2 * tries + 2) return cutOff('too many offers')
    const { algo: type, data: blob } = context.key
    // ssh-rsa without a hash is a SHA-1 signature.
    if ((type as string) === 'ssh-rsa' && context.hashAlgo === undefined) return refuse(context)
    if (keyFault(type, blob) !== undefined) return refuse(context)

    const person = identify({ fingerprint: fingerprintOf(blob), blob, type })
    if (context.signature === undefined || context.blob === undefined) {
      if (person === undefined) refuse(context)
      else context.accept()
      return
    }
    // An unknown key's signature is checked too, so that time does not tell it from a known one.
    const proved = verifyingKey(type, blob)?.verify(context.blob, context.signature, context.hashAlgo)
    // verify() may return an Error, which is truthy.
    if (proved !== true || person === undefined) return refuse(context)
    onAccepted(person, context.username)
    context.accept()
  })
}
