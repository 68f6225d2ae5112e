import type { Desired } from './desired.ts'
import type { Haproxy } from './haproxy.ts'
import type { RouterPaths } from './paths.ts'
import { type Actual, planOf, type Server } from './reconcile.ts'
import { slotNumber } from './slots.ts'

/** Makes the HAProxy that holds `actual` hold `desired`. Throws `HaproxyError`, and then nobody knows what it holds. */
export async function carryOut(
  haproxy: Haproxy,
  paths: RouterPaths,
  desired: Desired,
  actual: Actual,
): Promise<void> {
  const plan = planOf(desired, actual)
  for (const [name, change] of plan.extras)
    await haproxy.changeMap(
      paths.extras[name],
      change,
      new Map([...actual.extras[name], ...desired.extras[name]]),
    )
  await haproxy.run(plan.adds)
  await haproxy.run(plan.swaps)
  await haproxy.changeMap(paths.challenges, plan.challenges, desired.challenges)
  await haproxy.changeMap(paths.hosts, plan.hosts, desired.hosts)
  await haproxy.changeMap(paths.wildcards, plan.wildcards, desired.wildcards)
  await haproxy.run(plan.drains)
  for (const [name, change] of plan.formerExtras)
    await haproxy.changeMap(paths.extras[name], change, desired.extras[name])
}

/** What the HAProxy with process id `pid` holds. Throws `HaproxyError`. */
export async function readActual(haproxy: Haproxy, paths: RouterPaths, pid: number): Promise<Actual> {
  const slots = new Map<string, Map<string, Server>>()
  for (const { slot, name, address, state } of await haproxy.servers()) {
    if (slotNumber(slot) === undefined) continue
    const servers = slots.get(slot) ?? new Map<string, Server>()
    slots.set(slot, servers.set(name, { address, state }))
  }
  return {
    pid,
    slots,
    hosts: await haproxy.map(paths.hosts),
    wildcards: await haproxy.map(paths.wildcards),
    challenges: await haproxy.map(paths.challenges),
    extras: {
      settings: await haproxy.map(paths.extras.settings),
      pages: await haproxy.map(paths.extras.pages),
      visitors: await haproxy.map(paths.extras.visitors),
      redirects: await haproxy.map(paths.extras.redirects),
    },
    capacity: (await haproxy.backends()).filter((name) => slotNumber(name) !== undefined).length,
  }
}
