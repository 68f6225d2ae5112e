import { expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { parseAppDomain, parseDomain } from '../../server/state/domains.ts'

test.each([
  ['example.com', 'example.com'],
  ['WWW.Example.COM', 'www.example.com'],
  ['example.com.', 'example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['BÜCHER.example', 'xn--bcher-kva.example'],
  ['*.Example.com', '*.example.com'],
  ['localhost', 'localhost'],
  ['a-b.1.example', 'a-b.1.example'],
])('%s is the domain %s', (text, host) => {
  expect(parseDomain(text)).toBe(host)
})

test.each([
  '',
  '.',
  '*',
  '*.',
  '*.*.example.com',
  'a.*.example.com',
  'example.com..',
  '.example.com',
  'a..b',
  '-a.example',
  'a-.example',
  'a_b.example',
  'a b.example',
  'example.com:80',
  'http://example.com',
  'example.com/path',
  'example.com?x',
  'example.com#x',
  'user@example.com',
  'a%2eb.example',
  'example.com\\x',
  'example\t.com',
  '127.0.0.1',
  '0x7f.1',
  '2130706433',
  '[::1]',
  '::1',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(127)}example`,
])('%j is no domain', (text) => {
  expect(() => parseDomain(text)).toThrow(UserError)
})

test.each([
  ['WWW.Example.com', 'www.example.com'],
  ['www.example.com/', 'www.example.com'],
  ['Example.com/Api', 'example.com/Api'],
  ['example.com./api/v1/', 'example.com/api/v1'],
  ['*.example.com/api', '*.example.com/api'],
  ['example.com/.well-known/a_b~c', 'example.com/.well-known/a_b~c'],
])('%s is the domain %s of an app', (text, domain) => {
  expect(parseAppDomain(text)).toBe(domain)
})

test.each([
  '/api',
  'example.com//api',
  'example.com/api//',
  'example.com/api//v1',
  'example.com/./api',
  'example.com/api/..',
  'example.com/../api',
  'example.com/%61pi',
  'example.com/%2e%2e',
  'example.com/a b',
  'example.com/api?x',
  'example.com/api#x',
  'example.com/api;x',
  'example.com/a\\b',
  'example.com/ä',
  'example.com/a\nb',
  'example.com:80/api',
  'http://example.com/api',
  '127.0.0.1/api',
  `example.com/${'a'.repeat(201)}`,
])('%j is no domain of an app', (text) => {
  expect(() => parseAppDomain(text)).toThrow(UserError)
})
