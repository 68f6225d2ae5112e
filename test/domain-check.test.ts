import { expect, test } from 'vitest'
import { checkDomains, type Resolve } from '../server/domain-check.ts'

const records: Readonly<Record<string, readonly string[]>> = {
  'www.example.com': ['198.51.100.7'],
  'moved.example.com': ['203.0.113.9'],
  'half.example.com': ['198.51.100.7', '203.0.113.9'],
  'own.example.com': ['10.1.2.3', 'fd00::1'],
}

const resolve: Resolve = async (host) => {
  const found = host.endsWith('.apps.example.com') ? ['198.51.100.7'] : records[host]
  if (!found) throw Object.assign(new Error(host), { code: 'ENOTFOUND' })
  return found
}

const here = async (hosts: readonly string[], domain = 'apps.example.com') =>
  (await checkDomains(hosts, { domain, resolve, own: ['127.0.0.1', '10.1.2.3', 'fd00::1'] })).map(
    (each) => each.here,
  )

test('a domain is here where all its addresses are this machine’s, or those of the server’s own domain', async () => {
  expect(await here(['www.example.com', 'own.example.com', 'blog.apps.example.com'])).toEqual([
    true,
    true,
    true,
  ])
  expect(await here(['moved.example.com', 'half.example.com', 'none.example.com'])).toEqual([
    false,
    false,
    false,
  ])
  expect(await here(['www.example.com', 'own.example.com'], 'localhost')).toEqual([false, true])
})

test('of a wildcard any name below it is asked for', async () => {
  expect(await here(['*.apps.example.com', '*.example.com'])).toEqual([true, false])
})

test('a name without an address says what the resolver said', async () => {
  expect(await checkDomains(['none.example.com'], { domain: 'localhost', resolve, own: [] })).toEqual([
    { host: 'none.example.com', addresses: [], here: false, problem: 'ENOTFOUND' },
  ])
})
