import { get } from 'node:http'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository({
    ...staticApp('page'),
    'www/cgi-bin/held': '#!/bin/sh\nsleep 60\n',
  })
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('apps:create empty')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const rules = async (app: string) => JSON.parse(await paas.ok(`autoscale ${app} --json`)).rules

test('a rule is set, shown, replaced and taken away again, and each is an event', async () => {
  expect(await paas.ok('autoscale empty')).toContain('It does not: autoscale:set empty web=1..5')
  expect(await paas.ok('autoscale:set empty web=1..5')).toContain(
    'empty scales itself: web=1..5 by more than 10 requests in flight for each',
  )
  expect(await paas.ok('autoscale:set empty web=2..8 --p95 300 --plan')).toContain(
    'web=1..5 by more than 10 requests in flight for each -> web=2..8 by p95 above 300 ms',
  )
  expect(await rules('empty')).toMatchObject([{ process: 'web', least: 1, most: 5, measure: 'queue' }])
  await paas.ok('autoscale:set empty web=2..8 --p95 300')
  await paas.ok('autoscale:set empty worker=1..2 --cpu 70')
  expect(await rules('empty')).toMatchObject([
    { process: 'web', least: 2, most: 8, measure: 'p95', threshold: 300, steppedAt: null },
    { process: 'worker', measure: 'cpu', threshold: 70 },
  ])
  expect(await paas.ok('autoscale:off empty worker --plan')).toContain(
    'no longer scaled by itself: worker=1..2 by more than 70 % of its CPU used by each',
  )
  await paas.ok('autoscale:off empty worker')
  expect(await rules('empty')).toHaveLength(1)
  await paas.ok('autoscale:off empty')
  expect(await rules('empty')).toEqual([])
  const events = JSON.parse(await paas.ok('events empty --type autoscale --json')) as { type: string }[]
  expect(events.map(({ type }) => type)).toEqual([
    'autoscale-set',
    'autoscale-set',
    'autoscale-set',
    'autoscale-ended',
    'autoscale-ended',
  ])
})

test.each([
  ['web=5..1', 64, 'For instance'],
  ['web=0..1', 64, 'For instance'],
  ['web=1..101', 64, 'For instance'],
  ['web=1..5 --queue 0', 64, 'is not a whole number'],
  ['web=1..5 --cpu 101', 64, 'is not a whole number'],
  ['web=1..5 --cpu 50 --p95 300', 64, 'exclude each other'],
  ['worker=1..5 --queue 5', 64, 'by --cpu'],
  ['wbe=1..5 --cpu 50', 1, 'web'],
])('autoscale:set %s is refused with what to type instead', async (words, exitCode, said) => {
  const refused = await paas.ssh(`autoscale:set blog ${words}`)
  expect(refused).toMatchObject({ exitCode, stdout: '' })
  expect(refused.stderr).toContain(said)
  expect(await rules('blog')).toEqual([])
})

test('autoscale:off of what does not scale itself says so', async () => {
  expect(await paas.ssh('autoscale:off blog web')).toMatchObject({ exitCode: 1, stdout: '' })
})

test('requests in flight bring as many containers as they need, and the event says why', async () => {
  const held = [1, 2, 3].map(() =>
    get({
      host: '127.0.0.1',
      port: paas.httpPort,
      path: '/cgi-bin/held',
      headers: { host: 'blog.localhost' },
    }).on('error', () => {}),
  )
  await until('three are in flight', async () => {
    const { traffic } = JSON.parse(await paas.ok('ps blog --json')) as { traffic: { inFlight: number } }
    return traffic.inFlight === 3
  })
  expect(await paas.ok('autoscale:set blog web=1..4 --queue 1 --plan')).toContain(
    'now web=1 -> web=3: 3 requests in flight for each container, more than 1',
  )
  await paas.ok('autoscale:set blog web=1..4 --queue 1')
  const told = async () => JSON.parse(await paas.ok('events blog --type app-scaled --json'))
  await until('it is scaled', async () => (await told()).length === 1)
  for (const request of held) request.destroy()
  expect(await told()).toMatchObject([
    {
      who: 'paas',
      message: 'blog is scaled: web=3, by itself: 3 requests in flight for each container, more than 1',
    },
  ])
  expect(await paas.ok('scale blog')).toBe('web=3\n')
  expect((await rules('blog'))[0].steppedAt).toMatch(/^\d{4}-/)
})

test('more containers than the rule allows are stopped at once, and what is scaled to 0 stays so', async () => {
  await paas.ok('autoscale:set blog web=1..2 --queue 50')
  await until('it has two', async () => (await paas.ok('scale blog')) === 'web=2\n')
  await paas.ok('scale blog web=0')
  expect(await paas.ok('autoscale:set blog web=2..3 --plan')).not.toContain('now web=0')
})
