import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeKey, type Ran, type SshOptions, type TestInstance } from './instance.ts'

/** Somebody with a key of his own. */
export type Person = {
  readonly name: string
  /** Path of an ssh_config in which `Host paas` uses his key alone. */
  readonly sshConfig: string
  readonly publicLine: string
  ssh(line: string, options?: SshOptions): Promise<Ran>
}

/** Makes a key that the server does not know. */
export async function stranger(paas: TestInstance, name: string): Promise<Person> {
  const publicKey = await makeKey(paas.folder, name)
  const sshConfig = join(paas.folder, `ssh_config_${name}`)
  const own = readFileSync(paas.sshConfig, 'utf8').replace(
    /IdentityFile .*/,
    `IdentityFile ${publicKey.replace(/\.pub$/, '')}`,
  )
  writeFileSync(sshConfig, own)
  return {
    name,
    sshConfig,
    publicLine: readFileSync(publicKey, 'utf8').trim(),
    ssh: (line, options = {}) =>
      paas.ssh(line, { ...options, arguments: ['-F', sshConfig, ...(options.arguments ?? [])] }),
  }
}

/** Makes a key and has the admin add it: a member, with `admin` another admin. */
export async function addPerson(paas: TestInstance, name: string, role?: 'admin'): Promise<Person> {
  const person = await stranger(paas, name)
  await paas.ok(`keys:add ${name}${role ? ' --admin' : ''}`, { input: person.publicLine })
  return person
}
