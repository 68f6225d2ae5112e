import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { parseUrl } from '../../server/net/parse-url.ts'
import { addressesOf, isPublic } from '../../server/net/public-address.ts'

test.each([
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:10.0.0.1',
  '::ffff:169.254.169.254',
  '::7f00:1',
  '64:ff9b::a00:1',
  '64:ff9b:1::1',
  '2001:db8::1',
  '2002:7f00:1::',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'ff02::1',
])('%s is private', (address) => {
  expect(isPublic(address)).toBe(false)
})

test.each(['1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '2606:4700::1111', '2a00:1450::1'])(
  '%s is public',
  (address) => {
    expect(isPublic(address)).toBe(true)
  },
)

test('an address of this machine is private, whatever it is', () => {
  for (const { address } of Object.values(networkInterfaces()).flatMap((each) => each ?? []))
    expect(isPublic(address), address).toBe(false)
})

test('a host is refused by where its name leads, in all the ways to write that', async () => {
  for (const text of [
    'http://localhost/',
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data',
  ]) {
    const { hostname } = parseUrl(text).url
    await expect(addressesOf(hostname, { allowPrivate: false }), text).rejects.toThrow('private network')
    expect((await addressesOf(hostname, { allowPrivate: true })).length).toBeGreaterThan(0)
  }
  await expect(addressesOf('none.invalid', { allowPrivate: true })).rejects.toThrow('cannot be found')
})

test.each([
  'file:///etc/passwd',
  'ext::sh -c id',
  'ssh://host/x',
  'git@host:x',
  '--upload-pack=x',
  '/etc',
  'gopher://x/',
  '',
])('%s is no address of the web', (text) => {
  expect(() => parseUrl(text)).toThrow('https://')
})

test('a login is taken out of the address', () => {
  const { url, authorization } = parseUrl('https://ann:s%20t@example.com/x')
  expect(url.href).toBe('https://example.com/x')
  expect(authorization).toBe(`Basic ${Buffer.from('ann:s t').toString('base64')}`)
})
