import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../server/errors.ts'
import type { Settings } from '../server/settings.ts'
import { layout } from './layout.ts'
import { type Part, parts } from './parts.ts'

export type UnitFile = { readonly path: string; readonly mode: number; readonly content: string }

/**
 * The systemd units of an instance and the environment files that they name, with their paths under /.
 * Throws `UserError` where a path cannot stand in a unit file.
 */
export function units(settings: Settings, checkout: string): readonly UnitFile[] {
  const places = layout(settings.home)
  for (const path of [settings.home, checkout]) {
    if (!/^[\w./+-]+$/.test(path))
      throw new UserError(`${path} has characters that systemd units cannot hold`)
  }
  const users = { router: undefined, redis: undefined, mysql: undefined }
  const started = parts(settings, { places, users, checkout, othersReachCheckout: false })
  return [
    ...started.filter(({ name }) => name === 'server' || name === 'router').map(environmentFile),
    ...started.filter(({ name }) => name !== 'rotate').map(unitFile),
    ...started.filter(({ holds }) => holds !== undefined).map(socketFile),
  ]

  function unitFile(part: Part): UnitFile {
    const values: Readonly<Record<string, string>> = {
      CHECKOUT: checkout,
      CODE: places.code,
      COMMAND: part.command.map(quoted).join(' '),
      FOLDER: part.folder,
      HOME: settings.home,
      ROUTER_USER: settings.routerUser,
    }
    const kind = part.name === 'mysql' && settings.mysqlImage !== undefined ? 'mysql-image' : part.name
    return file(`paas-${kind}.service`, `paas-${part.name}.service`, values)
  }

  function socketFile({ name, holds }: Part): UnitFile {
    const values = { HOME: settings.home, PATH: holds?.path ?? '', ROUTER_USER: settings.routerUser }
    return file(`paas-${name}.socket`, `paas-${name}.socket`, values)
  }

  function file(template: string, name: string, values: Readonly<Record<string, string>>): UnitFile {
    const text = readFileSync(join(import.meta.dirname, 'systemd', template), 'utf8')
    return {
      path: `/etc/systemd/system/${name}`,
      mode: 0o644,
      content: text.replaceAll(/@([A-Z_]+)@/g, (placeholder, key: string) => values[key] ?? placeholder),
    }
  }
}

/** A word of a command line, systemd.service(5): no variables, no specifiers. */
function quoted(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w./:+=%-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, '\\$&')}"`
}

/** systemd.exec(5), EnvironmentFile=: within double quotes these four are escaped. */
function environmentFile({ name, environment }: Part): UnitFile {
  const lines = Object.entries(environment).map(
    ([variable, value]) => `${variable}="${value.replaceAll(/["\\`$]/g, '\\$&')}"\n`,
  )
  return { path: `/etc/paas/${name}.env`, mode: 0o600, content: lines.join('') }
}
