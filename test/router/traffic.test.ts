import { expect, test } from 'vitest'
import { emptyRequest, type LoggedRequest, readRequest } from '../../router/logged-request.ts'
import { type Outcome, outcome } from '../../router/outcome.ts'
import { createTraffic } from '../../router/traffic.ts'

const answered = (
  status: number,
  ms: number,
  { server = 'blog_10.0.0.1:80', ending = '--' } = {},
): [LoggedRequest, Outcome] => {
  const line = `1 1790000000000000 s1 ${server} ${ending} ${status} 100 0 ${ms} ${ms} 127.0.0.1 id GET blog.test /`
  const request = emptyRequest()
  if (!readRequest(request, Buffer.from(`${line}\n`), 0, line.length)) throw new Error('The line is none')
  return [request, outcome(request)]
}

test('95 of 100 answers began within p95, whatever the others took', () => {
  const traffic = createTraffic()
  for (let number = 0; number < 95; number++) traffic.count('blog', ...answered(200, 45))
  for (let number = 0; number < 5; number++) traffic.count('blog', ...answered(500, 9_000))
  expect(traffic.lastMinute('blog')).toEqual({ requests: 100, failed: 5, p95Ms: 50 })
  traffic.count('blog', ...answered(200, 9_000))
  expect(traffic.lastMinute('blog').p95Ms).toBe(10_000)
})

test('What is a minute old counts in the totals alone', () => {
  let now = 1_000_000
  const traffic = createTraffic(() => now)
  traffic.count('blog', ...answered(200, 5))
  now += 49_000
  expect(traffic.lastMinute('blog').requests).toBe(1)
  now += 11_000
  expect(traffic.lastMinute('blog')).toEqual({ requests: 0, failed: 0, p95Ms: null })
  traffic.count('blog', ...answered(200, 5))
  expect(traffic.lastMinute('blog').requests).toBe(1)
  expect(traffic.totals().get('blog')).toMatchObject({ bytes: 200, sumMs: 10 })
})

test('Of an app that is gone nothing is kept', () => {
  const traffic = createTraffic()
  traffic.count('blog', ...answered(200, 5))
  traffic.keep((id) => id !== 'blog')
  expect([...traffic.totals()]).toEqual([])
})

test('What the router itself refused is known for ten minutes, by status; what the app says is its own business', () => {
  let now = 60_000_000
  const traffic = createTraffic(() => now)
  const refused = { server: '<NOSRV>', ending: 'PR' }
  for (const status of [401, 429, 429, 413]) traffic.count('blog', ...answered(status, -1, refused))
  traffic.count('blog', ...answered(504, 1_000, { ending: 'sH' }))
  for (const status of [401, 413, 429, 504]) traffic.count('blog', ...answered(status, 5))
  traffic.count('blog', ...answered(403, -1, refused))
  expect(traffic.refused('blog')).toEqual({ 401: 1, 413: 1, 429: 2, 504: 1 })
  now += 9 * 60_000
  traffic.count('blog', ...answered(429, -1, refused))
  expect(traffic.refused('blog')).toEqual({ 401: 1, 413: 1, 429: 3, 504: 1 })
  now += 60_000
  expect(traffic.refused('blog')).toEqual({ 429: 1 })
  expect(traffic.refused('shop')).toEqual({})
})
