import { randomBytes } from 'node:crypto'
import { UserError } from '../errors.ts'
import type { Addon, AppJson } from '../source/app-json.ts'
import { type ConfigVars, parseConfigVars, type Variables } from '../state/config.ts'
import { type Link, releaseLink } from '../state/links.ts'
import type { ReleaseLink } from '../state/releases.ts'
import type { Service } from '../state/services.ts'
import type { Deploy } from './deploy.ts'
import { makeLink } from './link.ts'
import { mergedConfig } from './merged-config.ts'

/** What the release gets with what app.json asks for. */
export type Provided = {
  readonly config: ConfigVars
  readonly links: readonly ReleaseLink[]
  /** Makes what was made last; part of the switch's transaction. */
  readonly record: () => void
}

/**
 * Gives the app what its app.json asks for and it does not have: config vars (`env`), databases (`addons`). All of it
 * is taken back if the deploy ends before its switch. Throws `UserError` where a required config var has no value.
 */
export async function provideAppJson(deploy: Deploy, appJson: AppJson | undefined): Promise<Provided> {
  const { paas, app } = deploy
  const config = parseConfigVars({
    ...missingVars(deploy, appJson?.env ?? {}),
    ...paas.store.config.of(app.id),
  })
  const made = await provideServices(deploy, appJson?.addons ?? [])
  return {
    config,
    links: [
      ...paas.store.links.next(app.id),
      ...made.flatMap((each) => ('serviceId' in each ? releaseLink(each) : [])),
    ],
    record: () => {
      for (const each of made) paas.provisioning.keep(each)
    },
  }
}

function missingVars(deploy: Deploy, env: AppJson['env']): Variables {
  const { paas, app, progress } = deploy
  const config = mergedConfig(paas, app.id)
  const missing = Object.entries(env).filter(([name]) => !Object.hasOwn(config, name))
  const unknown = missing.filter(([, entry]) => entry.required && entry.value === undefined && !entry.secret)
  if (unknown.length > 0) {
    const names = unknown.map(([name, { description }]) => `${name}${description ? ` (${description})` : ''}`)
    throw new UserError(`app.json requires config vars that are not set: ${names.join(', ')}`, {
      next: `Set them, then push again: config:set ${app.name} ${unknown.map(([name]) => `${name}=...`).join(' ')}`,
    })
  }
  const vars = missing.flatMap(([name, entry]): [string, string][] => {
    const value = entry.value ?? (entry.secret ? randomBytes(32).toString('hex') : undefined)
    return value === undefined ? [] : [[name, value]]
  })
  if (vars.length > 0)
    progress.step(`Setting what app.json asks for: ${vars.map(([name]) => name).join(', ')}`)
  return Object.fromEntries(vars)
}

/** One service of each kind that the app has no link to yet. */
async function provideServices(
  deploy: Deploy,
  addons: readonly Addon[],
): Promise<readonly (Service | Link)[]> {
  const { paas, app, progress } = deploy
  const made: (Service | Link)[] = []
  const has = new Set(
    paas.store.links
      .of(app.id)
      .filter((link) => link.state === 'ready')
      .map((link) => paas.store.services.byId(link.serviceId)?.kind),
  )
  for (const { plan, alias } of addons) {
    const kind = paas.provisioning.kindOfAddon(plan)
    if (kind === undefined)
      progress.trouble(`app.json asks for the add-on ${plan}, which there is none of here`)
    if (kind === undefined || has.has(kind)) continue
    has.add(kind)
    const { service, isNew } = await serviceFor(deploy, kind)
    const { title } = paas.provisioning.kind(kind)
    progress.step(`${isNew ? 'Creating' : 'Linking'} the ${title} ${service.name}, as app.json asks`)
    made.push(...(isNew ? [service] : []), await makeLink(deploy, service, alias))
  }
  return made
}

/** The pusher's own service of the app's name, or a new one; where someone else has the name, with a number. */
async function serviceFor(deploy: Deploy, kind: string): Promise<{ service: Service; isNew: boolean }> {
  const { paas, app, request } = deploy
  const ownerId = paas.store.people.userByName(request.who)?.id ?? null
  for (let number = 1; ; number++) {
    const name = number === 1 ? app.name : `${app.name.slice(0, 26)}-${number}`
    const known = paas.store.services.find(kind, name)
    if (known?.state === 'ready') {
      if (number === 1 && ownerId !== null && known.ownerId === ownerId)
        return { service: known, isNew: false }
      continue
    }
    const service = await paas.provisioning.create({ kind, name, ownerId })
    deploy.onUndo(() => paas.provisioning.undo(service))
    return { service, isNew: true }
  }
}
