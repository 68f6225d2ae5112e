import { mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it, onTestFinished } from 'vitest'
import { adminKey, writeAdminKey } from '../../scripts/admin-key.ts'
import { type Layout, layout } from '../../scripts/layout.ts'
import { loopbackFor, sshConfig, writeSshConfig } from '../../scripts/ssh-config.ts'
import { readSettings } from '../../server/settings.ts'

it("gives ssh the port, the key and the instance's own known hosts", async () => {
  const places = await instanceFolder()
  const key = join(places.home, 'me')
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(places.ssh, 'host_key')])

  await writeSshConfig(settings({ PAAS_SSH_PORT: '2200' }), places, await adminKey(key, places))

  // What ssh itself makes of it.
  const { stdout } = await execa('ssh', ['-G', '-F', places.sshConfig, 'paas'])
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining([
      'hostname 127.0.0.1',
      'port 2200',
      'user paas',
      `identityfile ${key}`,
      'identitiesonly yes',
      `userknownhostsfile ${places.knownHosts}`,
      'stricthostkeychecking true',
      'ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr',
    ]),
  )
  const found = await execa('ssh-keygen', ['-F', '[127.0.0.1]:2200', '-f', places.knownHosts])
  const [type, blob] = (await readFile(places.hostPublicKey, 'utf8')).split(' ')
  expect(found.stdout).toContain(`[127.0.0.1]:2200 ${type} ${blob}`)
})

it('leaves the choice of the key to ssh when only a public key line is known', async () => {
  const places = await instanceFolder()
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me'
  const key = await adminKey(line, places)
  await writeAdminKey(key, places)

  expect(sshConfig(settings({}), places, key)).not.toMatch(/Identit/)
  expect(await readFile(places.adminPublicKey, 'utf8')).toBe(`${line}\n`)
})

it('leaves the choice to ssh when the private part is elsewhere', async () => {
  const places = await instanceFolder()
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me'
  await writeFile(join(places.home, 'me.pub'), `${line}\n`)
  expect(await adminKey(join(places.home, 'me.pub'), places)).toEqual({ line, privateFile: undefined })
})

it('refuses a PAAS_ADMIN_KEY that holds no public key', async () => {
  const places = await instanceFolder()
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(places.home, 'me')])
  await writeFile(join(places.home, 'me.pub'), 'hello\n')

  await expect(adminKey(join(places.home, 'me'), places)).rejects.toThrow(
    /PAAS_ADMIN_KEY: .*me\.pub holds no/,
  )
  await expect(adminKey('/nonexistent', places)).rejects.toThrow(
    /PAAS_ADMIN_KEY: \/nonexistent cannot be read/,
  )
  await expect(adminKey('ssh-ed25519 AAAA\nssh-rsa AAAA', places)).rejects.toThrow(/PAAS_ADMIN_KEY/)
})

it('goes to the loopback address of what listens everywhere', () => {
  expect(loopbackFor('0.0.0.0')).toBe('127.0.0.1')
  expect(loopbackFor('::')).toBe('::1')
  expect(loopbackFor('192.0.2.7')).toBe('192.0.2.7')
})

function settings(environment: Record<string, string>) {
  return readSettings(environment, '/nonexistent/.env')
}

async function instanceFolder(): Promise<Layout> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'paas-ssh-config-'))
  onTestFinished(() => folder.remove())
  const places = layout(folder.path)
  await mkdir(places.ssh)
  return places
}
