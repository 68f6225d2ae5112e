import { readFile, writeFile } from 'node:fs/promises'
import { UnavailableError } from '../server/errors.ts'
import type { Settings } from '../server/settings.ts'
import type { AdminKey } from './admin-key.ts'
import type { Layout } from './layout.ts'

/** The `Host paas` block: for this instance's own file, and for a person's `~/.ssh/config`. */
export function sshConfig(settings: Settings, places: Layout, { privateFile }: AdminKey): string {
  const lines = [
    'Host paas',
    `  HostName ${loopbackFor(settings.sshHost)}`,
    `  Port ${settings.sshPort}`,
    '  User paas',
    // Without the private part here the key is in an agent or on another machine: let ssh look for it.
    ...(privateFile ? [`  IdentityFile ${quoted(privateFile)}`, '  IdentitiesOnly yes'] : []),
    `  UserKnownHostsFile ${quoted(places.knownHosts)}`,
    '  StrictHostKeyChecking yes',
    // Left to itself ssh takes CTR with a separate MAC, which costs both ends three times the CPU.
    '  Ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr',
  ]
  return `${lines.join('\n')}\n`
}

/** Writes `ssh_config` and `known_hosts`, once the server has made its host key. Never touches `~/.ssh`. */
export async function writeSshConfig(settings: Settings, places: Layout, key: AdminKey): Promise<void> {
  const hostKey = await readFile(places.hostPublicKey, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UnavailableError(`The server runs, but its host key is missing: ${error.message}`)
  })
  await writeFile(places.knownHosts, knownHost(settings, hostKey), { mode: 0o644 })
  await writeFile(places.sshConfig, sshConfig(settings, places, key), { mode: 0o644 })
}

/** Where a client on this machine reaches what listens on `host`. */
export function loopbackFor(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

function knownHost({ sshHost, sshPort }: Settings, hostKey: string): string {
  const host = loopbackFor(sshHost)
  const [type, key] = hostKey.trim().split(/\s+/)
  return `${sshPort === 22 ? host : `[${host}]:${sshPort}`} ${type} ${key}\n`
}

const quoted = (path: string): string => (/\s/.test(path) ? `"${path}"` : path)
