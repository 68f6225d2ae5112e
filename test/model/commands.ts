import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Ran } from '../instance.ts'
import { appNames, domainNames, type RealWorld } from './real-world.ts'
import { configure, type ModelApp, newApp, rollbackTarget, type World } from './world.ts'

export type WorldCommand = fc.AsyncCommand<World, RealWorld>

/** Every command that the model knows, with what one may ask of it; several people give them in turn. */
export function worldCommands(): fc.Arbitrary<WorldCommand>[] {
  const app = fc.constantFrom(...appNames)
  const person = fc.nat({ max: 1 })
  const key = fc.constantFrom('KEY_A', 'KEY_B')
  const value = fc.constantFrom('x', 'y', 'z z')
  const domain = fc.constantFrom(...domainNames)
  const on = fc.record({ app, person })
  return [
    on.map(create),
    app.map(push),
    app.map(push),
    fc.record({ app, person, key, value }).map(set),
    fc.record({ app, person, key }).map(unset),
    fc.record({ app, person, web: fc.integer({ min: 1, max: 2 }) }).map(scale),
    fc.record({ app, person, domain }).map(addDomain),
    fc.record({ app, person, domain }).map(removeDomain),
    on.map(rollback),
    on.map(restart),
    on.map(destroy),
    app.map(setAtOnce),
    fc.constant(killServer),
    fc.constant(flushRedis),
  ]
}

type On = { readonly app: string; readonly person: number }

const create = ({ app, person }: On): WorldCommand =>
  command(`apps:create ${app}`, async ({ apps }, real) => {
    expectEnd(await real.ssh(person, `apps:create ${app}`), !apps.has(app))
    if (!apps.has(app)) apps.set(app, newApp())
  })

let pages = 0

const push = (app: string): WorldCommand =>
  command(`git push paas:${app}`, async ({ apps }, real) => {
    const page = `page ${++pages}`
    expectEnd(await real.push(app, page), true)
    const model = apps.get(app) ?? newApp()
    apps.set(app, model)
    model.releases.push({ page, config: model.config })
  })

const set = ({ app, person, key, value }: On & { key: string; value: string }): WorldCommand =>
  ofApp(app, `config:set ${app} ${key}='${value}'`, async (model, real) => {
    // What is set to what it is makes no release.
    if (model.config[key] === value) return
    expectEnd(await real.ssh(person, `config:set -a ${app} ${key}='${value}'`), true)
    configure(model, { ...model.config, [key]: value })
  })

const unset = ({ app, person, key }: On & { key: string }): WorldCommand =>
  ofApp(app, `config:unset ${app} ${key}`, async (model, real) => {
    if (!(key in model.config)) return
    expectEnd(await real.ssh(person, `config:unset -a ${app} ${key}`), true)
    configure(model, Object.fromEntries(Object.entries(model.config).filter(([name]) => name !== key)))
  })

const scale = ({ app, person, web }: On & { web: number }): WorldCommand =>
  ofApp(app, `scale ${app} web=${web}`, async (model, real) => {
    if (model.releases.length === 0) return
    expectEnd(await real.ssh(person, `scale -a ${app} web=${web}`), true)
    model.web = web
  })

const addDomain = ({ app, person, domain }: On & { domain: string }): WorldCommand =>
  command(`domains:add ${app} ${domain}`, async ({ apps }, real) => {
    const model = apps.get(app)
    if (!model) return
    const isOthers = [...apps].some(([name, each]) => name !== app && each.domains.has(domain))
    expectEnd(await real.ssh(person, `domains:add -a ${app} ${domain}`), !isOthers)
    if (!isOthers) model.domains.add(domain)
  })

const removeDomain = ({ app, person, domain }: On & { domain: string }): WorldCommand =>
  ofApp(app, `domains:remove ${app} ${domain}`, async (model, real) => {
    expectEnd(await real.ssh(person, `domains:remove -a ${app} ${domain}`), model.domains.has(domain))
    model.domains.delete(domain)
  })

const rollback = ({ app, person }: On): WorldCommand =>
  ofApp(app, `rollback ${app}`, async (model, real) => {
    const target = rollbackTarget(model)
    expectEnd(await real.ssh(person, `rollback -a ${app}`), target !== undefined)
    if (!target) return
    model.releases.push(target)
    model.config = target.config
  })

const restart = ({ app, person }: On): WorldCommand =>
  ofApp(app, `ps:restart ${app}`, async (model, real) => {
    expectEnd(await real.ssh(person, `ps:restart ${app}`), model.releases.length > 0)
  })

const destroy = ({ app, person }: On): WorldCommand =>
  command(`apps:destroy ${app}`, async ({ apps }, real) => {
    expectEnd(await real.ssh(person, `apps:destroy ${app} --force`), apps.has(app))
    apps.delete(app)
  })

/** Two people at once: whichever comes first, both changes last. */
const setAtOnce = (app: string): WorldCommand =>
  ofApp(app, `config:set ${app} KEY_C, KEY_D at once`, async (model, real) => {
    const ran = await Promise.all([
      real.ssh(0, `config:set -a ${app} KEY_C=${model.releases.length}`),
      real.ssh(1, `config:set -a ${app} KEY_D=${model.releases.length}`),
    ])
    for (const each of ran) expectEnd(each, true)
    const count = String(model.releases.length)
    if (model.releases.length === 0) return configure(model, { ...model.config, KEY_C: count, KEY_D: count })
    const last = JSON.parse(await real.paas.ok(`releases -a ${app} -n 1 --json`)) as {
      description: string
    }[]
    const first = last[0]?.description.includes('KEY_D') ? 'KEY_C' : 'KEY_D'
    configure(model, { ...model.config, [first]: count })
    configure(model, { ...model.config, KEY_C: count, KEY_D: count })
  })

const killServer: WorldCommand = command('kill the server', (_, real) => real.killServer())

const flushRedis: WorldCommand = command('flush Redis', async (world, real) => {
  await real.flushRedis()
  // No route is lost meanwhile: it is compared at once.
  await real.compare(world)
})

/** Nothing is asked of an app that is not there. */
const ofApp = (
  app: string,
  text: string,
  work: (model: ModelApp, real: RealWorld) => Promise<void>,
): WorldCommand => ({
  ...command(text, async ({ apps }, real) => {
    const model = apps.get(app)
    if (model) await work(model, real)
  }),
  check: ({ apps }) => apps.has(app),
})

function command(text: string, work: (world: World, real: RealWorld) => Promise<void>): WorldCommand {
  return {
    check: () => true,
    async run(world, real) {
      real.onCommand(text)
      await work(world, real)
      await real.compare(world)
    },
    toString: () => text,
  }
}

function expectEnd({ exitCode, stderr }: Ran, isDone: boolean): void {
  assert.equal(exitCode === 0, isDone, `exit code ${exitCode}: ${stderr}`)
  assert.doesNotMatch(stderr, /nternal error/)
}
