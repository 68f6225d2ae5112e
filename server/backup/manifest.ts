import { UserError } from '../errors.ts'
import { isObject } from '../source/is-object.ts'

/** What a backup says of itself, ahead of everything else. */
export type Manifest = {
  readonly format: 1
  /** The server's, which its apps carry in their labels: it becomes that of the server that takes it. */
  readonly instance: string
  /** When it was begun. */
  readonly at: string
  /** Numbers of the changes that its state store has seen. */
  readonly migrations: readonly number[]
  /** The master key and the host key are in it. */
  readonly withKeys: boolean
}

/** Throws `UserError` where it is none, or of a server that is newer than one that knows `known` migrations. */
export function parseManifest(text: string, known: readonly number[]): Manifest {
  const found = parsed(text)
  if (!isObject(found) || typeof found.format !== 'number') throw notOurs()
  if (found.format !== 1 || !Array.isArray(found.migrations)) throw newer()
  const { instance, at, withKeys } = found
  if (typeof instance !== 'string' || !/^[a-z2-7]{8}$/.test(instance) || typeof at !== 'string')
    throw notOurs()
  const migrations = found.migrations.map(Number)
  if (migrations.some((number) => !known.includes(number))) throw newer()
  return { format: 1, instance, at, migrations, withKeys: withKeys === true }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const notOurs = (): UserError =>
  new UserError('The archive does not begin as a backup of a server does', {
    next: 'Take one that backup wrote, as it came: ssh paas backup > server.tar',
  })

const newer = (): UserError =>
  new UserError('The backup is of a newer version of this server, which this one cannot read', {
    next: 'Update this server to the version that wrote it, then restore again',
  })
