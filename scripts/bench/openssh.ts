import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { until } from '../../test/instance.ts'

const program = '/usr/sbin/sshd'
const policy = '/usr/sbin/policy-rc.d'

/** A real OpenSSH server of our own, which lets in whom the instance's server lets in. */
export type OpenSsh = AsyncDisposable & {
  /** The client's configuration: the instance's with another port and host key. */
  readonly sshConfig: string
}

/** Starts it with its own port, keys and configuration in `folder`; Debian's package is installed where it is missing. */
export async function startOpenSsh(options: {
  readonly folder: string
  readonly port: number
  /** The client configuration and public key that the instance is reached with. */
  readonly sshConfig: string
  readonly publicKey: string
}): Promise<OpenSsh> {
  await install()
  const at = (name: string): string => join(options.folder, name)
  mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  // Where sshd locks its unprivileged half in; Debian's service makes it.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('host_key')])
  writeFileSync(at('authorized_keys'), readFileSync(options.publicKey))
  writeFileSync(
    at('sshd_config'),
    [
      `Port ${options.port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host_key')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      'PidFile none',
      'StrictModes no',
      'PermitRootLogin yes',
      'UsePAM no',
      'UseDNS no',
      'PasswordAuthentication no',
      // So that fifty at once are not refused.
      'MaxStartups 1000',
      '',
    ].join('\n'),
  )
  writeFileSync(at('ssh_config'), await clientConfig(options, at))

  const server = spawn(program, ['-D', '-e', '-f', at('sshd_config')], { stdio: 'ignore' })
  server.on('error', () => {})
  await until('sshd answers', async () => {
    const { exitCode } = await execa('ssh', ['-F', at('ssh_config'), 'paas', 'true'], { reject: false })
    return exitCode === 0
  })
  return {
    sshConfig: at('ssh_config'),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      if (server.kill()) await closed
    },
  }
}

/** Installed without the service that the package would start. */
async function install(): Promise<void> {
  if (existsSync(program)) return
  const hasPolicy = existsSync(policy)
  if (!hasPolicy) await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const environment = { env: { DEBIAN_FRONTEND: 'noninteractive' } }
    await execa('apt-get', ['update'], environment)
    await execa('apt-get', ['install', '--yes', '--no-install-recommends', 'openssh-server'], environment)
  } finally {
    if (!hasPolicy) await rm(policy)
  }
}

async function clientConfig(
  { port, sshConfig }: { port: number; sshConfig: string },
  at: (name: string) => string,
): Promise<string> {
  const { stdout: user } = await execa('id', ['-un'])
  const hostKey = readFileSync(at('host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`)
  return readFileSync(sshConfig, 'utf8')
    .replace(/^(\s*)Port .*$/m, `$1Port ${port}`)
    .replace(/^(\s*)User .*$/m, `$1User ${user}`)
    .replace(/^(\s*)HostKeyAlias .*$\n/m, '')
    .replace(/^(\s*)UserKnownHostsFile .*$/m, `$1UserKnownHostsFile ${at('known_hosts')}`)
}
