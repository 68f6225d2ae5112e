import { existsSync } from 'node:fs'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { UserError } from '../server/errors.ts'
import type { Layout } from './layout.ts'

export type AdminKey = {
  /** `ssh-ed25519 AAAA... comment` */
  readonly line: string
  /** Where its private part lies, if we can see it. */
  readonly privateFile: string | undefined
}

/**
 * The first admin's key: `PAAS_ADMIN_KEY` (a path or a key line), else one in `~/.ssh`, else one made in the
 * instance's folder. Throws `UserError` naming the setting where it holds no public key.
 */
export async function adminKey(setting: string | undefined, places: Layout): Promise<AdminKey> {
  if (setting && /^\S+ AAAA/.test(setting)) return { line: keyLine(setting, 'is'), privateFile: undefined }
  if (setting) return await keyInFile(resolve(setting.replace(/^~(?=\/)/, homedir())))
  const own = ['id_ed25519.pub', 'id_ecdsa.pub', 'id_rsa.pub']
    .map((name) => join(homedir(), '.ssh', name))
    .find((path) => existsSync(path))
  if (own) return await keyInFile(own)
  if (!existsSync(`${places.adminKey}.pub`)) await makeKey(places.adminKey)
  return await keyInFile(`${places.adminKey}.pub`)
}

/** The server reads this file on every start and sees to it that the key is an admin's. */
export async function writeAdminKey({ line }: AdminKey, places: Layout): Promise<void> {
  await writeFile(places.adminPublicKey, `${line}\n`, { mode: 0o600 })
}

async function keyInFile(path: string): Promise<AdminKey> {
  const privateFile = path.replace(/\.pub$/, '')
  const publicFile = `${privateFile}.pub`
  const file = existsSync(publicFile) ? publicFile : path
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw wrong(`${path} cannot be read: ${error.message}`)
  })
  return {
    line: keyLine(text, `${file} holds`),
    privateFile: existsSync(privateFile) && privateFile !== file ? privateFile : undefined,
  }
}

function keyLine(text: string, where: string): string {
  const line = text
    .split('\n')
    .find((candidate) => candidate.trim() && !candidate.startsWith('#'))
    ?.trim()
  if (!line || !/^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ AAAA[0-9A-Za-z+/]+={0,3}( [^\r\n]*)?$/.test(line)) {
    throw wrong(`${where} no OpenSSH public key (ssh-ed25519 AAAA... name)`)
  }
  return line
}

async function makeKey(path: string): Promise<void> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'admin', '-f', path])
  await chmod(path, 0o600)
}

const wrong = (why: string): UserError =>
  new UserError(`PAAS_ADMIN_KEY: ${why}`, {
    next: 'Give it the path of a public key file, or the key line itself',
  })
