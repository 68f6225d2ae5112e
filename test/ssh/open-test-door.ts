import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import type { Person } from '../../server/ssh/authentication.ts'
import { type Door, type DoorEvent, type Limits, openDoor } from '../../server/ssh/door.ts'
import { loadHostKey } from '../../server/ssh/host-key.ts'
import { parsePublicKey } from '../../server/ssh/public-key.ts'
import type { Session } from '../../server/ssh/session.ts'
import { type Execution, execute, launch, type Outcome } from './execute.ts'

// Real programs on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

export type TestPerson = Person & { readonly keyFile: string; readonly privateKey: string }

export type TestDoor = AsyncDisposable & {
  readonly door: Door
  readonly folder: string
  readonly events: DoorEvent[]
  readonly offered: string[]
  /** A new key of the real ssh-keygen, which the door knows unless it is a stranger's. */
  person(name: string, options?: { readonly type?: string; readonly stranger?: boolean }): Promise<TestPerson>
  /** The arguments of OpenSSH's client up to the host. */
  sshArguments(keyFile: string): string[]
  ssh(person: TestPerson, args: readonly string[], input?: string | Buffer): Promise<Outcome>
  launchSsh(person: TestPerson, args: readonly string[]): Execution
}

/** A door on a free port with a host key of its own. */
export async function openTestDoor(
  run: (session: Session) => Promise<number>,
  limits: Partial<Limits> = {},
): Promise<TestDoor> {
  const folder = await mkdtemp(join(tmpdir(), 'door-'))
  const people = new Map<string, Person>()
  const events: DoorEvent[] = []
  const offered: string[] = []
  const hostKey = await loadHostKey(join(folder, 'host_key'))
  const door = await openDoor({
    host: '127.0.0.1',
    port: 0,
    hostKey: hostKey.privateKey,
    identify: ({ fingerprint }) => {
      offered.push(fingerprint)
      return people.get(fingerprint)
    },
    run,
    log: (event) => events.push(event),
    limits,
  })
  const sshArguments = (keyFile: string): string[] => [
    ...['-F', 'none', '-T', '-p', String(door.port), '-i', keyFile],
    ...[
      'BatchMode=yes',
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'GlobalKnownHostsFile=/dev/null',
      'LogLevel=ERROR',
    ].flatMap((option) => ['-o', option]),
  ]
  return {
    door,
    folder,
    events,
    offered,
    sshArguments,
    person: async (name, { type = 'ed25519', stranger = false } = {}) => {
      const keyFile = join(folder, `${name}-${type}`)
      const bits = type === 'rsa' ? ['-b', '2048'] : []
      const made = await execute('ssh-keygen', [
        '-q',
        '-t',
        type,
        ...bits,
        '-N',
        '',
        '-C',
        name,
        '-f',
        keyFile,
      ])
      if (made.code !== 0) throw new Error(made.stderr)
      const { fingerprint } = parsePublicKey(await readFile(`${keyFile}.pub`, 'utf8'))
      const person = { userId: name, name, fingerprint }
      if (!stranger) people.set(fingerprint, person)
      return { ...person, keyFile, privateKey: await readFile(keyFile, 'utf8') }
    },
    ssh: (person, args, input = '') =>
      execute('ssh', [...sshArguments(person.keyFile), 'paas@127.0.0.1', ...args], { input }),
    launchSsh: (person, args) => launch('ssh', [...sshArguments(person.keyFile), 'paas@127.0.0.1', ...args]),
    [Symbol.asyncDispose]: async () => {
      await door[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true, maxRetries: 20 })
    },
  }
}
