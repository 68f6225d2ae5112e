import { expect, test } from 'vitest'
import { drainAddress, shownDrain } from '../../server/drains/drain-address.ts'
import { syslogMessage } from '../../server/drains/syslog-message.ts'

test('syslog over TCP and TLS and HTTPS are known, with their usual ports', () => {
  expect(drainAddress('syslog://logs.example.com')).toMatchObject({ protocol: 'syslog:', port: 514 })
  expect(drainAddress('syslog+tls://logs.example.com/')).toMatchObject({ port: 6514 })
  expect(drainAddress('syslog://[::1]:5140')).toMatchObject({ host: '::1', port: 5140 })
  expect(drainAddress('https://logs.example.com/in?key=x')).toMatchObject({
    host: 'logs.example.com',
    port: 443,
  })
})

test.each([
  'http://logs.example.com',
  'syslog://',
  'syslog://user:secret@logs.example.com',
  'syslog+tls://logs.example.com/path',
  'file:///etc/passwd',
  'ssh://logs.example.com',
  'logs.example.com:514',
  'toString://x',
  '',
])('"%s" is no drain, and the refusal does not repeat it', (text) => {
  let said = ''
  try {
    drainAddress(text)
  } catch (error) {
    said = String(error)
  }
  expect(said).toContain('UsageError')
  expect(said).not.toContain('secret')
})

test('what may be secret is not shown', () => {
  expect(shownDrain('https://user:token@logs.example.com/in?key=secret')).toBe(
    'https://logs.example.com/in?...',
  )
  expect(shownDrain('syslog://logs.example.com:5140')).toBe('syslog://logs.example.com:5140')
})

test('a message has its length before it, in bytes, and its time as RFC 5424 knows it', () => {
  const at = '2026-08-01T10:00:00.123456789Z'
  const origin = { host: 'apps.example.com', app: 'blog' }
  const message = (source: string, text: string) => syslogMessage({ at, source, text }, origin).toString()
  const said = '<14>1 2026-08-01T10:00:00.123456Z apps.example.com blog web.1 - - grün'
  expect(message('app[web.1]', 'grün')).toBe(`${said.length + 1} ${said}`)
  expect(message('app[router]', 'at=info')).toMatch(/ blog router - - at=info$/)
})
