/** The one module that imports ssh2: what we take from it, and the traps of version 1.17 around it. */
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type {
  AuthContext,
  Connection,
  ParsedKey,
  ServerChannel,
  Session as Ssh2Session,
  WindowChangeInfo,
} from 'ssh2'
import ssh2 from 'ssh2'

export type { AuthContext, Connection, ParsedKey, ServerChannel, Ssh2Session, WindowChangeInfo }

export const SshServer = ssh2.Server

/** Parses one private or public key in OpenSSH's or PEM form; an `Error` where it is none. */
export function parseKey(text: string): ParsedKey | Error {
  const parsed: unknown = ssh2.utils.parseKey(text)
  return (Array.isArray(parsed) ? parsed[0] : parsed) as ParsedKey | Error
}

/** A new key pair of type ed25519: private in OpenSSH's form, public as one line. */
export function generateKey(comment: string): { readonly private: string; readonly public: string } {
  // ssh2 drops a leading zero of the public key: one of 256 that it makes cannot be read.
  for (;;) {
    const made = ssh2.utils.generateKeyPairSync('ed25519', { comment })
    if (!(parseKey(made.private) instanceof Error)) return made
  }
}

/** Whether ssh2's native binding is in use; without it ciphers run in JavaScript at half the speed. */
export function nativeCryptoLoaded(): boolean {
  const internals = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js') as {
    bindingAvailable?: boolean
  }
  return internals.bindingAvailable === true
}

/** The socket under a connection, which ssh2 does not tell. */
export function socketOf(connection: Connection): Socket | undefined {
  return (connection as unknown as { _sock?: Socket })._sock
}

/**
 * The largest packet that the client takes on this channel. ssh2 loops for ever when it writes to a client
 * that announced 0.
 */
export function peerPacketSize(channel: ServerChannel): number {
  const outgoing = channel.outgoing as { packetSize?: number } | undefined
  return outgoing?.packetSize ?? 0
}

/**
 * Forgets what ssh2 keeps of a finished write. It never does so itself and sends it again when the other of
 * stdout and stderr waits for window later.
 */
export function forgetFinishedWrite(channel: ServerChannel): void {
  Object.assign(channel, {
    _chunk: undefined,
    _chunkcb: undefined,
    _chunkErr: undefined,
    _chunkcbErr: undefined,
  })
}

/**
 * ssh2 skips the packet that a client sends on a guess of the key exchange also where the guess was right: it compares
 * the method with the first letter of its name. A client that guesses, as dropbear's does, then waits for ever.
 */
export function heedRightGuess(connection: Connection): void {
  const { _protocol: protocol } = connection as unknown as { _protocol?: Guessed }
  if (protocol === undefined) return
  let skips = false
  Object.defineProperty(protocol, '_skipNextInboundPacket', {
    get: () => skips && !isRight(protocol),
    set: (value: boolean) => {
      skips = value
    },
  })
}

type Guessed = {
  readonly _kex?: {
    readonly negotiated: { readonly kex: string; readonly serverHostKey: string }
    readonly _remoteKexinit: Buffer
  }
}

/** RFC 4253, 7: the guess is the first of each list; by dropbear's extension the method alone counts. */
function isRight({ _kex: exchange }: Guessed): boolean {
  if (exchange === undefined) return false
  const offer = exchange._remoteKexinit
  // Behind the message's number and its cookie.
  const methods = nameList(offer, 17)
  const hostKeys = nameList(offer, 17 + 4 + methods.join(',').length)
  return (
    methods[0] === exchange.negotiated.kex &&
    (methods.includes('kexguess2@matt.ucc.asn.au') || hostKeys[0] === exchange.negotiated.serverHostKey)
  )
}

const nameList = (bytes: Buffer, at: number): readonly string[] =>
  bytes.toString('latin1', at + 4, at + 4 + bytes.readUInt32BE(at)).split(',')
